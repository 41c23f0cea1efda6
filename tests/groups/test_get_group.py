"""GET /admin/groups/{groupId} (G1, I12, I19)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.groups.delete_group import delete_group
from functions.groups.get_group import get_group
from functions.groups.update_group import update_group
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World


def get(world: World, group_id: str, **query: str) -> Reply:
    return world.invoke(get_group, path={"group_id": group_id}, query=query)


def test_group_is_shown_with_its_permissions_and_members(world: World) -> None:
    group_id = world.add_group("Editors", Permission.USER_VIEW)
    user = world.add_user("ada@example.com", name="Ada", username="ada")
    world.join_group(user.id, group_id, GroupRole.ADMIN, ends_at=START + timedelta(days=1))

    reply = get(world, group_id)

    assert reply.status == 200
    assert reply.headers["ETag"].startswith('"1-')
    assert reply.body == {
        "id": group_id,
        "version": 1,
        "name": "Editors",
        "permissions": ["user.view"],
        "memberCount": 1,
        "activeWorkspaceCount": 0,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
        "members": {
            "items": [
                {
                    "userId": user.id,
                    "name": "Ada",
                    "email": "ada@example.com",
                    "username": "ada",
                    "status": "active",
                    "role": "admin",
                    "endsAt": "2026-01-06T09:00:00.000Z",
                }
            ],
            "pagination": {"page": 1, "limit": 25, "total": 1, "totalPages": 1},
        },
    }


def test_members_are_paged_by_number_and_by_cursor(world: World) -> None:
    group_id = world.add_group("Readers")
    joined = {world.join_group(world.add_user().id, group_id).id for _ in range(5)}

    seen: list[str] = []
    query = {"limit": "2"}
    for size, rest in ((2, True), (2, True), (1, False)):
        members = get(world, group_id, **query).body["members"]
        assert (len(members["items"]), members["pagination"]["total"]) == (size, 5)
        assert ("nextCursor" in members["pagination"]) is rest
        seen += [each["userId"] for each in members["items"]]
        query = {"limit": "2", "cursor": members["pagination"].get("nextCursor", "")}

    assert (len(seen), set(seen)) == (5, joined)


def test_cursor_of_another_group_is_refused(world: World) -> None:
    groups = [world.add_group("One"), world.add_group("Two")]
    for group_id in groups * 2:
        world.join_group(world.add_user().id, group_id)
    cursor = get(world, groups[0], limit="1").body["members"]["pagination"]["nextCursor"]

    reply = get(world, groups[1], limit="1", cursor=cursor)

    assert (reply.status, reply.code) == (400, "cursor_invalid")


def test_version_in_the_etag_changes_with_the_permissions_and_not_with_the_members(
    world: World,
) -> None:
    group_id = world.add_group("Readers")
    alone = get(world, group_id).headers["ETag"]
    world.join_group(world.add_user().id, group_id)
    joined = get(world, group_id).headers["ETag"]
    assert alone == '"1"'
    assert joined.startswith('"1-')  # another answer, so another tag

    body, headers = {"permissions": ["user.view"]}, {"If-Match": joined}
    changed = world.invoke(update_group, path={"group_id": group_id}, body=body, headers=headers)

    assert changed.status == 200
    assert get(world, group_id).headers["ETag"].startswith('"2-')


def test_unknown_and_deleted_groups_have_the_same_answer(world: World) -> None:
    group_id = world.add_group("Readers")
    world.invoke(delete_group, path={"group_id": group_id})
    unknown, deleted = get(world, "grp_unknown"), get(world, group_id)
    assert (unknown.status, unknown.code) == (404, "group_not_found")
    assert deleted.body == unknown.body


@pytest.mark.parametrize(
    ("query", "field"),
    [({"page": "0"}, "page"), ({"limit": "1001"}, "limit"), ({"sort": "name"}, "sort")],
)
def test_wrong_parameters_are_refused(world: World, query: dict[str, str], field: str) -> None:
    reply = get(world, world.add_group("Readers"), **query)
    assert (reply.status, reply.fields) == (422, [field])
