"""GET /admin/segments."""

from __future__ import annotations

from rollcall.directory.segment import Segment, SegmentAnswer
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.listings import read_listed
from rollcall.kit.paging import ListRequest, Page
from rollcall.operations import operation


class ListSegments(ListRequest):
    """The page of the segments."""


class SegmentPage(Page[SegmentAnswer]):
    """A page of segments, by name."""


@operation("GET /admin/segments", permission=Permission.USER_LIST, reads=[Segment])
def list_segments(request: ListSegments, call: Call) -> SegmentPage:
    """List the segments of all users by name."""
    items, pagination = read_listed(call, Segment, request)
    answers = (SegmentAnswer.of(Segment.model_validate(item)) for item in items)
    return SegmentPage(items=tuple(answers), pagination=pagination)
