"""PUT /admin/users/{userId}/permissions (R2, R4, I6, I7, I8, I10)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.roles.replace_user_permissions import replace_user_permissions
from functions.users.get_me import get_me
from rollcall.grants.permissions import Permission
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World

NOON = "2026-01-05T12:00:00.000Z"
EVENING = "2026-01-05T18:00:00.000Z"


def replace(
    world: World,
    user_id: str,
    *permissions: Any,
    caller: str = "",
    headers: dict[str, str] | None = None,
    **body: Any,
) -> Reply:
    return world.invoke(
        replace_user_permissions,
        caller=caller,
        path={"user_id": user_id},
        body={"permissions": permissions, **body},
        headers=headers,
    )


def permissions_of(world: World, user_id: str) -> Any:
    return world.invoke(get_me, caller=user_id).body["effectivePermissions"]


def test_user_has_only_the_requested_permissions(world: World) -> None:
    user = world.add_user(permissions=(Permission.USER_VIEW, Permission.USER_CREATE))

    reply = replace(world, user.id, "user.delete", "user.view")

    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert reply.body["permissions"] == ["user.delete", "user.view"]
    assert permissions_of(world, user.id) == ["user.delete", "user.view"]


def test_permissions_from_groups_stay(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    user = world.add_user(permissions=(Permission.USER_CREATE,))
    world.change_user(user, user.with_membership(group_id))

    assert replace(world, user.id).body["permissions"] == []
    assert permissions_of(world, user.id) == ["user.view"]


def test_temporary_permission_is_in_force_only_in_its_period(world: World) -> None:
    user = world.add_user()
    boxed = {"permission": "user.view", "startsAt": NOON, "endsAt": EVENING}

    reply = replace(world, user.id, boxed, "user.create")

    assert reply.body["permissionGrants"] == [{"permission": "user.create"}, boxed]
    both = ["user.create", "user.view"]
    for hours, held in ((0, ["user.create"]), (3, both), (6, ["user.create"])):
        world.clock.advance(hours=hours)
        assert permissions_of(world, user.id) == held


def test_permission_without_times_keeps_the_present_ones(world: World) -> None:
    user, boxed = world.add_user(), {"permission": "user.view", "endsAt": EVENING}
    replace(world, user.id, boxed)

    assert replace(world, user.id, "user.view").body["permissionGrants"] == [boxed]
    for_ever = replace(world, user.id, {"permission": "user.view", "endsAt": None})
    assert for_ever.body["permissionGrants"] == [{"permission": "user.view"}]


def test_each_permission_is_a_fact_in_the_journal_with_its_times(world: World) -> None:
    user = world.add_user(permissions=(Permission.USER_VIEW, Permission.USER_UPDATE))

    sent = {"permission": "user.delete", "endsAt": NOON}
    replace(world, user.id, "user.update", sent, reason="Clean-up day")

    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "replace_user_permissions",
        world.admin_id,
        "Clean-up day",
    )
    changes = {name: (each.before, each.after) for name, each in entry.changes.items()}
    assert changes == {
        "permissions.user.view": ({}, None),
        "permissions.user.delete": (None, {"endsAt": NOON}),
    }


def test_same_permissions_again_change_nothing(world: World) -> None:
    user = world.add_user(permissions=(Permission.USER_VIEW,))
    stored = world.stored()
    assert replace(world, user.id, "user.view", "user.view").body["version"] == user.version
    assert world.stored() == stored


@pytest.mark.parametrize("boxed", [False, True])
def test_admin_access_cannot_be_granted_directly(world: World, boxed: bool) -> None:
    sent = {"permission": "admin:access", "endsAt": NOON} if boxed else "admin:access"
    reply = replace(world, world.add_user().id, sent)
    assert reply.status == 422
    assert reply.fields == ["permissions.0.permission" if boxed else "permissions.0"]
    assert reply.body["errors"][0]["message"] == (
        "Only the role System grants admin:access. Promote the user instead."
    )


def test_caller_cannot_grant_permissions_that_they_lack(world: World) -> None:
    caller = world.add_user(permissions=(Permission.PERMISSION_ASSIGN, Permission.USER_VIEW))
    user = world.add_user()
    stored = world.stored()

    for sent in ("user.delete", {"permission": "user.delete", "endsAt": NOON}):
        refused = replace(world, user.id, "user.view", sent, caller=caller.id)
        assert (refused.status, refused.code) == (403, "grant_exceeds_own")
        assert "user.delete" in refused.body["detail"]
        assert "user.view" not in refused.body["detail"]
    assert world.stored() == stored
    assert replace(world, user.id, "user.view", caller=caller.id).status == 200


def test_caller_cannot_grant_an_expired_permission(
    world: World,
) -> None:
    caller, user = world.add_user(), world.add_user()
    boxed = {"permission": "user.view", "endsAt": NOON}
    replace(world, caller.id, "permission.assign", boxed)

    assert replace(world, user.id, boxed, caller=caller.id).status == 200
    world.clock.advance(hours=3)
    later = world.add_user()
    assert replace(world, later.id, boxed, caller=caller.id).code == "grant_exceeds_own"


def test_permission_of_a_superior_cannot_be_revoked(world: World) -> None:
    caller = world.add_user(permissions=(Permission.PERMISSION_ASSIGN, Permission.USER_VIEW))
    superior = world.add_user(permissions=(Permission.USER_VIEW, Permission.USER_DELETE))
    stored = world.stored()

    boxed = {"permission": "user.view", "endsAt": NOON}
    for sent in (["user.delete"], [], ["user.delete", boxed]):
        refused = replace(world, superior.id, *sent, caller=caller.id)
        assert (refused.status, refused.code) == (403, "target_outranks_caller")
    assert world.stored() == stored


def test_own_permissions_cannot_be_changed(world: World) -> None:
    caller = world.add_user(permissions=(Permission.PERMISSION_ASSIGN,))
    reply = replace(world, caller.id, "permission.assign", caller=caller.id)
    assert (reply.status, reply.code) == (409, "own_account")


def test_unknown_and_deleted_users_are_refused(world: World) -> None:
    deleted = world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    assert replace(world, "usr_unknown").code == "user_not_found"
    assert replace(world, deleted.id).code == "user_deleted"


@pytest.mark.parametrize(
    ("permissions", "fields"),
    [
        (["user.fly", 7], ["permissions.0", "permissions.1"]),
        ([{}], ["permissions.0.permission"]),
        ([{"permission": "user.fly"}], ["permissions.0.permission"]),
        ([{"permission": "user.view", "endsAt": 5}], ["permissions.0.endsAt"]),
        (
            [{"permission": "user.view", "startsAt": EVENING, "endsAt": NOON}],
            ["permissions.0.endsAt"],
        ),
        (["user.view", {"permission": "user.view", "endsAt": NOON}], ["permissions"]),
        (["user.view"] * 51, ["permissions"]),
    ],
)  # fmt: skip
def test_each_invalid_field_has_its_error(
    world: World, permissions: list[Any], fields: list[str]
) -> None:
    stored = world.stored()
    reply = replace(world, world.admin_id, *permissions)
    assert (reply.status, reply.fields) == (422, fields)
    assert world.stored() == stored


def test_all_permissions_that_can_be_granted_fit_into_one_request(world: World) -> None:
    user = world.add_user()
    grantable = sorted(each for each in Permission if each is not Permission.ADMIN_ACCESS)
    reply = replace(world, user.id, *grantable, headers={"Idempotency-Key": "key-1"})
    assert (reply.status, reply.body["permissions"]) == (200, grantable)
    assert replace(world, user.id).body["permissions"] == []


def test_only_the_version_that_was_read_is_changed(world: World) -> None:
    user = world.add_user()
    headers = {"If-Match": f'"{user.version}"'}
    assert replace(world, user.id, "user.view", headers=headers).status == 200
    assert replace(world, user.id, headers=headers).code == "stale_version"


def test_same_key_has_one_effect_and_the_same_answer(world: World) -> None:
    user, headers = world.add_user(), {"Idempotency-Key": "key-1"}
    first = replace(world, user.id, "user.view", headers=headers)
    replace(world, user.id)
    assert replace(world, user.id, "user.view", headers=headers) == first
    assert not world.user(user.id).permission_grants


def test_cognito_is_not_called(world: World) -> None:
    user = world.add_user()
    with watched(world.aws) as seen:
        replace(world, user.id, "user.view")
    assert {call.service for call in seen} == {"dynamodb"}
    assert world.user(user.id).in_step
