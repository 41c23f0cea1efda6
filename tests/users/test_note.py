"""Notes on users (U14)."""

from __future__ import annotations

import pytest

from functions.users.delete_note import delete_note
from functions.users.delete_user import delete_user
from functions.users.restore_user import restore_user
from rollcall.kit.entity import Key
from rollcall.kit.errors import NotFound
from rollcall.users.note import Note, find_notes, load_note, note_key
from tests.world.aws_edge import failing
from tests.world.world import World


def in_partition(world: World, user_id: str) -> set[str]:
    return {item["sk"] for item in world.items() if item["pk"] == f"USER#{user_id}"}


def test_notes_are_stored_with_their_user_in_order_of_time(world: World) -> None:
    user = world.add_user()
    ids = []
    for number in range(3):
        ids.append(world.add_note(user.id, f"Note {number}"))
        world.clock.advance(milliseconds=1)

    assert note_key(user.id, ids[0]) == Key(f"USER#{user.id}", f"NOTE#{ids[0]}")
    assert [note.id for note in find_notes(world.runtime.table, user.id)] == ids[::-1]


def test_notes_are_not_part_of_the_user(world: World) -> None:
    user = world.add_user()
    world.add_note(user.id, "Likes tea")
    assert world.user(user.id) == user


def test_only_an_existing_note_is_loaded(world: World) -> None:
    user, other = world.add_user(), world.add_user()
    kept, gone = world.add_note(user.id, "Likes tea"), world.add_note(user.id, "Likes cake")
    world.invoke(delete_note, path={"user_id": user.id, "note_id": gone})

    assert load_note(world.runtime.table, user.id, kept).text == "Likes tea"
    for user_id, note_id in ((user.id, gone), (other.id, kept), (user.id, "not_unknown")):
        with pytest.raises(NotFound, match="Note not found"):
            load_note(world.runtime.table, user_id, note_id)


def test_erased_note_keeps_no_text(world: World) -> None:
    user = world.add_user()
    note = load_note(world.runtime.table, user.id, world.add_note(user.id, "Likes tea"))
    note = note.model_copy(update={"author_id": world.admin_id})

    erased = note.as_erased(world.clock.now)

    assert erased == Note(
        id=note.id,
        version=note.version,
        created_at=note.created_at,
        updated_at=world.clock.now,
        user_id=user.id,
        erased=True,
    )


def test_soft_deletion_and_restoring_keep_the_notes(world: World) -> None:
    user = world.add_user()
    note_id = world.add_note(user.id, "Likes tea")

    world.invoke(delete_user, path={"user_id": user.id}, query={"mode": "soft"})
    world.drain()
    world.invoke(restore_user, path={"user_id": user.id})
    world.drain()

    assert load_note(world.runtime.table, user.id, note_id).text == "Likes tea"


def test_permanent_deletion_removes_notes_and_their_tombstones(world: World) -> None:
    user, other = world.add_user(), world.add_user()
    for number in range(30):
        world.add_note(user.id, f"Note {number}")
    gone, kept = world.add_note(user.id, "Gone"), world.add_note(other.id, "Stays")
    world.invoke(delete_note, path={"user_id": user.id, "note_id": gone})
    world.sign_in(user.id)

    world.invoke(delete_user, path={"user_id": user.id})

    assert in_partition(world, user.id) == {"#USER"}
    assert f"NOTE#{kept}" in in_partition(world, other.id)


def test_stream_removes_notes_after_an_outage_of_cognito(world: World) -> None:
    user = world.add_user()
    world.add_note(user.id, "Likes tea")
    with failing(world.aws, "cognito-idp"):
        assert world.invoke(delete_user, path={"user_id": user.id}).status == 503

    world.drain()

    assert in_partition(world, user.id) == {"#USER"}
