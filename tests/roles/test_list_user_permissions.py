"""GET /admin/users/{userId}/permissions (R2, U14)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from functions.roles.list_user_permissions import list_user_permissions
from functions.users.get_me import get_me
from rollcall.access.policy import change_policy
from rollcall.grants.grant import PermissionGrant
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World

HOUR = timedelta(hours=1)


def list_them(world: World, user_id: str, caller: str = "") -> Reply:
    return world.invoke(list_user_permissions, caller=caller, path={"user_id": user_id})


def explained(world: World, user_id: str) -> dict[str, Any]:
    """The sources in the answer, by permission."""
    items = list_them(world, user_id).body["permissions"]
    return {item["permission"]: item["grants"] for item in items}


def test_each_permission_is_listed_with_every_source(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW, Permission.USER_UPDATE)
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    organization_id = world.add_organization("Acme")
    user = world.add_user(permissions=(Permission.USER_VIEW,))
    world.give_role(user.id, role_id)
    world.join_group(user.id, group_id)
    world.join_organization(user.id, organization_id, role_id)

    reply = list_them(world, user.id)

    by_role = {"kind": "role", "id": role_id, "name": "Support"}
    by_organization = {
        "kind": "organization",
        "id": organization_id,
        "name": "Acme",
        "roleId": role_id,
    }
    assert (reply.status, reply.body) == (
        200,
        {
            "permissions": [
                {"permission": "user.update", "grants": [by_role, by_organization]},
                {
                    "permission": "user.view",
                    "grants": [
                        {"kind": "direct", "id": "user.view"},
                        by_role,
                        {"kind": "group", "id": group_id, "name": "Viewers"},
                        by_organization,
                    ],
                },
            ]
        },
    )


def test_platform_admin_has_all_permissions_from_the_role_system(world: World) -> None:
    assert explained(world, world.admin_id) == {
        "admin:access": [{"kind": "role", "id": "rol_system", "name": "System"}]
    }


def test_only_grants_in_force_are_shown_with_their_times(world: World) -> None:
    role_id, group_id = world.add_role("Support"), world.add_group("Viewers", Permission.USER_VIEW)
    world.grant_to_role(role_id, (Permission.USER_VIEW,))
    user = world.add_user()
    world.give_role(user.id, role_id, starts_at=START, ends_at=START + HOUR)
    world.join_group(user.id, group_id, starts_at=START + HOUR)

    assert explained(world, user.id) == {
        "user.view": [
            {
                "kind": "role",
                "id": role_id,
                "name": "Support",
                "startsAt": "2026-01-05T09:00:00.000Z",
                "endsAt": "2026-01-05T10:00:00.000Z",
            }
        ]
    }
    world.clock.advance(hours=1)
    (grant,) = explained(world, user.id)["user.view"]
    assert (grant["kind"], grant["startsAt"]) == ("group", "2026-01-05T10:00:00.000Z")


def test_deleted_organization_grants_nothing_to_the_user(world: World) -> None:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()
    organization_id = world.add_organization("Acme")
    world.join_organization(user.id, organization_id, role_id)
    for change in change_policy(world.call(), lambda policy: policy.with_ended(organization_id)):
        world.call().commit(change, answer=lambda written: written)

    assert explained(world, user.id) == {}


def test_own_permissions_match_get_me(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW, Permission.GROUP_LIST)
    user = world.add_user(permissions=(Permission.USER_VIEW, Permission.USER_CREATE))
    world.join_group(user.id, group_id)

    told = list_them(world, user.id, caller=user.id).body["permissions"]

    me = world.invoke(get_me, caller=user.id).body
    assert [item["permission"] for item in told] == me["effectivePermissions"]


def test_users_who_cannot_sign_in_are_explained_too(world: World) -> None:
    user = world.add_user(status=Status.SUSPENDED, permissions=(Permission.USER_VIEW,))
    assert explained(world, user.id) == {"user.view": [{"kind": "direct", "id": "user.view"}]}


def test_unknown_user_is_not_found(world: World) -> None:
    reply = list_them(world, "usr_unknown")
    assert (reply.status, reply.code) == (404, "user_not_found")


def test_answer_takes_two_reads_and_the_callers_own(world: World) -> None:
    user = world.add_user(permissions=(Permission.USER_CREATE,))
    for number in range(5):
        world.join_group(user.id, world.add_group(f"Group {number}", Permission.USER_VIEW))
        world.give_role(user.id, world.add_role(f"Role {number}", Permission.USER_VIEW))

    with watched(world.aws) as seen:
        assert len(explained(world, user.id)["user.view"]) == 10

    operations = [call.operation for call in seen]
    assert operations == ["Query", "Query", "GetItem", "BatchGetItem"]


def test_direct_grants_have_no_names_to_read(world: World) -> None:
    user = world.add_user()
    grants = [PermissionGrant(user_id=user.id, permission=Permission.USER_VIEW)]
    world.change_user(user, user.with_grants("permission_grants", grants))
    with watched(world.aws) as seen:
        explained(world, user.id)
    assert [call.operation for call in seen] == ["Query", "Query"]
