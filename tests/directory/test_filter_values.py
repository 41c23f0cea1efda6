"""The values of filters, against counts without SQL."""

from __future__ import annotations

from collections import Counter

import pytest

from rollcall.directory.conditions import Condition
from rollcall.directory.database import Database
from rollcall.directory.filter_values import (
    VALUES_AT_MOST,
    FilterValues,
    count_filter_values,
    listed_filters,
)
from rollcall.directory.filters import UserFilters
from rollcall.directory.selections import Selection
from rollcall.users.statuses import Status
from tests.directory.population import make_row, open_database
from tests.directory.questions import make_population
from tests.world.world import World

ALL = Condition("TRUE")
NOT_DELETED = Condition("status <> 'deleted'")
POPULATION = make_population(200)


@pytest.fixture(scope="module")
def database() -> Database:
    return open_database(POPULATION)


def count(world: World, database: Database) -> dict[str, FilterValues]:
    """The values of each filter, by its parameter."""
    selection = Selection(NOT_DELETED, ALL)
    found = count_filter_values(world.runtime.table, database, selection)
    return {each.parameter: each for each in found}


def test_filters_of_few_values_are_listed_once_by_their_parameters() -> None:
    assert {each.parameter: each.column.name for each in listed_filters()} == {
        "statuses": "status",
        "user_types": "userTypes",
        "auth_method": "authMethods",
        "oauth_provider": "oauthProviders",
        "roles": "roles",
        "groups": "groups",
        "organizations": "organizations",
        "permissions": "permissions",
        "country": "country",
        "continent": "continent",
        "timezone": "timezone",
        "locale": "locale",
        "gender": "gender",
    }
    taken = {field.alias for field in UserFilters.model_fields.values()}
    assert {each.parameter for each in listed_filters()} <= taken


def test_soft_deleted_users_count_only_for_their_status(world: World, database: Database) -> None:
    found = count(world, database)

    statuses = {Status(each.value): each.users for each in found["statuses"].values}
    assert statuses == Counter(row.status for row in POPULATION)
    groups = {each.value: each.users for each in found["groups"].values}
    shown = [row for row in POPULATION if row.status is not Status.DELETED]
    assert groups == Counter(group for row in shown for group in row.groups)


@pytest.mark.parametrize(("number", "more"), [(VALUES_AT_MOST, False), (VALUES_AT_MOST + 1, True)])
def test_no_more_than_so_many_values_are_listed(world: World, number: int, more: bool) -> None:
    database = open_database(
        make_row(f"usr_{each}_{twice}", groups=(f"grp_{each:03}",))
        for each in range(number)
        for twice in range(1 if each < number - 1 else 2)
    )

    groups = count(world, database)["groups"]

    assert (len(groups.values), groups.has_more) == (VALUES_AT_MOST, more)
    assert (groups.values[0].value, groups.values[0].users) == (f"grp_{number - 1:03}", 2)


def test_ids_come_with_the_names_of_what_there_still_is(world: World) -> None:
    group_id, role_id = world.add_group("Readers"), world.add_role("Assistant")
    organization_id = world.add_organization("Example Corp")
    database = open_database(
        [
            make_row(
                "usr_1",
                groups=(group_id, "grp_gone"),
                roles=(role_id, "rol_system"),
                organizations=(organization_id,),
            )
        ]
    )

    found = count(world, database)

    named = {
        each.value: each.name
        for name in ("groups", "roles", "organizations")
        for each in found[name].values
    }
    assert named == {
        group_id: "Readers",
        "grp_gone": None,
        role_id: "Assistant",
        "rol_system": "System",
        organization_id: "Example Corp",
    }
