"""GET /system/users/by-ids (Y1)."""

from __future__ import annotations

import pytest

from functions.system.list_users_by_ids import IDS_AT_MOST, list_users_by_ids
from functions.system.search_users import search_users
from functions.users.delete_user import delete_user
from tests.world.gateway import Reply
from tests.world.world import World


def by_ids(world: World, *ids: str) -> Reply:
    return world.invoke(list_users_by_ids, query={"ids": list(ids)})


def ids_of(reply: Reply) -> list[str]:
    return [user["id"] for user in reply.body["items"]]


def test_users_are_in_the_order_of_the_request_and_missing_ids_are_named(world: World) -> None:
    one, two, three = (world.add_user().id for _ in range(3))
    world.build_directory()

    reply = by_ids(world, three, "usr_gone", one, "usr_never", two)

    assert reply.status == 200
    assert ids_of(reply) == [three, one, two]
    assert reply.body["missing"] == ["usr_gone", "usr_never"]


def test_user_has_the_same_fields_as_in_the_search(world: World) -> None:
    user = world.add_user("ada@example.com", name="Ada")
    world.build_directory()
    searched = world.invoke(search_users, query={"search": "ada@example.com"}).body["items"]
    assert by_ids(world, user.id).body == {"items": searched, "missing": []}


def test_ids_can_be_repeated_or_comma_separated_and_count_once(world: World) -> None:
    one, two = world.add_user().id, world.add_user().id
    world.build_directory()
    for ids in ([f"{two},{one}"], [two, one], [f"{two}, {one}", two], [two, two, one]):
        reply = by_ids(world, *ids)
        assert (ids_of(reply), reply.body["missing"]) == ([two, one], [])


def test_recent_changes_are_shown(world: World) -> None:
    world.build_directory()
    new, soft, gone = world.add_user(), world.add_user(), world.add_user()
    world.invoke(delete_user, path={"user_id": soft.id}, query={"mode": "soft"})
    world.invoke(delete_user, path={"user_id": gone.id})

    reply = by_ids(world, new.id, soft.id, gone.id)

    statuses = {user["id"]: user["status"] for user in reply.body["items"]}
    assert statuses == {new.id: "active", soft.id: "deleted"}
    assert reply.body["missing"] == [gone.id]


def test_maximum_number_of_ids_is_answered(world: World) -> None:
    world.build_directory()
    ids = [f"usr_{number}" for number in range(IDS_AT_MOST)]
    assert by_ids(world, ",".join(ids)).body == {"items": [], "missing": ids}
    reply = by_ids(world, ",".join([*ids, "usr_more"]))
    assert (reply.status, reply.fields) == (422, ["ids"])


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({}, ["ids"]),
        ({"ids": ""}, ["ids.0"]),
        ({"ids": "usr_1,,usr_2"}, ["ids.1"]),
        ({"ids": "usr_1", "id": "usr_2"}, ["id"]),
    ],
)
def test_each_invalid_parameter_has_its_error(
    world: World, query: dict[str, str], fields: list[str]
) -> None:
    reply = world.invoke(list_users_by_ids, query=query)
    assert (reply.status, reply.fields) == (422, fields)


def test_missing_directory_is_reported_as_being_built(world: World) -> None:
    reply = by_ids(world, world.admin_id)
    assert (reply.status, reply.code) == (503, "directory_being_built")
