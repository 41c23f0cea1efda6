"""GET /admin/users/{userId}/notes (U14)."""

from __future__ import annotations

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.paging import Page, PageRequest, paginate
from rollcall.operations import operation
from rollcall.users.note import Note, NoteAnswer, find_notes
from rollcall.users.user import User


class ListNotes(PageRequest):
    """The user, and the page of the notes."""

    user_id: Id


class NotePage(Page[NoteAnswer]):
    """A page of notes, newest first."""


@operation(
    "GET /admin/users/{user_id}/notes", permission=Permission.USER_ANNOTATE, reads=[User, Note]
)
def list_notes(request: ListNotes, call: Call) -> NotePage:
    """List the notes on a user, newest first."""
    user = call.table.load(User, request.user_id)
    notes, pagination = paginate(find_notes(call.table, user.id), request)
    return NotePage(items=tuple(map(NoteAnswer.of, notes)), pagination=pagination)
