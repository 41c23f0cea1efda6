"""DELETE /admin/users/{userId}/notes/{noteId} (U14, A1, I8, I12)."""

from __future__ import annotations

from datetime import timedelta

from functions.users.add_note import add_note
from functions.users.delete_note import delete_note
from functions.users.list_notes import list_notes
from rollcall.grants.permissions import Permission
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, TOMBSTONE_RETENTION
from rollcall.kit.journal import JournalEntry
from rollcall.users.note import note_key
from tests.world.gateway import Reply
from tests.world.world import World

TEXT = "Likes tea with lemon"


def delete(
    world: World,
    user_id: str,
    note_id: str,
    *,
    caller: str = "",
    headers: dict[str, str] | None = None,
    **query: str,
) -> Reply:
    path = {"user_id": user_id, "note_id": note_id}
    return world.invoke(delete_note, caller=caller, path=path, query=query, headers=headers)


def test_note_of_any_author_can_be_deleted(world: World) -> None:
    user = world.add_user()
    body = {"text": TEXT}
    note = world.invoke(add_note, path={"user_id": user.id}, body=body).body
    other = world.add_user(permissions=(Permission.USER_ANNOTATE,))

    reply = delete(world, user.id, note["id"], caller=other.id)

    assert (reply.status, reply.body) == (200, {"success": True, "message": "Note deleted"})
    assert world.invoke(list_notes, path={"user_id": user.id}).body["items"] == []


def test_text_remains_only_in_the_journal(world: World) -> None:
    user = world.add_user()
    note_id = world.add_note(user.id, TEXT)

    delete(world, user.id, note_id, reason="No concern of ours")

    holding = [item["pk"] for item in world.items() if TEXT in str(item)]
    assert len(holding) == 2, "the entry that made it and the one that deleted it"
    assert all(pk.startswith(JournalEntry.partition) for pk in holding)
    entry = world.journal(note_id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "delete_note",
        world.admin_id,
        "No concern of ours",
    )
    changes = {name: (change.before, change.after) for name, change in entry.changes.items()}
    assert changes == {"text": (TEXT, None), "erased": (None, True)}


def test_tombstone_has_no_text_and_expires(world: World) -> None:
    user = world.add_user()
    body = {"text": TEXT}
    note = world.invoke(add_note, path={"user_id": user.id}, body=body).body

    world.clock.advance(hours=1)
    delete(world, user.id, note["id"])

    key = note_key(user.id, note["id"])
    assert world.runtime.table.get_item(key) == {
        "pk": key.pk,
        "sk": key.sk,
        "id": note["id"],
        "userId": user.id,
        "version": 2,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T10:00:00.000Z",
        "erased": True,
        EXPIRY_ATTRIBUTE: int((world.clock.now + TOMBSTONE_RETENTION).timestamp()),
    }
    assert timedelta(days=1) < TOMBSTONE_RETENTION


def test_deleted_unknown_and_other_users_notes_are_not_found(world: World) -> None:
    user, other = world.add_user(), world.add_user()
    gone, foreign = world.add_note(user.id, "Gone"), world.add_note(other.id, "Foreign")
    delete(world, user.id, gone)
    stored = world.stored()

    replies = [delete(world, user.id, each) for each in (gone, foreign, "not_unknown", "#USER")]

    assert {(reply.status, reply.code) for reply in replies} == {(404, "note_not_found")}
    assert world.stored() == stored


def test_unknown_user_is_not_found_and_soft_deleted_user_is_found(world: World) -> None:
    user, erased = world.add_user(), world.add_user()
    note_id, other_id = world.add_note(user.id, TEXT), world.add_note(erased.id, TEXT)
    world.change_user(user, user.as_deleted(world.clock.now))
    world.write(erased, erased.as_erased(world.clock.now))

    assert delete(world, user.id, note_id).status == 200
    for reply in (delete(world, "usr_unknown", note_id), delete(world, erased.id, other_id)):
        assert (reply.status, reply.code) == (404, "user_not_found")


def test_stale_version_is_refused(world: World) -> None:
    user = world.add_user()
    note_id = world.add_note(user.id, TEXT)
    assert delete(world, user.id, note_id, headers={"If-Match": '"2"'}).code == "stale_version"
    assert delete(world, user.id, note_id, headers={"If-Match": '"1"'}).status == 200


def test_same_key_returns_the_same_answer(world: World) -> None:
    user = world.add_user()
    note_id = world.add_note(user.id, TEXT)
    headers = {"Idempotency-Key": "key-1"}
    replies = [delete(world, user.id, note_id, headers=headers) for _ in range(2)]
    assert replies[0] == replies[1]
    assert len(world.journal(note_id)) == 2
