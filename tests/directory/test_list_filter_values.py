"""GET /admin/users/filter-values (U5)."""

from __future__ import annotations

from typing import Any

from functions.directory.delete_segment import delete_segment
from functions.directory.list_filter_values import list_filter_values
from functions.directory.list_users import list_users
from functions.groups.delete_group import delete_group
from rollcall.directory.columns import sortable_columns
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from tests.world.gateway import Reply
from tests.world.world import World


def ask(world: World, **query: str) -> Reply:
    return world.invoke(list_filter_values, query=query)


def values_of(reply: Reply, parameter: str) -> list[dict[str, Any]]:
    """The answer for one filter."""
    assert reply.status == 200, reply.body
    (found,) = (each for each in reply.body["filters"] if each["parameter"] == parameter)
    return list(found["values"])


def test_values_are_those_of_the_users_with_names_and_numbers(world: World) -> None:
    group_id = world.add_group("Readers")
    for status in (Status.ACTIVE, Status.ACTIVE, Status.SUSPENDED):
        user = world.add_user(status=status, user_types=("learner",))
        world.join_group(user.id, group_id)
    deleted = world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    world.build_directory()

    reply = ask(world)

    assert values_of(reply, "groups") == [{"value": group_id, "name": "Readers", "users": 3}]
    assert values_of(reply, "user_types") == [{"value": "learner", "users": 3}]
    assert values_of(reply, "roles") == [{"value": "rol_system", "name": "System", "users": 1}]
    assert values_of(reply, "statuses") == [
        {"value": "active", "users": 3},
        {"value": "deleted", "users": 1},
        {"value": "suspended", "users": 1},
    ]
    assert reply.body["sortableFields"] == [each.name for each in sortable_columns()]


def test_group_that_is_being_deleted_has_no_name_any_more(world: World) -> None:
    group_id = world.add_group("Readers")
    world.join_group(world.add_user().id, group_id)
    world.build_directory()

    assert world.invoke(delete_group, path={"group_id": group_id}).status == 200

    assert values_of(ask(world), "groups") == [{"value": group_id, "users": 1}]
    world.drain()
    assert values_of(ask(world), "groups") == []


def test_each_value_selects_the_reported_number_of_users(world: World) -> None:
    group_id = world.add_group("Readers")
    for number in range(4):
        user = world.add_user(
            phone=f"+49151123456{number:02}",
            user_types=("learner", "instructor")[: number % 3],
            profile={"country": "DE", "timezone": "Europe/Berlin", "gender": "female"},
        )
        world.join_group(user.id, group_id)
        world.sign_in(user.id, "google")
    world.build_directory()

    asked = [
        (each["parameter"], value["value"], value["users"])
        for each in ask(world).body["filters"]
        for value in each["values"]
    ]

    assert {parameter for parameter, _, _ in asked} >= {"auth_method", "oauth_provider", "country"}
    for parameter, value, users in asked:
        listed = world.invoke(list_users, query={parameter: value})
        assert listed.body["pagination"]["total"] == users, (parameter, value)


def test_latest_changes_count(world: World) -> None:
    world.build_directory()
    world.add_user(user_types=("learner",))

    assert values_of(ask(world), "user_types") == [{"value": "learner", "users": 1}]


def test_filters_narrow_the_users(world: World) -> None:
    world.add_user(user_types=("learner",), status=Status.SUSPENDED)
    world.add_user(user_types=("instructor",))
    world.build_directory()

    reply = ask(world, status="suspended")

    assert values_of(reply, "user_types") == [{"value": "learner", "users": 1}]


def test_sources_of_facts_are_named_and_stale_ones_marked(world: World) -> None:
    user = world.add_user()
    world.push_facts(user.id, "billing", plan="free")
    world.clock.advance(days=30)
    world.push_facts(user.id, "learning", progress=40, enrollmentCount=2)
    world.build_directory()

    assert ask(world).body["factSources"] == [
        {
            "source": "billing",
            "facts": ["plan"],
            "pushedAt": "2026-01-05T09:00:00.000Z",
            "stale": True,
        },
        {
            "source": "learning",
            "facts": ["enrollmentCount", "progress"],
            "pushedAt": "2026-02-04T09:00:00.000Z",
            "stale": False,
        },
    ]


def test_filter_on_an_unknown_source_is_left_out_and_named(world: World) -> None:
    world.build_directory()

    reply = ask(world, filter="facts.learning.progress gt 5")

    assert reply.body["skippedFilters"] == [
        {"filter": "facts.learning.progress gt 5", "reason": "unknown_source"}
    ]
    assert values_of(reply, "statuses") == [{"value": "active", "users": 1}]


def test_segment_that_there_is_not_is_not_found(world: World) -> None:
    world.build_directory()
    segment_id = world.add_segment("Suspended", 'status eq "suspended"').id
    assert values_of(ask(world, segment=segment_id), "statuses") == []

    world.invoke(delete_segment, path={"segment_id": segment_id})

    assert (ask(world, segment=segment_id).status, ask(world, segment=segment_id).code) == (
        404,
        "segment_not_found",
    )


def test_values_are_for_callers_who_can_list_users(world: World) -> None:
    world.build_directory()
    caller = world.add_user(permissions=(Permission.USER_VIEW,))

    reply = world.invoke(list_filter_values, caller=caller.id)

    assert (reply.status, reply.code) == (403, "permission_missing")
