"""GET /admin/roles (R1, I19)."""

from __future__ import annotations

import pytest

from functions.roles.list_roles import list_roles
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World


def list_them(world: World, **query: str) -> Reply:
    return world.invoke(list_roles, query=query)


def test_roles_are_sorted_by_name_and_shown_with_their_permissions(world: World) -> None:
    world.add_role("support", Permission.USER_VIEW, Permission.USER_UPDATE)
    world.add_role("Auditor")

    reply = list_them(world)

    assert reply.status == 200
    assert [(role["name"], role["permissions"]) for role in reply.body["items"]] == [
        ("Admin", []),
        ("Auditor", []),
        ("Guest", []),
        ("support", ["user.view", "user.update"]),
        ("System", ["admin:access"]),
        ("User", []),
    ]
    assert [role["id"] for role in reply.body["items"] if role["builtIn"]] == [
        "rol_admin",
        "rol_guest",
        "rol_system",
        "rol_user",
    ]
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 6, "totalPages": 1}


def test_role_is_listed_with_the_number_of_its_holders(world: World) -> None:
    world.add_user(is_admin=True)
    world.add_organization("Acme")

    counts = {role["id"]: role["holderCount"] for role in list_them(world).body["items"]}

    assert counts == {"rol_system": 2, "rol_user": 1, "rol_admin": 0, "rol_guest": 0}


def test_pages_together_are_the_whole_list_without_duplicates(world: World) -> None:
    made = {world.add_role(f"Role {number}") for number in range(3)}
    pages = [list_them(world, page=str(number), limit="3").body for number in (1, 2, 3, 4)]

    assert [len(page["items"]) for page in pages] == [3, 3, 1, 0]
    listed = [role["id"] for page in pages for role in page["items"]]
    assert len(listed) == 7
    assert set(listed) == made | {"rol_admin", "rol_guest", "rol_system", "rol_user"}


def test_cursor_continues_to_the_end(world: World) -> None:
    first = list_them(world, limit="3").body
    second = list_them(world, limit="3", cursor=first["pagination"]["nextCursor"]).body

    names = [role["name"] for page in (first, second) for role in page["items"]]
    assert names == ["Admin", "Guest", "System", "User"]
    assert "nextCursor" not in second["pagination"]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"page": "0"}, ["page"]),
        ({"limit": "1001"}, ["limit"]),
        ({"sort": "name"}, ["sort"]),
    ],
)
def test_each_invalid_parameter_has_its_error(
    world: World, query: dict[str, str], fields: list[str]
) -> None:
    reply = list_them(world, **query)
    assert (reply.status, reply.fields) == (422, fields)
