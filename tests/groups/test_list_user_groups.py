"""GET /admin/users/{userId}/groups (G4, I19)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.groups.delete_group import delete_group
from functions.groups.list_user_groups import list_user_groups
from functions.groups.update_group import update_group
from rollcall.grants.grant import GroupRole
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World


def list_them(world: World, user_id: str, **query: str) -> Reply:
    return world.invoke(list_user_groups, path={"user_id": user_id}, query=query)


def test_groups_are_sorted_by_name_and_shown_with_role_and_period(world: World) -> None:
    beta, alpha = world.add_group("beta"), world.add_group("Alpha")
    user = world.add_user()
    world.join_group(user.id, beta, GroupRole.ADMIN)
    past = START - timedelta(days=2), START - timedelta(days=1)
    world.join_group(user.id, alpha, starts_at=past[0], ends_at=past[1])

    reply = list_them(world, user.id)

    assert reply.status == 200
    assert reply.body == {
        "items": [
            {
                "groupId": alpha,
                "groupName": "Alpha",
                "role": "member",
                "startsAt": "2026-01-03T09:00:00.000Z",
                "endsAt": "2026-01-04T09:00:00.000Z",
            },
            {"groupId": beta, "groupName": "beta", "role": "admin"},
        ],
        "pagination": {"page": 1, "limit": 25, "total": 2, "totalPages": 1},
    }


def test_pages_together_are_all_groups_without_duplicates(world: World) -> None:
    user = world.add_user()
    groups = [world.add_group(f"Group {number}") for number in range(7)]
    for group_id in groups:
        world.join_group(user.id, group_id)

    pages = [list_them(world, user.id, page=str(n), limit="3").body for n in (1, 2, 3, 4)]

    assert [each["groupId"] for page in pages for each in page["items"]] == groups
    assert pages[3]["pagination"] == {"page": 4, "limit": 3, "total": 7, "totalPages": 3}


def test_all_names_take_one_request(world: World) -> None:
    user = world.add_user()
    for number in range(5):
        world.join_group(user.id, world.add_group(f"Group {number}"))
    with watched(world.aws) as seen:
        list_them(world, user.id)
    # The caller, the user, the names.
    assert [call.operation for call in seen] == ["Query", "Query", "BatchGetItem"]


def test_deleted_group_is_not_shown_while_the_membership_still_exists(world: World) -> None:
    gone, kept = world.add_group("Gone"), world.add_group("Kept")
    user = world.add_user()
    for group_id in (gone, kept):
        world.join_group(user.id, group_id)

    world.invoke(delete_group, path={"group_id": gone})

    reply = list_them(world, user.id)
    assert [each["groupId"] for each in reply.body["items"]] == [kept]
    assert reply.body["pagination"]["total"] == 1


def test_current_group_names_are_shown(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    world.invoke(update_group, path={"group_id": group_id}, body={"name": "Editors"})
    assert list_them(world, user.id).body["items"][0]["groupName"] == "Editors"


def test_user_in_no_group_has_an_empty_page(world: World) -> None:
    assert list_them(world, world.add_user().id).body["items"] == []


def test_unknown_user_is_not_found(world: World) -> None:
    assert list_them(world, "usr_unknown").code == "user_not_found"


@pytest.mark.parametrize(
    ("query", "field"),
    [({"page": "0"}, "page"), ({"limit": "1001"}, "limit"), ({"cursor": "abc"}, "cursor")],
)
def test_wrong_parameters_are_refused(world: World, query: dict[str, str], field: str) -> None:
    reply = list_them(world, world.add_user().id, **query)
    assert (reply.status, reply.fields) == (422, [field])
