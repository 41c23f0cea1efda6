"""POST /admin/groups (G1, R4, A1)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.groups.create_group import create_group
from rollcall.access.policy import BYTES_AT_MOST, POLICY_ID, find_policy
from rollcall.grants.permissions import Permission
from rollcall.kit.transaction import Change
from tests.world.gateway import Reply
from tests.world.world import World


def create(world: World, caller: str = "", key: str = "", **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return world.invoke(create_group, caller=caller, body=body, headers=headers)


def test_group_is_created_with_its_permissions(world: World) -> None:
    reply = create(
        world,
        name="  Editors ",
        description="Who may\nedit",
        permissions=["user.view", "user.update", "user.view"],
    )

    assert reply.status == 201
    assert reply.headers["ETag"] == '"1"'
    assert reply.body == {
        "id": reply.body["id"],
        "version": 1,
        "name": "Editors",
        "description": "Who may\nedit",
        "permissions": ["user.update", "user.view"],
        "memberCount": 0,
        "activeWorkspaceCount": 0,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
    }
    assert reply.body["id"].startswith("grp_")


def test_group_and_policy_have_journal_entries_of_the_same_request(world: World) -> None:
    made = create(world, name="Editors", permissions=["user.view"], reason="New team")

    (group,), (policy,) = world.journal(made.body["id"]), world.journal(POLICY_ID)
    assert group.changes["name"].after == "Editors"
    assert policy.changes[f"groups.{made.body['id']}"].after == ["user.view"]
    for entry in (group, policy):
        assert (entry.action, entry.actor.id, entry.reason) == (
            "create_group",
            world.admin_id,
            "New team",
        )


def test_policy_keeps_what_other_groups_grant(world: World) -> None:
    first = create(world, name="One", permissions=["user.view"]).body["id"]
    second = create(world, name="Two", permissions=["user.create"]).body["id"]

    _, policy = find_policy(world.runtime.table, world.clock.now)

    assert policy.groups == {first: ("user.view",), second: ("user.create",)}
    assert set(world.journal(POLICY_ID)[-1].changes) == {f"groups.{second}"}


def test_full_policy_refuses_another_group(world: World) -> None:
    entry = '"grp_12345":["user.view"],'
    names = [f"grp_{number:05}" for number in range(BYTES_AT_MOST // len(entry))]
    for share in range(1, 4):  # a journal entry has at most 400 KB too
        stored, policy = find_policy(world.runtime.table, world.clock.now)
        groups = dict.fromkeys(names[: len(names) * share // 3], (Permission.USER_VIEW,))
        change = Change(stored, policy.model_copy(update={"groups": groups}))
        world.call().commit(change, answer=lambda written: written)

    reply = create(world, name="One too many", permissions=["user.view"])

    assert (reply.status, reply.code) == (409, "access_policy_full")
    assert create(world, name="Without permissions").status == 201


def test_long_name_in_any_script_is_accepted(world: World) -> None:
    assert create(world, name="\u0390" * 200).status == 201


def test_group_that_grants_nothing_is_not_in_the_policy(world: World) -> None:
    assert create(world, name="Readers").body["permissions"] == []
    assert not world.journal(POLICY_ID)


@pytest.mark.parametrize("name", ["Readers", "READERS", " readers "])
def test_taken_name_is_refused(world: World, name: str) -> None:
    world.add_group("Readers")
    stored = world.stored()

    reply = create(world, name=name, permissions=["user.view"])

    assert (reply.status, reply.code, reply.fields) == (409, "group_name_taken", ["name"])
    assert reply.body["detail"] == "Group name already exists"
    assert world.stored() == stored


def test_group_cannot_grant_permissions_that_the_caller_lacks(world: World) -> None:
    caller = world.add_user(permissions=(Permission.GROUP_CREATE, Permission.USER_VIEW))

    refused = create(world, caller=caller.id, name="Deleters", permissions=["user.delete"])
    assert (refused.status, refused.code) == (403, "grant_exceeds_own")
    assert "user.delete" in refused.body["detail"]
    allowed = create(world, caller=caller.id, name="Viewers", permissions=["user.view"])
    assert allowed.status == 201


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": "Zero\u200bwidth"}, ["name"]),
        ({"name": ["Editors"]}, ["name"]),
        ({"name": "Editors", "permissions": ["user.fly", 7]}, ["permissions.0", "permissions.1"]),
        ({"name": "Editors", "members": []}, ["members"]),
    ],
)  # fmt: skip
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    reply = create(world, **body)
    assert (reply.status, reply.fields) == (422, fields)


def test_same_key_creates_one_group(world: World) -> None:
    first = create(world, key="key-1", name="Editors", permissions=["user.view"])
    assert create(world, key="key-1", name="Editors", permissions=["user.view"]) == first
