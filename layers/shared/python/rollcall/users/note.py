"""Admins' notes on users (U14)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from rollcall.grants.grant import USER_PARTITION
from rollcall.kit.entity import Entity, Key
from rollcall.kit.model import Time, VersionedAnswer
from rollcall.kit.table import Table, not_found

PREFIX = "NOTE#"
"""The prefix of the sort keys of a user's notes. The ids that follow sort by time."""


class Note(Entity):
    """One note, in the partition of its user."""

    kind: ClassVar[str] = "note"
    partition: ClassVar[str] = USER_PARTITION
    guest: ClassVar[bool] = True

    user_id: str
    author_id: str | None = None
    text: str | None = None

    @property
    def person(self) -> str | None:
        """The user that the note is about."""
        return self.user_id

    def key(self) -> Key:
        """The primary key, in the user's partition."""
        return note_key(self.user_id, self.id)

    def as_erased(self, now: datetime) -> Self:
        """A tombstone. Only the journal still has the text."""
        return type(self)(
            id=self.id,
            version=self.version,
            created_at=self.created_at,
            updated_at=now,
            user_id=self.user_id,
            erased=True,
        )


def note_key(user_id: str, note_id: str) -> Key:
    """The primary key of a note."""
    return Key(f"{USER_PARTITION}{user_id}", f"{PREFIX}{note_id}")


def load_note(table: Table, user_id: str, note_id: str) -> Note:
    """A note on a user. Raises NotFound ("Note not found")."""
    item = table.get_item(note_key(user_id, note_id))
    note = Note.model_validate(item) if item else None
    if note is None or not note.exists:
        raise not_found(Note)
    return note


def find_notes(table: Table, user_id: str) -> list[Note]:
    """All notes on a user, newest first."""
    items = table.query_partition(f"{USER_PARTITION}{user_id}", prefix=PREFIX)
    notes = [note for note in map(Note.model_validate, items) if note.exists]
    return notes[::-1]


class NoteAnswer(VersionedAnswer):
    """A note as answers show it."""

    id: str
    user_id: str
    author_id: str | None = None
    text: str
    created_at: Time

    @classmethod
    def of(cls, note: Note) -> Self:
        """The answer for a note."""
        return cls.model_validate({name: getattr(note, name) for name in Note.model_fields})
