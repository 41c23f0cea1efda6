"""PATCH /admin/groups/{groupId} (G1, R4, A1, I5, I7, I8, I11)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.groups.create_group import create_group
from functions.groups.delete_group import delete_group
from functions.groups.update_group import update_group
from functions.users.get_me import get_me
from functions.users.get_user import get_user
from rollcall.access.policy import POLICY_ID, find_policy
from rollcall.grants.permissions import Permission
from tests.faults.races import COMMIT, meanwhile
from tests.world.gateway import Reply
from tests.world.opening import open_world
from tests.world.world import World


def update(
    world: World,
    group_id: str,
    caller: str = "",
    headers: dict[str, str] | None = None,
    **body: Any,
) -> Reply:
    return world.invoke(
        update_group, caller=caller, path={"group_id": group_id}, headers=headers, body=body
    )


def granted(world: World, group_id: str) -> tuple[str, ...]:
    return find_policy(world.runtime.table, world.clock.now)[1].of_group(group_id)


def test_name_description_and_permissions_can_be_changed(world: World) -> None:
    group_id = world.add_group("Readers", Permission.USER_VIEW)
    world.clock.advance(hours=1)

    reply = update(
        world,
        group_id,
        name=" Editors ",
        description="Who may\nedit",
        permissions=["user.update", "user.create"],
    )

    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert reply.body == {
        "id": group_id,
        "version": 2,
        "name": "Editors",
        "description": "Who may\nedit",
        "permissions": ["user.create", "user.update"],
        "memberCount": 0,
        "activeWorkspaceCount": 0,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T10:00:00.000Z",
    }


def test_absent_fields_stay_the_same_and_null_clears_the_description(world: World) -> None:
    group_id = world.add_group("Readers", Permission.USER_VIEW)
    update(world, group_id, description="Reads")

    renamed = update(world, group_id, name="Writers").body
    assert (renamed["description"], renamed["permissions"]) == ("Reads", ["user.view"])
    emptied = update(world, group_id, description=None).body
    assert (emptied["name"], "description" in emptied) == ("Writers", False)
    assert update(world, group_id, permissions=[]).body["permissions"] == []


def test_journal_has_the_changes_of_group_and_policy(world: World) -> None:
    group_id = world.add_group("Readers", Permission.USER_VIEW)

    update(world, group_id, name="Editors", permissions=["user.update"], reason="New work")

    group, policy = world.journal(group_id)[-1], world.journal(POLICY_ID)[-1]
    for entry in (group, policy):
        assert (entry.action, entry.actor.id, entry.reason) == (
            "update_group",
            world.admin_id,
            "New work",
        )
    assert (group.changes["name"].before, group.changes["name"].after) == ("Readers", "Editors")
    change = policy.changes[f"groups.{group_id}"]
    assert (change.before, change.after) == (["user.view"], ["user.update"])


def test_permissions_of_members_change_at_their_next_request(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)

    update(world, group_id, permissions=["user.view"])
    me = world.invoke(get_me, caller=user.id)
    assert me.body["effectivePermissions"] == ["user.view"]
    update(world, group_id, permissions=[])
    refused = world.invoke(get_user, caller=user.id, path={"user_id": user.id})
    assert (refused.status, refused.code) == (403, "permission_missing")


def test_new_name_is_claimed_and_the_old_one_is_free(world: World) -> None:
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    stored = world.stored()

    taken = update(world, group_id, name="WRITERS", permissions=["user.view"])
    assert (taken.status, taken.code, taken.fields) == (409, "group_name_taken", ["name"])
    assert world.stored() == stored

    assert update(world, group_id, name="readers").status == 200, "its own name, in another case"
    assert update(world, group_id, name="Editors").status == 200
    assert update(world, other_id, name="Readers").status == 200
    assert world.invoke(create_group, body={"name": "Writers"}).status == 201


def test_unchanged_values_create_no_version(world: World) -> None:
    group_id = world.add_group("Readers", Permission.USER_VIEW)
    stored = world.stored()
    reply = update(world, group_id, name="Readers", permissions=["user.view"])
    assert (reply.status, reply.body["version"]) == (200, 1)
    assert world.stored() == stored


def test_permissions_that_the_caller_lacks_cannot_be_added(world: World) -> None:
    group_id = world.add_group("Readers", Permission.USER_VIEW)
    caller = world.add_user(permissions=(Permission.GROUP_UPDATE, Permission.USER_VIEW))
    stored = world.stored()

    refused = update(world, group_id, caller.id, permissions=["user.view", "user.delete"])

    assert (refused.status, refused.code) == (403, "grant_exceeds_own")
    assert "You lack: user.delete." in refused.body["detail"]
    assert world.stored() == stored
    allowed = update(world, group_id, caller.id, permissions=["group.update"])
    assert (allowed.status, granted(world, group_id)) == (200, ("group.update",))


@pytest.mark.parametrize(
    "body",
    [{"permissions": []}, {"permissions": ["user.delete"]}, {"name": "Harmless"}],
    ids=["taking", "keeping", "renaming"],
)
def test_group_that_grants_more_than_the_caller_holds_cannot_be_changed(
    world: World, body: dict[str, Any]
) -> None:
    group_id = world.add_group("Deleters", Permission.USER_DELETE)
    caller = world.add_user(permissions=(Permission.GROUP_UPDATE,))
    stored = world.stored()

    reply = update(world, group_id, caller.id, **body)

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert reply.body["detail"] == "This group has permissions that you lack: user.delete."
    assert world.stored() == stored


def test_permissions_added_to_the_group_meanwhile_are_checked(world: World) -> None:
    group_id = world.add_group("Readers")
    caller = world.add_user(permissions=(Permission.GROUP_UPDATE,))
    promotion = partial(world.grant_to_group, group_id, (Permission.USER_DELETE,))

    with meanwhile(world, COMMIT, promotion):
        reply = update(world, group_id, caller.id, permissions=["group.update"])

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert granted(world, group_id) == ("user.delete",)


def test_stale_etag_is_refused(world: World) -> None:
    group_id = world.add_group("Readers")
    headers = {"If-Match": '"1"'}

    assert update(world, group_id, headers=headers, permissions=["user.view"]).status == 200
    for body in ({"permissions": ["user.create"]}, {"name": "Editors"}):
        stale = update(world, group_id, headers=headers, **body)
        assert (stale.status, stale.code) == (412, "stale_version")
    assert (world.group(group_id).name, granted(world, group_id)) == ("Readers", ("user.view",))


def test_same_key_has_one_effect_and_one_answer(world: World) -> None:
    group_id, headers = world.add_group("Readers"), {"Idempotency-Key": "key-1"}
    first = update(world, group_id, headers=headers, name="Editors")
    update(world, group_id, name="Writers")

    assert update(world, group_id, headers=headers, name="Editors") == first
    assert world.group(group_id).name == "Writers"
    other = update(world, group_id, headers=headers, name="Other")
    assert (other.status, other.fields) == (422, ["Idempotency-Key"])


def test_unknown_and_deleted_groups_are_not_found(world: World) -> None:
    group_id = world.add_group("Readers")
    world.invoke(delete_group, path={"group_id": group_id})
    for unknown in ("grp_unknown", group_id):
        reply = update(world, unknown, name="Editors")
        assert (reply.status, reply.code) == (404, "group_not_found")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": None}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"permissions": None}, ["permissions"]),
        ({"permissions": ["user.fly"]}, ["permissions.0"]),
        ({"permissions": ["admin:access"]}, ["permissions.0"]),
        ({"members": [], "id": "grp_1"}, ["members", "id"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    reply = update(world, world.add_group("Readers"), **body)
    assert (reply.status, reply.fields) == (422, fields)


PERMISSIONS = st.frozensets(st.sampled_from([Permission.USER_VIEW, Permission.USER_DELETE]))


@settings(max_examples=20)
@given(held=PERMISSIONS, before=PERMISSIONS, after=PERMISSIONS)
def test_caller_must_hold_the_old_and_the_new_permissions(
    held: frozenset[Permission], before: frozenset[Permission], after: frozenset[Permission]
) -> None:
    with open_world() as world:
        group_id = world.add_group("Some", *sorted(before))
        caller = world.add_user(permissions=(*held, Permission.GROUP_UPDATE))

        reply = update(world, group_id, caller.id, permissions=sorted(after))

        allowed = before <= held and after <= held
        assert reply.status == (200 if allowed else 403)
        assert granted(world, group_id) == tuple(sorted(after if allowed else before))
