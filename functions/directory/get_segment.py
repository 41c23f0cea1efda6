"""GET /admin/segments/{segmentId}."""

from __future__ import annotations

from rollcall.directory.segment import Segment, SegmentAnswer, load_segment
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Request
from rollcall.operations import operation


class GetSegment(Request):
    """The segment to show."""

    segment_id: Id


@operation("GET /admin/segments/{segment_id}", permission=Permission.USER_LIST, reads=[Segment])
def get_segment(request: GetSegment, call: Call) -> SegmentAnswer:
    """Show a segment.

    The ETag is the version to send as If-Match when changing the segment.
    """
    return SegmentAnswer.of(load_segment(call, request.segment_id))
