"""DELETE /admin/users/{userId}/notes/{noteId} (U14)."""

from __future__ import annotations

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.deletion_answers import Deletion
from rollcall.users.note import Note, load_note
from rollcall.users.user import User


class DeleteNote(WriteRequest):
    """The user, and the note to delete."""

    user_id: Id
    note_id: Id


@operation(
    "DELETE /admin/users/{user_id}/notes/{note_id}",
    permission=Permission.USER_ANNOTATE,
    reads=[User],
    writes=[Note],
)
def delete_note(request: DeleteNote, call: Call) -> Deletion:
    """Delete a note on a user, also one by another admin. The journal still contains its text."""
    user = call.table.load(User, request.user_id)
    note = load_note(call.table, user.id, request.note_id)
    answer = Deletion(message="Note deleted")
    return call.commit(Change(note, note.as_erased(call.now)), answer=lambda _: answer)
