"""DELETE /admin/segments/{segmentId}."""

from __future__ import annotations

from rollcall.deletion_answers import Deletion
from rollcall.fields import Id
from rollcall.kit.call import Call
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.permissions import Permission
from rollcall.segments import Segment, load_own_segment


class DeleteSegment(WriteRequest):
    """Which segment to delete."""

    segment_id: Id


@operation("DELETE /admin/segments/{segment_id}", permission=Permission.USER_LIST, writes=[Segment])
def delete_segment(request: DeleteSegment, call: Call) -> Deletion:
    """Delete a segment, and none of the users in it; somebody else's needs the permission
    admin:access.
    """
    segment = load_own_segment(call, request.segment_id)
    answer = Deletion(message="Segment deleted")
    return call.commit(Change(segment, segment.as_erased()), answer=lambda _: answer)
