"""GET /admin/segments/{segmentId}."""

from __future__ import annotations

from rollcall.fields import Id
from rollcall.kit.call import Call
from rollcall.kit.model import Request
from rollcall.operations import operation
from rollcall.permissions import Permission
from rollcall.segments import Segment, SegmentAnswer, load_segment


class GetSegment(Request):
    """Which segment to show."""

    segment_id: Id


@operation("GET /admin/segments/{segment_id}", permission=Permission.USER_LIST, reads=[Segment])
def get_segment(request: GetSegment, call: Call) -> SegmentAnswer:
    """Show a segment.

    The ETag is the version to send as If-Match when changing the segment.
    """
    return SegmentAnswer.of(load_segment(call, request.segment_id))
