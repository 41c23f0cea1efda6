"""PUT /admin/users/{userId}/organizations (O2, R4, A1, I6, I7, I8, I10, I13)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from functions.organizations.delete_organization import delete_organization
from functions.organizations.list_user_organizations import list_user_organizations
from functions.organizations.replace_user_organizations import replace_user_organizations
from functions.users.get_me import get_me
from functions.users.get_user import get_user
from rollcall.grants import built_in_roles
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from tests.faults.races import COMMIT, meanwhile
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World

DAY = timedelta(days=1)


def replace(
    world: World,
    user_id: str,
    *memberships: dict[str, Any],
    caller: str = "",
    reason: str = "",
    **headers: str,
) -> Reply:
    return world.invoke(
        replace_user_organizations,
        caller=caller,
        path={"user_id": user_id},
        body={"memberships": list(memberships), **({"reason": reason} if reason else {})},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def held(world: World, user_id: str) -> dict[str, str]:
    places = world.user(user_id).organization_memberships
    return {each.organization_id: each.role_id for each in places}


def holders(world: World, role_id: str) -> int:
    role = world.runtime.table.find(Role, role_id)
    assert role is not None
    return role.holder_count


def test_documented_request_returns_the_present_memberships(world: World) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme Corp")

    reply = replace(world, user.id, {"organizationId": organization_id, "roleId": "rol_admin"})

    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert reply.body == {
        "version": 2,
        "data": [
            {
                "organizationId": organization_id,
                "organizationName": "Acme Corp",
                "roleId": "rol_admin",
                "roleName": "Admin",
            }
        ],
        "added": [organization_id],
        "changed": [],
        "removed": [],
    }
    listed = world.invoke(list_user_organizations, path={"user_id": user.id})
    assert listed.body == {"data": reply.body["data"]}
    assert world.organization(organization_id).member_count == 1


def test_adding_changing_keeping_and_removing_are_one_version_and_one_entry(world: World) -> None:
    user = world.add_user()
    kept, changed, removed, added = (
        world.add_organization(name) for name in ("Kept", "Changed", "Removed", "Added")
    )
    for organization_id in (kept, changed, removed):
        world.join_organization(user.id, organization_id)
    version = world.user(user.id).version

    reply = replace(
        world,
        user.id,
        {"organizationId": kept},
        {"organizationId": changed, "roleId": built_in_roles.GUEST.id},
        {"organizationId": added, "roleId": built_in_roles.ADMIN.id},
        reason="Moved",
    )

    assert (reply.body["version"], world.user(user.id).version) == (version + 1, version + 1)
    assert [reply.body[each] for each in ("added", "changed", "removed")] == [
        [added],
        [changed],
        [removed],
    ]
    assert held(world, user.id) == {
        kept: built_in_roles.USER.id,
        changed: built_in_roles.GUEST.id,
        added: built_in_roles.ADMIN.id,
    }
    counts = [world.organization(each).member_count for each in (kept, changed, removed, added)]
    assert counts == [1, 1, 0, 1]
    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "replace_user_organizations",
        world.admin_id,
        "Moved",
    )
    changes = {name: (change.before, change.after) for name, change in entry.changes.items()}
    assert changes == {
        f"organizations.{changed}": ({"roleId": "rol_user"}, {"roleId": "rol_guest"}),
        f"organizations.{removed}": ({"roleId": "rol_user"}, None),
        f"organizations.{added}": (None, {"roleId": "rol_admin"}),
    }


def test_roles_count_their_holders(world: World) -> None:
    user, role_id = world.add_user(), world.add_role("Partner")
    one, two = world.add_organization("One"), world.add_organization("Two")
    before = holders(world, built_in_roles.USER.id)

    for places, partners, users in (
        ([(one, role_id), (two, role_id)], 2, 0),
        ([(one, built_in_roles.USER.id), (two, role_id)], 1, 1),
        ([], 0, 0),
    ):
        sent = [{"organizationId": each, "roleId": role} for each, role in places]
        assert replace(world, user.id, *sent).status == 200
        assert holders(world, role_id) == partners
        assert holders(world, built_in_roles.USER.id) == before + users


def test_without_a_role_the_present_one_stays_and_a_new_member_gets_the_default(
    world: World,
) -> None:
    user, partner = world.add_user(), world.add_role("Partner")
    old = world.add_organization("Old", partner)
    new = world.add_organization("New", partner)
    world.join_organization(user.id, old, built_in_roles.GUEST.id)

    reply = replace(world, user.id, {"organizationId": old}, {"organizationId": new})

    named = {each["organizationName"]: each["roleName"] for each in reply.body["data"]}
    assert named == {"Old": "Guest", "New": "Partner"}
    assert (reply.body["added"], reply.body["changed"]) == ([new], [])


def test_empty_list_removes_all_memberships(world: World) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme")
    world.join_organization(user.id, organization_id)
    reply = replace(world, user.id)
    assert (reply.body["data"], reply.body["removed"]) == ([], [organization_id])
    assert held(world, user.id) == {}


def test_unchanged_memberships_create_no_version(world: World) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme")
    world.join_organization(user.id, organization_id)
    stored = world.stored()

    reply = replace(world, user.id, {"organizationId": organization_id, "roleId": "rol_user"})

    assert [reply.body[each] for each in ("added", "changed", "removed")] == [[], [], []]
    assert reply.body["version"] == 2
    assert world.stored() == stored


def test_role_in_an_organization_applies_from_the_next_call_until_its_removal(world: World) -> None:
    role_id = world.add_role("Viewer", Permission.USER_VIEW)
    user, organization_id = world.add_user(), world.add_organization("Acme")
    see = partial(world.invoke, get_user, caller=user.id, path={"user_id": user.id})
    assert see().code == "permission_missing"

    replace(world, user.id, {"organizationId": organization_id, "roleId": role_id})
    assert see().status == 200

    replace(world, user.id, {"organizationId": organization_id, "roleId": built_in_roles.GUEST.id})
    assert see().code == "permission_missing"

    replace(world, user.id, {"organizationId": organization_id, "roleId": role_id})
    replace(world, user.id)
    assert see().code == "permission_missing"


def test_temporary_membership_is_in_force_only_in_its_period(world: World) -> None:
    role_id = world.add_role("Viewer", Permission.USER_VIEW)
    user, organization_id = world.add_user(), world.add_organization("Acme")

    reply = replace(
        world,
        user.id,
        {
            "organizationId": organization_id,
            "roleId": role_id,
            "startsAt": "2026-01-06T09:00:00Z",
            "endsAt": "2026-01-07T10:00:00+01:00",
        },
    )

    assert reply.body["data"][0]["startsAt"] == "2026-01-06T09:00:00.000Z"
    assert reply.body["data"][0]["endsAt"] == "2026-01-07T09:00:00.000Z"
    for moment, effective in (
        (START, []),
        (START + DAY - timedelta(milliseconds=1), []),
        (START + DAY, ["user.view"]),
        (START + 2 * DAY - timedelta(milliseconds=1), ["user.view"]),
        (START + 2 * DAY, []),
    ):
        world.clock.now = moment
        me = world.invoke(get_me, caller=user.id, signed_in_at=moment)
        assert me.body["effectivePermissions"] == effective


def test_absent_time_stays_the_same_and_null_removes_it(world: World) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme")
    world.join_organization(user.id, organization_id, ends_at=START + DAY)
    place = {"organizationId": organization_id, "roleId": built_in_roles.GUEST.id}

    kept = replace(world, user.id, place)
    assert kept.body["data"][0]["endsAt"] == "2026-01-06T09:00:00.000Z"
    begun = replace(world, user.id, {**place, "startsAt": "2026-01-05T12:00:00Z"})
    assert begun.body["data"][0]["endsAt"] == "2026-01-06T09:00:00.000Z"
    late = replace(world, user.id, {**place, "startsAt": "2026-01-06T09:00:00Z"})
    assert (late.status, late.fields) == (422, ["memberships.0.startsAt"])
    freed = replace(world, user.id, {**place, "endsAt": None})
    assert "endsAt" not in freed.body["data"][0]
    assert "startsAt" in freed.body["data"][0]
    assert freed.body["changed"] == [organization_id]


@pytest.mark.parametrize(
    ("memberships", "fields"),
    [
        ([{}], ["memberships.0.organizationId"]),
        ([{"organizationId": "org_1"}, {"organizationId": "org_1"}], ["memberships"]),
        (
            [{"organizationId": "org_1", "roleId": built_in_roles.SYSTEM.id}],
            ["memberships.0.roleId"],
        ),
        (
            [{"organizationId": "org_1", "startsAt": "2026-01-06T09:00:00"}],
            ["memberships.0.startsAt"],
        ),
        (
            [
                {
                    "organizationId": "org_1",
                    "startsAt": "2026-01-06T09:00:00Z",
                    "endsAt": "2026-01-06T09:00:00Z",
                }
            ],
            ["memberships.0.endsAt"],
        ),
        ([{"organizationId": "org_1", "name": "Acme"}], ["memberships.0.name"]),
        ([{"organizationId": f"org_{number}"} for number in range(101)], ["memberships"]),
        ("org_1", ["memberships"]),
        (None, ["memberships"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, memberships: Any, fields: list[str]
) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme")
    world.join_organization(user.id, organization_id)
    stored = world.stored()

    reply = world.invoke(
        replace_user_organizations, path={"user_id": user.id}, body={"memberships": memberships}
    )

    assert (reply.status, reply.fields) == (422, fields)
    assert world.stored() == stored


def test_request_without_memberships_removes_nothing(world: World) -> None:
    reply = world.invoke(replace_user_organizations, path={"user_id": world.add_user().id}, body={})
    assert (reply.status, reply.fields) == (422, ["memberships"])


def test_one_unknown_organization_refuses_the_whole_request(world: World) -> None:
    user = world.add_user()
    held_id, known = world.add_organization("Held"), world.add_organization("Known")
    deleted = world.add_organization("Deleted", world.add_role("Partner"))
    world.join_organization(user.id, held_id)
    world.join_organization(user.id, deleted)
    world.invoke(delete_organization, path={"organization_id": deleted})
    stored = world.stored()

    for place, detail in (
        ({"organizationId": "org_unknown"}, "Organization not found"),
        ({"organizationId": deleted}, "Organization not found"),
        ({"organizationId": held_id, "roleId": "rol_unknown"}, "Role not found"),
    ):
        reply = replace(world, user.id, {"organizationId": known}, place)
        assert (reply.status, reply.body["detail"]) == (404, detail)
        assert world.stored() == stored


def test_organization_deleted_just_before_the_commit_is_not_joined(world: World) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme")
    delete = partial(world.invoke, delete_organization, path={"organization_id": organization_id})

    with meanwhile(world, COMMIT, delete):
        reply = replace(world, user.id, {"organizationId": organization_id})

    assert (reply.status, reply.code) == (404, "organization_not_found")
    assert world.user(user.id) == user


def test_stale_version_is_refused(world: World) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme")
    place = {"organizationId": organization_id}
    assert replace(world, user.id, place, If_Match='"1"').status == 200

    reply = replace(world, user.id, If_Match='"1"')

    assert (reply.status, reply.code) == (412, "stale_version")
    assert held(world, user.id) == {organization_id: "rol_user"}


def test_same_key_has_one_effect_and_one_answer(world: World) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme")
    place = {"organizationId": organization_id}
    first = replace(world, user.id, place, Idempotency_Key="key-1")
    replace(world, user.id)

    assert replace(world, user.id, place, Idempotency_Key="key-1") == first
    assert held(world, user.id) == {}


def test_membership_cannot_grant_permissions_that_the_caller_lacks(world: World) -> None:
    deleter = world.add_role("Deleter", Permission.USER_DELETE)
    viewer = world.add_role("Viewer", Permission.USER_VIEW)
    organization_id = world.add_organization("Acme", deleter)
    caller = world.add_user(permissions=(Permission.ORGANIZATION_ASSIGN, Permission.USER_VIEW))
    user = world.add_user()

    for place in (
        {"organizationId": organization_id, "roleId": deleter},
        {"organizationId": organization_id},
        {"organizationId": organization_id, "startsAt": "2027-01-01T00:00:00Z"},
    ):
        reply = replace(world, user.id, place, caller=caller.id)
        assert (reply.status, reply.code) == (403, "grant_exceeds_own")
        assert "user.delete" in reply.body["detail"]
        assert world.user(user.id) == user
    allowed = {"organizationId": organization_id, "roleId": viewer}
    assert replace(world, user.id, allowed, caller=caller.id).status == 200


def test_role_that_grants_more_before_the_commit_is_checked_again(world: World) -> None:
    role_id = world.add_role("Harmless", Permission.USER_VIEW)
    caller = world.add_user(permissions=(Permission.ORGANIZATION_ASSIGN, Permission.USER_VIEW))
    user, organization_id = world.add_user(), world.add_organization("Acme")
    extend = partial(world.grant_to_role, role_id, (Permission.USER_DELETE,))

    with meanwhile(world, COMMIT, extend):
        place = {"organizationId": organization_id, "roleId": role_id}
        reply = replace(world, user.id, place, caller=caller.id)

    assert (reply.status, reply.code) == (403, "grant_exceeds_own")
    assert world.user(user.id) == user


@pytest.mark.parametrize(
    "lesser",
    [
        None,
        {"roleId": built_in_roles.GUEST.id},
        {"endsAt": "2026-01-05T09:00:00Z"},
        {"startsAt": "2026-02-01T00:00:00Z"},
    ],
    ids=["nothing", "another role", "no time any more", "no time yet"],
)
def test_memberships_of_a_superior_cannot_be_removed(
    world: World, lesser: dict[str, Any] | None
) -> None:
    deleter = world.add_role("Deleter", Permission.USER_DELETE)
    organization_id = world.add_organization("Acme")
    user = world.join_organization(world.add_user().id, organization_id, deleter)
    caller = world.add_user(permissions=(Permission.ORGANIZATION_ASSIGN,))
    sent = [] if lesser is None else [{"organizationId": organization_id, **lesser}]

    reply = replace(world, user.id, *sent, caller=caller.id)

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert world.user(user.id) == user


def test_superior_can_be_added_to_an_organization(world: World) -> None:
    organization_id = world.add_organization("Acme")
    superior = world.add_user(permissions=(Permission.USER_DELETE,))
    caller = world.add_user(permissions=(Permission.ORGANIZATION_ASSIGN,))
    reply = replace(world, superior.id, {"organizationId": organization_id}, caller=caller.id)
    assert reply.status == 200


def test_own_organizations_cannot_be_changed(world: World) -> None:
    organization_id = world.add_organization("Acme")
    reply = replace(world, world.admin_id, {"organizationId": organization_id})
    assert (reply.status, reply.code) == (409, "own_account")
    assert held(world, world.admin_id) == {}


def test_unknown_and_deleted_users_are_refused(world: World) -> None:
    deleted, organization_id = world.add_user(), world.add_organization("Acme")
    world.join_organization(deleted.id, organization_id)
    deleted = world.user(deleted.id)
    world.change_user(deleted, deleted.as_deleted(world.clock.now))

    assert replace(world, "usr_unknown").body["detail"] == "User not found"
    refused = replace(world, deleted.id)
    assert (refused.status, refused.code) == (409, "user_deleted")
    assert held(world, deleted.id) == {organization_id: "rol_user"}


def test_request_beyond_one_transaction_is_refused_as_a_whole(world: World) -> None:
    user = world.add_user()
    many = [world.add_organization(f"Number {number}") for number in range(60)]
    stored = world.stored()

    too_many = replace(world, user.id, *({"organizationId": each} for each in many))
    assert (too_many.status, too_many.fields) == (422, ["memberships"])
    assert too_many.body["errors"][0]["code"] == "too_many_changes"
    assert world.stored() == stored

    for end in (40, 60):
        some = replace(world, user.id, *({"organizationId": each} for each in many[:end]))
        assert some.status == 200
    assert len(held(world, user.id)) == 60


def test_request_reads_names_once_and_commits_once(world: World) -> None:
    user = world.add_user()
    sent = [
        {"organizationId": world.add_organization(name), "roleId": built_in_roles.USER.id}
        for name in ("One", "Two", "Three")
    ]

    with watched(world.aws) as seen:
        replace(world, user.id, *sent)

    operations = [call.operation for call in seen]
    assert operations == ["Query", "Query", "BatchGetItem", "TransactWriteItems"]
