"""POST /admin/users/{userId}/notes (U14, A1, I9)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.users.add_note import add_note
from functions.users.list_notes import list_notes
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from tests.faults.races import meanwhile
from tests.world.gateway import Reply
from tests.world.world import World


def add(world: World, user_id: str, *, caller: str = "", key: str = "", **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    sent = {"text": "Called.", **body}
    return world.invoke(
        add_note, caller=caller, path={"user_id": user_id}, body=sent, headers=headers
    )


def test_note_has_its_author_text_and_time(world: World) -> None:
    user = world.add_user()

    reply = add(world, user.id, text="  Called about the invoice.\n\nCalls back. ")

    assert reply.status == 201
    assert reply.headers["ETag"] == '"1"'
    assert reply.body == {
        "id": reply.body["id"],
        "version": 1,
        "userId": user.id,
        "authorId": world.admin_id,
        "text": "Called about the invoice.\n\nCalls back.",
        "createdAt": "2026-01-05T09:00:00.000Z",
    }
    assert reply.body["id"].startswith("not_")
    assert world.user(user.id).version == 1, "a note has a version of its own"


def test_journal_has_the_note_and_who_wrote_it(world: World) -> None:
    user = world.add_user()
    author = world.add_user(permissions=(Permission.USER_ANNOTATE,))

    note = add(world, user.id, caller=author.id, reason="Complaint 7").body

    (entry,) = world.journal(note["id"])
    assert (entry.action, entry.actor.id, entry.reason) == ("add_note", author.id, "Complaint 7")
    assert (entry.target.kind, entry.target.version) == ("note", 1)
    changes = {name: (change.before, change.after) for name, change in entry.changes.items()}
    assert changes == {
        "id": (None, note["id"]),
        "userId": (None, user.id),
        "authorId": (None, author.id),
        "text": (None, "Called."),
    }


@pytest.mark.parametrize("status", Status)
def test_users_in_every_status_can_have_notes(world: World, status: Status) -> None:
    user = world.add_user()
    if status is Status.DELETED:
        world.change_user(user, user.as_deleted(world.clock.now))
    else:
        world.change_user(user, user.model_copy(update={"status": status}))

    assert add(world, user.id).status == 201


def test_admins_can_add_notes_on_themselves(world: World) -> None:
    assert add(world, world.admin_id).status == 201


@pytest.mark.parametrize("user_id", ["usr_unknown", "grp_1", "../usr_1", "ä"])
def test_unknown_user_is_not_found(world: World, user_id: str) -> None:
    stored = world.stored()
    reply = add(world, user_id)
    assert (reply.status, reply.code) == (404, "user_not_found")
    assert world.stored() == stored


def test_permanently_deleted_user_is_not_found_even_if_deleted_meanwhile(
    world: World,
) -> None:
    user = world.add_user()

    def erase() -> None:
        world.change_user(user, user.as_erased(world.clock.now))

    with meanwhile(world, "TransactWriteItems", erase):
        reply = add(world, user.id)

    assert (reply.status, reply.code) == (404, "user_not_found")
    assert [item["sk"] for item in world.items() if item["pk"] == user.key().pk] == ["#USER"]


def test_author_who_loses_the_permission_meanwhile_is_refused(
    world: World,
) -> None:
    author = world.add_user(permissions=(Permission.USER_ANNOTATE,))

    def revoke() -> None:
        world.change_user(author, author.with_grants("permission_grants", []))

    with meanwhile(world, "TransactWriteItems", revoke):
        reply = add(world, author.id, caller=author.id)

    assert (reply.status, reply.code) == (403, "permission_missing")
    assert world.invoke(list_notes, path={"user_id": author.id}).body["items"] == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"text": None}, ["text"]),
        ({"text": ""}, ["text"]),
        ({"text": " \n "}, ["text"]),
        ({"text": "x" * 2001}, ["text"]),
        ({"text": "hidden\u200btext"}, ["text"]),
        ({"text": ["a"]}, ["text"]),
        ({"authorId": "usr_1"}, ["authorId"]),
        ({"id": "not_1", "createdAt": "2020-01-01T00:00:00Z"}, ["createdAt", "id"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    stored = world.stored()
    reply = add(world, world.admin_id, **body)
    assert (reply.status, sorted(reply.fields)) == (422, fields)
    assert world.stored() == stored


def test_longest_text_is_stored_completely(world: World) -> None:
    assert add(world, world.admin_id, text="x" * 2000).body["text"] == "x" * 2000


def test_same_key_creates_one_note_and_no_key_creates_two(world: World) -> None:
    user = world.add_user()

    first, again = (add(world, user.id, key="key-1") for _ in range(2))
    add(world, user.id)
    other = add(world, user.id, text="Another", key="key-1")

    assert first == again
    assert (other.status, other.fields) == (422, ["Idempotency-Key"])
    assert len(world.invoke(list_notes, path={"user_id": user.id}).body["items"]) == 2
