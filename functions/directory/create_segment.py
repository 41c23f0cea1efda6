"""POST /admin/segments."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.directory.conditions import read_filter
from rollcall.directory.segment import Segment, SegmentAnswer, SegmentFilter
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.model import WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.users.resource_types import read_types


class CreateSegment(WriteRequest):
    """The segment's name, and its filter."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Inactive learners",
                    "filter": 'userTypes eq "learner" and not (lastLoginAt ge "2026-01-01")',
                }
            ]
        }
    )

    name: Line
    description: Text | None = None
    filter: SegmentFilter


@operation("POST /admin/segments", permission=Permission.USER_LIST, status=201, writes=[Segment])
def create_segment(request: CreateSegment, call: Call) -> SegmentAnswer:
    """Save a filter under a name, as a segment that everyone who can list users can see and use.

    Every operation with filters for users accepts `segment=`, alone or with other filters.
    """
    read_filter(request.filter, read_types(call.settings.resource_types))
    segment = Segment(
        id=call.new_id("seg"),
        created_at=call.now,
        updated_at=call.now,
        owner_id=call.actor.id,
        **request.model_dump(exclude={"reason"}),
    )
    return call.commit(Change(None, segment), answer=SegmentAnswer.of)
