"""GET /admin/users/field-values (U5)."""

from __future__ import annotations

import pytest

from functions.directory.list_field_values import list_field_values
from rollcall.users.statuses import Status
from rollcall_infra.catalog import read_catalog
from rollcall_infra.openapi import build_document
from tests.world.gateway import Reply
from tests.world.world import World


def ask(world: World, **query: str) -> Reply:
    return world.invoke(list_field_values, query=query)


def add_designations(world: World, *designations: str) -> None:
    for each in designations:
        world.add_user(profile={"designation": each})
    world.build_directory()


def test_values_that_contain_the_text_are_listed_page_by_page(world: World) -> None:
    add_designations(world, "Engineer", "engineer", "Site engineer", "Site engineer", "Cook")

    reply = ask(world, field="designation", q="ENG", limit="2")

    assert reply.body == {
        "items": [{"value": "Engineer", "users": 1}, {"value": "engineer", "users": 1}],
        "pagination": {"page": 1, "limit": 2, "total": 3, "totalPages": 2},
    }
    second = ask(world, field="designation", q="ENG", limit="2", page="2")
    assert second.body["items"] == [{"value": "Site engineer", "users": 2}]


def test_page_behind_the_last_is_empty_with_the_total(world: World) -> None:
    add_designations(world, "Cook")

    reply = ask(world, field="designation", page="7")

    assert (reply.body["items"], reply.body["pagination"]["total"]) == ([], 1)


def test_elements_of_lists_are_values_each(world: World) -> None:
    world.add_user(profile={"expertise": ["tea", "maps"]})
    world.add_user(profile={"expertise": ["tea"]})
    world.build_directory()

    assert ask(world, field="expertise").body["items"] == [
        {"value": "tea", "users": 2},
        {"value": "maps", "users": 1},
    ]


def test_values_are_those_of_the_selected_users(world: World) -> None:
    world.add_user(profile={"designation": "Cook"}, status=Status.SUSPENDED)
    deleted = world.add_user(profile={"designation": "Captain"})
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    add_designations(world, "Carpenter")

    def find(**filters: str) -> list[str]:
        reply = ask(world, field="designation", q="c", **filters)
        return [each["value"] for each in reply.body["items"]]

    assert find() == ["Carpenter", "Cook"]
    assert find(statuses="suspended") == ["Cook"]
    assert find(statuses="deleted") == ["Captain"]


@pytest.mark.parametrize("field", ["email", "searchText", "facts", "groups", "nothing"])
def test_unsupported_fields_are_refused_with_the_supported_ones(world: World, field: str) -> None:
    reply = ask(world, field=field)

    assert (reply.status, reply.fields) == (422, ["field"])
    assert "designation" in reply.body["errors"][0]["message"]


def test_field_is_needed_and_the_text_has_to_be_one(world: World) -> None:
    assert (ask(world).status, ask(world).fields) == (422, ["field"])
    half_a_character = ask(world, field="city", q="\ud800")
    assert (half_a_character.status, half_a_character.fields) == (422, ["q"])


def test_document_names_the_fields() -> None:
    operation = build_document(read_catalog().operations)["paths"]["/admin/users/field-values"][
        "get"
    ]

    (field,) = (each for each in operation["parameters"] if each["name"] == "field")
    assert {"designation", "city", "expertise"} <= set(field["schema"]["enum"])
    assert "email" not in field["schema"]["enum"]
