"""GET /admin/permissions/{permission}/holders (R2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.roles.list_permission_holders import list_permission_holders
from functions.roles.list_user_permissions import list_user_permissions
from functions.users.get_user import get_user
from rollcall.access.policy import change_policy
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World

HOUR = timedelta(hours=1)


def list_them(world: World, permission: str, **query: str) -> Reply:
    path = {"permission": permission}
    return world.invoke(list_permission_holders, path=path, query=query)


def holders(world: World, permission: str) -> dict[str, list[dict[str, Any]]]:
    """What the operation says of others than the first admin, by user."""
    items = list_them(world, permission, limit="1000").body["items"]
    return {item["userId"]: item["grants"] for item in items if item["userId"] != world.admin_id}


def test_holder_is_listed_with_every_source_of_the_permission(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW, Permission.USER_UPDATE)
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    organization_id = world.add_organization("Acme")
    world.clock.advance(seconds=1)
    user = world.add_user(
        "ada@example.com", name="Ada", username="ada", permissions=(Permission.USER_VIEW,)
    )
    world.give_role(user.id, role_id)
    world.join_group(user.id, group_id)
    world.join_organization(user.id, organization_id, role_id)
    world.add_user(permissions=(Permission.USER_CREATE,))

    reply = list_them(world, "user.view")

    admin, holder = reply.body["items"]
    assert (reply.status, admin["userId"]) == (200, world.admin_id)
    assert admin["grants"] == [{"kind": "role", "id": "rol_system", "name": "System"}]
    assert holder == {
        "userId": user.id,
        "name": "Ada",
        "email": "ada@example.com",
        "username": "ada",
        "status": "active",
        "grants": [
            {"kind": "direct", "id": "user.view"},
            {"kind": "role", "id": role_id, "name": "Support"},
            {"kind": "group", "id": group_id, "name": "Viewers"},
            {"kind": "organization", "id": organization_id, "name": "Acme", "roleId": role_id},
        ],
    }
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 2, "totalPages": 1}


def test_platform_admins_hold_every_permission_by_the_role_system(world: World) -> None:
    other = world.add_user(is_admin=True)
    for permission in Permission:
        assert holders(world, permission) == {
            other.id: [{"kind": "role", "id": "rol_system", "name": "System"}]
        }


def test_only_grants_in_force_are_shown_with_their_times(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    user = world.add_user()
    world.give_role(user.id, role_id, ends_at=START + HOUR)
    world.join_group(user.id, group_id, starts_at=START + 2 * HOUR)

    (grant,) = holders(world, "user.view")[user.id]
    assert (grant["kind"], grant["endsAt"]) == ("role", "2026-01-05T10:00:00.000Z")
    world.clock.advance(hours=1)
    assert holders(world, "user.view") == {}
    world.clock.advance(hours=1)
    (grant,) = holders(world, "user.view")[user.id]
    assert (grant["kind"], grant["startsAt"]) == ("group", "2026-01-05T11:00:00.000Z")


def test_deleted_organization_grants_nothing(world: World) -> None:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()
    organization_id = world.add_organization("Acme")
    world.join_organization(user.id, organization_id, role_id)
    assert holders(world, "user.view").keys() == {user.id}

    for change in change_policy(world.call(), lambda policy: policy.with_ended(organization_id)):
        world.call().commit(change, answer=lambda written: written)

    assert holders(world, "user.view") == {}


def test_holder_who_cannot_sign_in_is_listed_with_the_status(world: World) -> None:
    suspended = world.add_user(status=Status.SUSPENDED, permissions=(Permission.USER_VIEW,))
    deleted = world.add_user(permissions=(Permission.USER_VIEW,))
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    erased = world.add_user(permissions=(Permission.USER_VIEW,))
    world.change_user(erased, erased.as_erased(world.clock.now))

    items = list_them(world, "user.view").body["items"]

    assert {item["userId"]: item["status"] for item in items} == {
        world.admin_id: "active",
        suspended.id: "suspended",
        deleted.id: "deleted",
    }


def test_user_who_is_being_erased_is_not_shown(world: World) -> None:
    user = world.add_user(permissions=(Permission.USER_VIEW,))
    world.write(user, user.as_erased(world.clock.now))
    assert holders(world, "user.view") == {}


def test_pages_together_are_the_whole_list_without_duplicates(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    role_id = world.add_role("Support", Permission.USER_VIEW)
    made = {world.admin_id}
    for number in range(6):
        user = world.add_user(permissions=(Permission.USER_VIEW,) if number % 2 else ())
        world.join_group(user.id, group_id)
        world.give_role(user.id, role_id)
        made.add(user.id)

    pages = [
        list_them(world, "user.view", page=str(number), limit="3").body for number in (1, 2, 3, 4)
    ]

    assert [len(page["items"]) for page in pages] == [3, 3, 1, 0]
    assert sorted(item["userId"] for page in pages for item in page["items"]) == sorted(made)
    assert {page["pagination"]["total"] for page in pages} == {7}


def test_cursor_lists_all_holders_and_reads_one_page_at_a_time(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    role_id = world.add_role("Support", Permission.USER_VIEW)
    organizations = [world.add_organization(name) for name in ("One", "Two")]
    for number in range(8):
        user = world.add_user(permissions=(Permission.USER_VIEW,) if number % 2 else ())
        world.join_group(user.id, group_id)
        for each in organizations[: number % 3]:
            world.join_organization(user.id, each, role_id)
    whole = list_them(world, "user.view").body["items"]

    page = list_them(world, "user.view", limit="2").body
    walked, totals = page["items"], [page["pagination"]["total"]]
    while cursor := page["pagination"].get("nextCursor"):
        with watched(world.aws) as seen:
            page = list_them(world, "user.view", limit="2", cursor=cursor).body
        walked += page["items"]
        totals.append(page["pagination"]["total"])
        indexed = [call.parameters for call in seen if "IndexName" in call.parameters]
        assert {each["Limit"] for each in indexed} == {3}

    assert walked == whole
    assert totals == [9] * 5


def test_cursor_of_another_permission_is_refused(world: World) -> None:
    world.add_user(permissions=(Permission.USER_VIEW,))
    first = list_them(world, "user.view", limit="1").body
    cursor = first["pagination"]["nextCursor"]
    refused = list_them(world, "user.create", limit="1", cursor=cursor)
    assert (refused.status, refused.code) == (400, "cursor_invalid")


def test_group_admin_is_listed_with_the_group(world: World) -> None:
    readers = world.add_group("Readers")
    granting = world.add_group("Granting", Permission.WORKSPACE_VIEW)
    user, member = world.add_user(), world.add_user()
    world.join_group(user.id, readers, GroupRole.ADMIN)
    world.join_group(user.id, granting, GroupRole.ADMIN)
    world.join_group(member.id, readers)
    everywhere = {"kind": "group", "id": granting, "name": "Granting"}

    told = holders(world, "workspace.view")
    path = {"user_id": user.id}
    permissions = world.invoke(list_user_permissions, path=path).body["permissions"]

    expected = [
        {"kind": "group", "id": readers, "name": "Readers", "onlyForGroup": readers},
        everywhere,
        {**everywhere, "onlyForGroup": granting},
    ]
    assert told == {user.id: sorted(expected, key=lambda each: each["id"])}
    explained = {each["permission"]: each["grants"] for each in permissions}
    assert explained["workspace.view"] == told[user.id]
    assert world.invoke(get_user, path=path).body["effectivePermissions"] == ["workspace.view"]
    demoted = world.join_group(user.id, readers, GroupRole.MEMBER)
    assert demoted.find_membership(readers)
    assert len(holders(world, "workspace.delete")[user.id]) == 1


def test_page_takes_one_query_for_each_kind_of_source_and_one_read_for_names(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    role_id = world.add_role("Support", Permission.USER_VIEW)
    for _ in range(4):
        world.join_group(world.add_user().id, group_id)
        world.give_role(world.add_user().id, role_id)

    with watched(world.aws) as seen:
        assert len(list_them(world, "user.view").body["items"]) == 9

    asked = [
        call.parameters["ExpressionAttributeValues"][":pk"]["S"]
        for call in seen
        if "IndexName" in call.parameters
    ]
    assert sorted(asked) == [
        "HOLDERS#admin:access",
        f"HOLDERS#{role_id}",
        "HOLDERS#rol_system",
        "HOLDERS#user.view",
        f"MEMBERS#{group_id}",
    ]
    others = [call.operation for call in seen if "IndexName" not in call.parameters]
    assert others == ["Query", "GetItem", "BatchGetItem"]


@pytest.mark.parametrize("permission", ["user.fly", "USER.VIEW", "USER_VIEW", "*"])
def test_unknown_permission_is_not_found(world: World, permission: str) -> None:
    reply = list_them(world, permission)
    assert (reply.status, reply.code) == (404, "permission_not_found")
    assert reply.body["detail"] == "Permission not found"


@pytest.mark.parametrize(
    ("query", "fields"),
    [({"page": "0"}, ["page"]), ({"limit": "1001"}, ["limit"]), ({"of": "x"}, ["of"])],
)
def test_each_invalid_parameter_has_its_error(
    world: World, query: dict[str, str], fields: list[str]
) -> None:
    reply = list_them(world, "user.view", **query)
    assert (reply.status, reply.fields) == (422, fields)
