"""PUT /admin/users/{userId}/unique-id (U13, A1, I5, I8)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from functions.users.assign_unique_id import assign_unique_id
from functions.users.get_user import get_user
from rollcall.grants.permissions import Permission
from rollcall.users.unique_ids import unique_id_claim
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World


def assign(
    world: World,
    user_id: str,
    *,
    caller: str = "",
    headers: dict[str, str] | None = None,
    **body: Any,
) -> Reply:
    return world.invoke(
        assign_unique_id, caller=caller, path={"user_id": user_id}, body=body, headers=headers
    )


def under(world: World, pattern: str) -> World:
    """The world under another pattern."""
    settings = world.runtime.settings.model_copy(update={"unique_id_pattern": pattern})
    return replace(world, runtime=replace(world.runtime, settings=settings))


def test_requested_id_is_assigned_with_claim_and_journal_entry(world: World) -> None:
    user = world.add_user()

    reply = assign(world, user.id, uniqueId="EMP-0042", reason="Badge printed")

    assert (reply.status, reply.body["uniqueId"]) == (200, "EMP-0042")
    assert reply.headers["ETag"] == '"2"'
    assert world.invoke(get_user, path={"user_id": user.id}).body["uniqueId"] == "EMP-0042"
    assert world.runtime.table.get_item(unique_id_claim("emp-0042").key) is not None
    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "assign_unique_id",
        world.admin_id,
        "Badge printed",
    )
    (change,) = entry.changes.items()
    assert (change[0], change[1].before, change[1].after) == ("uniqueId", None, "EMP-0042")


def test_identity_provider_is_not_called(world: World) -> None:
    user = world.add_user()
    with watched(world.aws) as seen:
        assign(world, user.id, uniqueId="EMP-0042")
    assert {call.service for call in seen} == {"dynamodb"}
    assert world.user(user.id).in_step


@pytest.mark.parametrize("spelling", ["EMP-0042", "emp-0042", "Emp-0042"])
def test_taken_id_is_refused_regardless_of_case(world: World, spelling: str) -> None:
    user, other = world.add_user(), world.add_user()
    assign(world, other.id, uniqueId="EMP-0042")
    stored = world.stored()

    reply = assign(world, user.id, uniqueId=spelling)

    assert (reply.status, reply.code, reply.fields) == (409, "unique_id_taken", ["uniqueId"])
    assert reply.body["detail"] == "Unique id already exists"
    assert world.stored() == stored


def test_id_of_a_soft_deleted_user_stays_taken_until_the_permanent_deletion(world: World) -> None:
    user, gone = world.add_user(), world.add_user()
    assign(world, gone.id, uniqueId="EMP-0042")
    deleted = world.change_user(
        world.user(gone.id), world.user(gone.id).as_deleted(world.clock.now)
    )
    assert assign(world, user.id, uniqueId="EMP-0042").code == "unique_id_taken"

    world.change_user(deleted, deleted.as_erased(world.clock.now))

    assert assign(world, user.id, uniqueId="emp-0042").status == 200


def test_new_id_replaces_the_present_one_which_is_free_again(world: World) -> None:
    user, other = world.add_user(), world.add_user()
    assign(world, user.id, uniqueId="EMP-1")
    assert assign(world, user.id, uniqueId="EMP-2").status == 200
    assert assign(world, other.id, uniqueId="EMP-1").status == 200


def test_own_id_can_be_written_in_another_case(world: World) -> None:
    user, other = world.add_user(), world.add_user()
    assign(world, user.id, uniqueId="emp-1")

    assert assign(world, user.id, uniqueId="EMP-1").body["uniqueId"] == "EMP-1"

    assert world.journal(user.id)[-1].changes["uniqueId"].before == "emp-1"
    assert assign(world, other.id, uniqueId="emp-1").code == "unique_id_taken"


def test_same_id_again_creates_no_version(world: World) -> None:
    user = world.add_user()
    assign(world, user.id, uniqueId="EMP-1")
    stored = world.stored()
    assert assign(world, user.id, uniqueId="EMP-1").body["version"] == 2
    assert world.stored() == stored


def test_absent_id_is_generated_by_the_pattern(world: World) -> None:
    reply = assign(world, world.add_user().id)
    assert reply.status == 200
    assert re.fullmatch(r"U[0-9]{8}", reply.body["uniqueId"])


def test_repeated_request_keeps_the_generated_id(world: World) -> None:
    user = world.add_user()
    first = assign(world, user.id)
    assert assign(world, user.id) == first
    assert world.user(user.id).version == 2


def test_short_pattern_is_exhausted_only_after_all_its_ids(world: World) -> None:
    short = under(world, "EMP-#")
    assign(world, world.add_user().id, uniqueId="emp-7")

    replies = [assign(short, world.add_user().id) for _ in range(9)]

    taken = {reply.body["uniqueId"] for reply in replies}
    assert taken == {f"EMP-{digit}" for digit in range(10)} - {"EMP-7"}
    user = world.add_user()
    stored = world.stored()
    refused = assign(short, user.id)
    assert (refused.status, refused.code) == (409, "unique_ids_exhausted")
    assert world.stored() == stored


def test_generating_a_free_id_reads_only_the_caller_and_the_user(world: World) -> None:
    user = world.add_user()
    with watched(world.aws) as seen:
        assign(world, user.id)
    assert [call.operation for call in seen] == ["Query", "Query", "TransactWriteItems"]


@pytest.mark.parametrize(
    "unique_id", ["", " ", "EMP 1", "a/b", "Ä1", "x" * 65, "EMP-1\n", None, 42, ["EMP-1"]]
)
def test_invalid_id_is_refused(world: World, unique_id: object) -> None:
    user = world.add_user()
    reply = assign(world, user.id, uniqueId=unique_id)
    assert (reply.status, reply.fields) == (422, ["uniqueId"])
    assert world.user(user.id) == user


def test_longest_id_is_accepted(world: World) -> None:
    assert assign(world, world.add_user().id, uniqueId="x" * 64).status == 200


def test_unknown_and_deleted_users_are_refused(world: World) -> None:
    deleted, erased = world.add_user(), world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    world.change_user(erased, erased.as_erased(world.clock.now))

    assert assign(world, deleted.id, uniqueId="EMP-1").code == "user_deleted"
    unknown = assign(world, "usr_unknown", uniqueId="EMP-1")
    assert (unknown.status, unknown.code) == (404, "user_not_found")
    assert assign(world, erased.id) == unknown


def test_stale_version_is_refused_for_generated_ids_too(world: World) -> None:
    user = world.add_user()
    for body in ({}, {"uniqueId": "EMP-1"}):
        reply = assign(world, user.id, headers={"If-Match": '"7"'}, **body)
        assert (reply.status, reply.code) == (412, "stale_version")
    assert assign(world, user.id, headers={"If-Match": '"1"'}).status == 200


def test_same_key_returns_the_same_answer(world: World) -> None:
    user = world.add_user()
    headers = {"Idempotency-Key": "key-1"}
    first = assign(world, user.id, headers=headers)
    assign(world, user.id, uniqueId="EMP-1")
    assert assign(world, user.id, headers=headers) == first
    assert world.user(user.id).unique_id == "EMP-1"


def test_permission_to_change_users_is_sufficient(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_UPDATE,))
    assert assign(world, world.add_user().id, caller=caller.id).status == 200
