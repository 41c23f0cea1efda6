"""GET /admin/users/{userId}/notes (U14, I12, I19)."""

from __future__ import annotations

import pytest

from functions.users.add_note import add_note
from functions.users.delete_note import delete_note
from functions.users.list_notes import list_notes
from rollcall.grants.permissions import Permission
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World


def list_them(world: World, user_id: str, caller: str = "", **query: str) -> Reply:
    return world.invoke(list_notes, caller=caller, path={"user_id": user_id}, query=query)


def add_notes(world: World, user_id: str, number: int) -> list[str]:
    """The ids of so many notes, a minute apart, newest first."""
    ids: list[str] = []
    for each in range(number):
        ids.insert(0, world.add_note(user_id, f"Note {each}"))
        world.clock.advance(minutes=1)
    return ids


def test_notes_of_one_user_are_listed_newest_first(world: World) -> None:
    user, other = world.add_user(), world.add_user()
    author = world.add_user(permissions=(Permission.USER_ANNOTATE,))
    world.add_note(other.id, "About somebody else")
    old = world.add_note(user.id, "First")
    world.clock.advance(days=1)
    body = {"text": "Second"}
    new = world.invoke(add_note, caller=author.id, path={"user_id": user.id}, body=body).body

    reply = list_them(world, user.id, caller=author.id)

    assert reply.status == 200
    assert reply.body == {
        "items": [
            new,
            {
                "id": old,
                "version": 1,
                "userId": user.id,
                "text": "First",
                "createdAt": "2026-01-05T09:00:00.000Z",
            },
        ],
        "pagination": {"page": 1, "limit": 25, "total": 2, "totalPages": 1},
    }


def test_pages_together_are_all_notes(world: World) -> None:
    user = world.add_user()
    made = add_notes(world, user.id, 7)

    pages = [list_them(world, user.id, page=str(each), limit="3").body for each in (1, 2, 3, 4)]

    assert [note["id"] for page in pages for note in page["items"]] == made
    assert pages[3]["pagination"] == {"page": 4, "limit": 3, "total": 7, "totalPages": 3}


def test_deleted_note_is_neither_listed_nor_counted(world: World) -> None:
    user = world.add_user()
    kept, gone = add_notes(world, user.id, 2)
    world.invoke(delete_note, path={"user_id": user.id, "note_id": gone})

    body = list_them(world, user.id).body

    assert [note["id"] for note in body["items"]] == [kept]
    assert body["pagination"]["total"] == 1


def test_soft_deleted_user_keeps_the_notes(world: World) -> None:
    user = world.add_user()
    (note_id,) = add_notes(world, user.id, 1)
    world.change_user(user, user.as_deleted(world.clock.now))
    assert [note["id"] for note in list_them(world, user.id).body["items"]] == [note_id]


def test_permanently_deleted_and_unknown_users_have_the_same_answer(world: World) -> None:
    user = world.add_user()
    add_notes(world, user.id, 1)
    world.write(user, user.as_erased(world.clock.now))  # and nothing has been cleared away yet

    replies = [list_them(world, each) for each in (user.id, "usr_unknown")]

    assert replies[0] == replies[1]
    assert (replies[0].status, replies[0].code) == (404, "user_not_found")


def test_notes_are_read_in_one_consistent_query_of_their_own(world: World) -> None:
    user = world.add_user()
    add_notes(world, user.id, 30)
    with watched(world.aws) as seen:
        list_them(world, user.id)
    caller, about, notes = (call.parameters for call in seen)
    assert {each["ConsistentRead"] for each in (caller, about, notes)} == {True}
    assert notes["ExpressionAttributeValues"][":prefix"] == {"S": "NOTE#"}


@pytest.mark.parametrize("query", [{"limit": "0"}, {"page": "0"}, {"cursor": "x"}, {"sort": "x"}])
def test_wrong_parameters_are_refused(world: World, query: dict[str, str]) -> None:
    reply = list_them(world, world.admin_id, **query)
    assert (reply.status, reply.fields) == (422, list(query))
