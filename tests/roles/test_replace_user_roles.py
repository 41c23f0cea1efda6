"""PUT /admin/users/{userId}/roles (R1, R4, I4, I6, I7, I8, I10)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.roles.get_role import get_role
from functions.roles.replace_user_roles import replace_user_roles
from functions.users.get_me import get_me
from rollcall.access.assignments import ROLES_AT_MOST
from rollcall.grants.grant import RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.users.user import ADMINS, User
from tests.world.aws_edge import failing, watched
from tests.world.gateway import Reply
from tests.world.world import World

NOON = "2026-01-05T12:00:00.000Z"
EVENING = "2026-01-05T18:00:00.000Z"


def replace(
    world: World,
    user_id: str,
    *roles: Any,
    caller: str = "",
    headers: dict[str, str] | None = None,
    **body: Any,
) -> Reply:
    return world.invoke(
        replace_user_roles,
        caller=caller,
        path={"user_id": user_id},
        body={"roleIds": roles, **body},
        headers=headers,
    )


def having(world: World, *grants: dict[str, Any], **fields: Any) -> User:
    """A user with roles."""
    user = world.add_user(**fields)
    held = [RoleGrant(user_id=user.id, **each) for each in grants]
    return world.change_user(user, user.with_grants("role_grants", held))


def holders(world: World, role_id: str) -> int:
    return int(world.invoke(get_role, path={"role_id": role_id}).body["holderCount"])


def permissions_of(world: World, user_id: str) -> Any:
    return world.invoke(get_me, caller=user_id).body["effectivePermissions"]


def test_user_has_only_the_requested_roles(world: World) -> None:
    old, kept, new = (world.add_role(name) for name in ("Old", "Kept", "New"))
    user = having(world, {"role_id": old}, {"role_id": kept})

    reply = replace(world, user.id, new, kept)

    assert (reply.status, reply.headers["ETag"]) == (200, f'"{user.version + 1}"')
    assert reply.body["roles"] == sorted([kept, new])
    assert [holders(world, role_id) for role_id in (old, kept, new)] == [0, 1, 1]


def test_roles_apply_from_the_next_request(world: World) -> None:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()

    replace(world, user.id, role_id)
    assert permissions_of(world, user.id) == ["user.view"]
    replace(world, user.id)
    assert permissions_of(world, user.id) == []


def test_temporary_role_is_in_force_only_in_its_period(world: World) -> None:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()

    reply = replace(world, user.id, {"roleId": role_id, "startsAt": NOON, "endsAt": EVENING})

    assert reply.body["roleGrants"] == [{"roleId": role_id, "startsAt": NOON, "endsAt": EVENING}]
    for hours, held in ((0, []), (3, ["user.view"]), (5.99, ["user.view"]), (0.01, [])):
        world.clock.advance(hours=hours)
        assert permissions_of(world, user.id) == held


def test_role_without_times_keeps_the_present_ones(world: World) -> None:
    role_id, user = world.add_role("Support"), world.add_user()
    boxed = {"roleId": role_id, "endsAt": EVENING}
    replace(world, user.id, boxed)

    assert replace(world, user.id, role_id).body["roleGrants"] == [boxed]
    assert replace(world, user.id, {"roleId": role_id}).body["roleGrants"] == [boxed]
    for_ever = replace(world, user.id, {"roleId": role_id, "endsAt": None})
    assert for_ever.body["roleGrants"] == [{"roleId": role_id}]


def test_each_role_is_a_fact_in_the_journal_with_its_times(world: World) -> None:
    old, new = world.add_role("Old"), world.add_role("New")
    user = having(world, {"role_id": old})

    replace(world, user.id, {"roleId": new, "endsAt": NOON}, reason="Other work")

    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "replace_user_roles",
        world.admin_id,
        "Other work",
    )
    changes = {name: (each.before, each.after) for name, each in entry.changes.items()}
    assert changes == {f"roles.{old}": ({}, None), f"roles.{new}": (None, {"endsAt": NOON})}


def test_same_roles_again_change_nothing(world: World) -> None:
    role_id = world.add_role("Support")
    user = having(world, {"role_id": role_id})
    stored = world.stored()

    assert replace(world, user.id, role_id, role_id).body["version"] == user.version
    assert world.stored() == stored


def test_role_system_promotes_to_platform_admin_and_its_absence_demotes(world: World) -> None:
    role_id, user = world.add_role("Support"), world.add_user()

    promoted = replace(world, user.id, "rol_system", role_id)

    assert (promoted.status, promoted.body["isAdmin"]) == (200, True)
    assert promoted.body["roles"] == [role_id, "rol_system"]
    assert permissions_of(world, user.id) == ["admin:access"]
    assert (world.count(ADMINS), holders(world, "rol_system")) == (2, 2)
    account = world.account(user.id)
    assert account is not None
    assert account["admin"] is True

    demoted = replace(world, user.id, role_id)

    assert (demoted.body["isAdmin"], demoted.body["roles"]) == (False, [role_id])
    assert permissions_of(world, user.id) == []
    assert (world.count(ADMINS), holders(world, "rol_system")) == (1, 1)
    account = world.account(user.id)
    assert account is not None
    assert account["admin"] is False
    assert world.user(user.id).in_step


def test_change_during_an_outage_of_cognito_is_synchronized_later(world: World) -> None:
    user = world.add_user()
    with failing(world.aws, "cognito-idp"):
        assert replace(world, user.id, "rol_system").code == "identity_unavailable"
    assert world.user(user.id).is_admin

    world.drain()

    account = world.account(user.id)
    assert account is not None
    assert account["admin"] is True


def test_cognito_is_not_called_for_other_roles(world: World) -> None:
    role_id, user = world.add_role("Support"), world.add_user()
    with watched(world.aws) as seen:
        replace(world, user.id, role_id)
    assert {call.service for call in seen} == {"dynamodb"}
    assert world.user(user.id).in_step


def test_last_admin_cannot_be_removed(world: World) -> None:
    caller = world.add_user(permissions=(Permission.ADMIN_ACCESS,))
    stored = world.stored()

    reply = replace(world, world.admin_id, caller=caller.id)

    assert (reply.status, reply.code) == (409, "last_admin")
    assert world.stored() == stored


def test_promoting_and_demoting_admins_also_requires_that_permission(world: World) -> None:
    role_id = world.add_role("Idle")
    others = tuple(set(Permission) - {Permission.USER_PROMOTE, Permission.ADMIN_ACCESS})
    assigner = world.add_user(permissions=others)
    promoter = world.add_user(permissions=(Permission.ROLE_ASSIGN, Permission.USER_PROMOTE))
    user, admin = world.add_user(), world.add_user(is_admin=True)
    stored = world.stored()

    for target, roles in ((user, ["rol_system"]), (admin, [role_id])):
        refused = replace(world, target.id, *roles, caller=assigner.id)
        assert (refused.status, refused.code) == (403, "permission_missing")
        assert "user.promote" in refused.body["detail"]
    assert replace(world, user.id, "rol_system", caller=promoter.id).code == "grant_exceeds_own"
    assert replace(world, admin.id, caller=promoter.id).code == "target_outranks_caller"
    assert world.stored() == stored


def test_role_with_permissions_that_the_caller_lacks_cannot_be_granted(world: World) -> None:
    role_id, user = world.add_role("Deleters", Permission.USER_DELETE), world.add_user()
    assigner = world.add_user(permissions=(Permission.ROLE_ASSIGN, Permission.USER_VIEW))
    deleter = world.add_user(permissions=(Permission.ROLE_ASSIGN, Permission.USER_DELETE))
    stored = world.stored()

    for role in (role_id, {"roleId": role_id, "startsAt": EVENING}):
        refused = replace(world, user.id, role, caller=assigner.id)
        assert (refused.status, refused.code) == (403, "grant_exceeds_own")
        assert "user.delete" in refused.body["detail"]
    assert world.stored() == stored
    assert replace(world, user.id, role_id, caller=deleter.id).status == 200


def test_present_role_can_stay_regardless_of_the_callers_permissions(world: World) -> None:
    deleters, idle = world.add_role("Deleters", Permission.USER_DELETE), world.add_role("Idle")
    user = having(world, {"role_id": deleters})
    caller = world.add_user(permissions=(Permission.ROLE_ASSIGN,))

    reply = replace(world, user.id, deleters, idle, caller=caller.id)

    assert (reply.status, reply.body["roles"]) == (200, sorted([deleters, idle]))


def test_role_of_a_superior_cannot_be_revoked(world: World) -> None:
    idle = world.add_role("Idle")
    superior = having(world, {"role_id": idle}, permissions=(Permission.USER_DELETE,))
    caller = world.add_user(permissions=(Permission.ROLE_ASSIGN,))
    stored = world.stored()

    for roles in ([], [{"roleId": idle, "endsAt": NOON}]):
        refused = replace(world, superior.id, *roles, caller=caller.id)
        assert (refused.status, refused.code) == (403, "target_outranks_caller")
    assert world.stored() == stored


def test_own_roles_cannot_be_changed(world: World) -> None:
    role_id = world.add_role("Support")
    reply = replace(world, world.admin_id, "rol_system", role_id)
    assert (reply.status, reply.code) == (409, "own_account")
    assert (
        reply.body["detail"]
        == "You cannot change the roles of your own account. Ask another admin."
    )


def test_unknown_role_is_not_found_and_nothing_is_written(world: World) -> None:
    role_id, user = world.add_role("Support"), world.add_user()
    stored = world.stored()

    reply = replace(world, user.id, role_id, "rol_unknown")

    assert (reply.status, reply.code) == (404, "role_not_found")
    assert reply.body["detail"] == "Role not found"
    assert world.stored() == stored


def test_unknown_and_deleted_users_are_refused(world: World) -> None:
    deleted = world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    assert replace(world, "usr_unknown").code == "user_not_found"
    assert (replace(world, deleted.id).status, replace(world, deleted.id).code) == (
        409,
        "user_deleted",
    )


@pytest.mark.parametrize("role_id", ["rol_admin", "rol_user", "rol_guest"])
@pytest.mark.parametrize("boxed", [False, True])
def test_roles_of_organizations_cannot_be_granted_outside_of_them(
    world: World, role_id: str, boxed: bool
) -> None:
    sent = {"roleId": role_id, "endsAt": NOON} if boxed else role_id
    reply = replace(world, world.add_user().id, sent)
    assert reply.status == 422
    assert reply.fields == ["roleIds.0.roleId" if boxed else "roleIds.0"]
    assert reply.body["errors"][0]["message"] == (
        "This role can be granted only in an organization."
    )


@pytest.mark.parametrize("period", [{"startsAt": NOON}, {"endsAt": NOON}])
def test_platform_admin_cannot_be_temporary(world: World, period: dict[str, str]) -> None:
    reply = replace(world, world.add_user().id, {"roleId": "rol_system", **period})
    assert (reply.status, reply.fields) == (422, ["roleIds.0"])
    assert reply.body["errors"][0]["message"] == "The role System cannot have a period."
    assert replace(world, world.add_user().id, {"roleId": "rol_system"}).status == 200


@pytest.mark.parametrize(
    ("roles", "fields"),
    [
        (["", 7, None], ["roleIds.0", "roleIds.1", "roleIds.2"]),
        ([{}], ["roleIds.0.roleId"]),
        ([{"roleId": "rol_1", "until": NOON}], ["roleIds.0.until"]),
        ([{"roleId": "rol_1", "startsAt": "soon"}], ["roleIds.0.startsAt"]),
        ([{"roleId": "rol_1", "startsAt": "2026-01-05T12:00:00"}], ["roleIds.0.startsAt"]),
        ([{"roleId": "rol_1", "startsAt": NOON, "endsAt": NOON}], ["roleIds.0.endsAt"]),
        (["rol_1", {"roleId": "rol_1", "endsAt": NOON}], ["roleIds"]),
        ([f"rol_{number}" for number in range(ROLES_AT_MOST + 1)], ["roleIds"]),
    ],
)  # fmt: skip
def test_each_invalid_field_has_its_error(
    world: World, roles: list[Any], fields: list[str]
) -> None:
    stored = world.stored()
    reply = replace(world, world.admin_id, *roles)
    assert (reply.status, reply.fields) == (422, fields)
    assert world.stored() == stored


def test_list_of_roles_is_required(world: World) -> None:
    reply = world.invoke(replace_user_roles, path={"user_id": world.admin_id}, body={})
    assert (reply.status, reply.fields) == (422, ["roleIds"])


def test_maximum_number_of_roles_can_be_replaced_in_one_request(world: World) -> None:
    old, new = (
        [world.add_role(f"{name} {number}") for number in range(ROLES_AT_MOST)]
        for name in ("Old", "New")
    )
    user = world.add_user()
    assert replace(world, user.id, "rol_system", *old[1:]).status == 200

    reply = replace(world, user.id, *new, headers={"Idempotency-Key": "key-1"})

    assert (reply.status, reply.body["roles"]) == (200, sorted(new))
    assert holders(world, old[-1]) == 0


def test_only_the_version_that_was_read_is_changed(world: World) -> None:
    role_id, user = world.add_role("Support"), world.add_user()
    headers = {"If-Match": f'"{user.version}"'}

    assert replace(world, user.id, role_id, headers=headers).status == 200
    stale = replace(world, user.id, headers=headers)

    assert (stale.status, stale.code) == (412, "stale_version")
    assert world.user(user.id).role_grants


def test_same_key_has_one_effect_and_the_same_answer(world: World) -> None:
    role_id, user = world.add_role("Support"), world.add_user()
    headers = {"Idempotency-Key": "key-1"}
    first = replace(world, user.id, role_id, headers=headers)
    replace(world, user.id)

    assert replace(world, user.id, role_id, headers=headers) == first
    assert not world.user(user.id).role_grants
