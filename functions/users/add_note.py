"""POST /admin/users/{userId}/notes (U14)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.requirement import Required
from rollcall.kit.text import Text
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.users.note import Note, NoteAnswer
from rollcall.users.user import User


class AddNote(WriteRequest):
    """The user, and the text of the note."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Called about the invoice."}]}
    )

    user_id: Id
    text: Annotated[Text, Field(min_length=1)]


@operation(
    "POST /admin/users/{user_id}/notes",
    permission=Permission.USER_ANNOTATE,
    status=201,
    reads=[User],
    writes=[Note],
)
def add_note(request: AddNote, call: Call) -> NoteAnswer:
    """Add a note to a user, for other admins to read. Soft-deleted users can have notes too.

    The notes are deleted when the user is permanently deleted.
    """
    note = Note(
        id=call.new_id("not"),
        created_at=call.now,
        updated_at=call.now,
        user_id=request.user_id,
        author_id=call.actor.id,
        text=request.text,
    )
    present = Required.present(User, request.user_id)
    return call.commit(Change(None, note), answer=NoteAnswer.of, requires=[present])
