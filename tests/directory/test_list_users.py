"""GET /admin/users (U2, U3, U4)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.directory.list_users import list_users
from functions.directory.update_segment import update_segment
from functions.groups.add_user_to_group import add_user_to_group
from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.update_user import update_user
from rollcall.directory.rows import DirectoryUser
from rollcall.grants.permissions import Permission
from tests.world.world import World


def list_with(world: World, **query: str) -> Any:
    reply = world.invoke(list_users, query=query)
    assert reply.status == 200, reply.body
    return reply.body


def names(body: Any) -> list[str | None]:
    return [each.get("name") for each in body["items"]]


def test_latest_changes_are_in_the_list(world: World) -> None:
    world.build_directory()
    group_id = world.add_group("Editors")

    user_id = world.invoke(create_user, body={"email": "new@example.com"}).body["id"]
    assert list_with(world, search="new@")["pagination"]["total"] == 1

    world.invoke(update_user, path={"user_id": user_id}, body={"name": "Ada Lovelace"})
    assert names(list_with(world, search="lovelace")) == ["Ada Lovelace"]

    world.invoke(add_user_to_group, path={"user_id": user_id}, body={"groupId": group_id})
    (item,) = list_with(world, groups=group_id)["items"]
    assert (item["id"], item["groupCount"]) == (user_id, 1)

    world.sign_in(user_id)
    world.add_resource(user_id)
    (item,) = list_with(world, active_in_last_days="1")["items"]
    assert (item["lastLoginAt"], item["resources"]) == (
        item["createdAt"],
        {"workspace": 1},
    )

    world.push_facts(user_id, "learning", progress=80)
    assert names(list_with(world, progress_min="80")) == ["Ada Lovelace"]
    assert names(list_with(world, progress_min="81")) == []

    world.invoke(delete_user, path={"user_id": user_id})
    assert list_with(world, search="lovelace")["pagination"]["total"] == 0


def test_newest_come_first_25_a_page_with_the_exact_total(world: World) -> None:
    for number in range(30):
        world.clock.advance(seconds=1)
        world.add_user(name=f"User {number}")
    world.build_directory()

    body = list_with(world)

    assert names(body)[:2] == ["User 29", "User 28"]
    cursor = body["pagination"].pop("nextCursor")
    assert body["pagination"] == {"page": 1, "limit": 25, "total": 31, "totalPages": 2}
    assert names(list_with(world, cursor=cursor)) == names(list_with(world, page="2"))


def test_item_has_the_columns_of_the_row(world: World) -> None:
    world.add_user(name="Ada")
    world.build_directory()
    (item,) = list_with(world, search="ada")["items"]
    assert item.keys() <= {field.alias for field in DirectoryUser.model_fields.values()}
    assert {"id", "version", "email", "username", "status", "isAdmin", "createdAt"} <= item.keys()
    assert {"groupCount", "workspaceCount", "resources", "roles", "groups"} <= item.keys()


def test_soft_deleted_users_are_excluded_unless_selected(world: World) -> None:
    deleted = world.add_user(name="Gone")
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    world.build_directory()

    assert names(list_with(world)) == [None]
    assert names(list_with(world, status="deleted")) == ["Gone"]
    assert names(list_with(world, filter="deletedAt pr")) == ["Gone"]


def test_filters_are_joined_by_and(world: World) -> None:
    for number in range(6):
        country = "DE" if number % 2 else "FR"
        world.add_user(name=f"User {number}", profile={"country": country, "city": "Ulm"})
    world.build_directory()

    body = list_with(world, country="DE", filter='name co "3" or name co "4"', sortBy="name")

    assert names(body) == ["User 3"]


def test_filter_on_an_unknown_source_is_ignored_and_reported(world: World) -> None:
    world.add_user(name="Ada")
    world.build_directory()

    body = list_with(world, search="ada", progress_min="50")

    assert names(body) == ["Ada"]
    (skipped,) = body["skippedFilters"]
    assert skipped["reason"] == "unknown_source"
    assert "facts.learning.progress" in skipped["filter"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"status": "asleep"}, "status"),
        ({"sortBy": "bio"}, "sortBy"),
        ({"sortOrder": "up"}, "sortOrder"),
        ({"limit": "1001"}, "limit"),
        ({"page": "0"}, "page"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"age_min": "young"}, "age_min"),
        ({"filter": "name is nice"}, "filter"),
        ({"filter": 'password eq "x"'}, "filter"),
        ({"filter": 'searchText co "x"'}, "filter"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_field(
    world: World, query: dict[str, str], field: str
) -> None:
    world.build_directory()
    reply = world.invoke(list_users, query=query)
    named = reply.body["errors"][0]["field"].partition(".")[0]
    assert (reply.status, named) == (422, field)


def test_altered_cursor_is_refused(world: World) -> None:
    world.build_directory()
    reply = world.invoke(list_users, query={"cursor": "bm90IGEgY3Vyc29y"})
    assert (reply.status, reply.code) == (400, "cursor_invalid")


def test_list_is_unavailable_while_the_directory_is_built(world: World) -> None:
    reply = world.invoke(list_users)
    assert (reply.status, reply.code) == (503, "directory_being_built")

    world.build_directory()

    assert world.invoke(list_users).status == 200


def test_listing_needs_its_permission(world: World) -> None:
    world.build_directory()
    may, may_not = world.add_user(permissions=(Permission.USER_LIST,)), world.add_user()
    assert world.invoke(list_users, caller=may.id).status == 200
    assert world.invoke(list_users, caller=may_not.id).code == "permission_missing"


def test_cursor_ends_when_its_segment_gets_another_filter(world: World) -> None:
    for _ in range(2):
        world.add_user(name="Ada")
    segment = world.add_segment("Adas", 'name eq "Ada"')
    world.build_directory()
    asked = {"segment": segment.id, "limit": "1"}
    cursor = list_with(world, **asked)["pagination"]["nextCursor"]
    body = {"filter": 'name sw "A"'}
    world.invoke(update_segment, path={"segmentId": segment.id}, body=body)

    reply = world.invoke(list_users, query={**asked, "cursor": cursor})

    assert (reply.status, reply.code) == (400, "cursor_invalid")


def test_source_that_pushes_no_facts_is_still_known(world: World) -> None:
    quiet, spoken_of = world.add_user(), world.add_user()
    world.build_directory()
    world.push_facts(spoken_of.id, "learning", progress=80)
    world.clock.advance(days=8)
    world.push_facts(quiet.id, "learning")

    body = list_with(world, progress_min="50")

    assert [each["id"] for each in body["items"]] == [spoken_of.id]
    assert "skippedFilters" not in body
