"""PATCH /admin/segments/{segmentId}."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.directory.conditions import read_filter
from rollcall.directory.segment import Segment, SegmentAnswer, SegmentFilter, load_own_segment
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Omissible, WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.users.resource_types import read_types


class UpdateSegment(WriteRequest):
    """The fields to change. Absent fields stay the same; null clears the description."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"filter": 'userTypes eq "learner" and country eq "DE"'}]}
    )

    segment_id: Id
    name: Omissible[Line] = None
    description: Text | None = None
    filter: Omissible[SegmentFilter] = None


@operation("PATCH /admin/segments/{segment_id}", permission=Permission.USER_LIST, writes=[Segment])
def update_segment(request: UpdateSegment, call: Call) -> SegmentAnswer:
    """Change a segment's name, description or filter. Another user's segment requires the
    permission admin:access.
    """
    segment = load_own_segment(call, request.segment_id)
    if request.filter is not None:
        read_filter(request.filter, read_types(call.settings.resource_types))
    sent = request.model_dump(exclude_unset=True, exclude={"segment_id", "reason"})
    return call.commit(Change(segment, segment.model_copy(update=sent)), answer=SegmentAnswer.of)
