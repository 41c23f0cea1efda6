"""GET /admin/permissions (R3)."""

from __future__ import annotations

from functions.roles.list_permissions import list_permissions
from rollcall.grants.permissions import Permission
from tests.world.aws_edge import watched
from tests.world.world import World


def test_every_permission_is_listed_with_its_description(world: World) -> None:
    reply = world.invoke(list_permissions)

    assert reply.status == 200
    assert reply.body["items"] == [
        {"permission": each.value, "description": each.__doc__} for each in Permission
    ]
    assert reply.body["items"][0] == {
        "permission": "admin:access",
        "description": "Everything. Platform admins hold it.",
    }
    assert all(item["description"].endswith(".") for item in reply.body["items"])
    assert reply.body["pagination"]["totalPages"] == 1


def test_pages_together_are_the_whole_list(world: World) -> None:
    first = world.invoke(list_permissions, query={"limit": "10"}).body
    pages = [first] + [
        world.invoke(list_permissions, query={"limit": "10", "page": str(number)}).body
        for number in range(2, first["pagination"]["totalPages"] + 1)
    ]
    listed = [item["permission"] for page in pages for item in page["items"]]
    assert listed == [each.value for each in Permission]


def test_only_the_caller_is_read(world: World) -> None:
    with watched(world.aws) as seen:
        world.invoke(list_permissions)
    assert [call.operation for call in seen] == ["Query"]
