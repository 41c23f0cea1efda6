"""DELETE /admin/segments/{segmentId}."""

from __future__ import annotations

from rollcall.directory.segment import Segment, load_own_segment
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.deletion_answers import Deletion


class DeleteSegment(WriteRequest):
    """The segment to delete."""

    segment_id: Id


@operation("DELETE /admin/segments/{segment_id}", permission=Permission.USER_LIST, writes=[Segment])
def delete_segment(request: DeleteSegment, call: Call) -> Deletion:
    """Delete a segment. Its users are not deleted. Another user's segment requires the permission
    admin:access.
    """
    segment = load_own_segment(call, request.segment_id)
    answer = Deletion(message="Segment deleted")
    return call.commit(Change(segment, segment.as_erased()), answer=lambda _: answer)
