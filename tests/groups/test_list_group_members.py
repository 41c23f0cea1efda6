"""GET /admin/groups/{groupId}/members (G1, I19)."""

from __future__ import annotations

from datetime import timedelta

from functions.groups.delete_group import delete_group
from functions.groups.list_group_members import list_group_members
from rollcall.grants.grant import GroupRole
from rollcall.users.statuses import Status
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World


def list_them(world: World, group_id: str, caller: str = "", **query: str) -> Reply:
    return world.invoke(list_group_members, caller=caller, path={"group_id": group_id}, query=query)


def test_members_are_listed_with_their_user_and_role(world: World) -> None:
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    world.join_group(world.add_user().id, other_id)
    first = world.add_user("ada@example.com", name="Ada", username="ada", status=Status.SUSPENDED)
    second = world.add_user("eve@example.com", username="eve")
    world.join_group(first.id, group_id, GroupRole.ADMIN)
    starts, ends = START + timedelta(days=1), START + timedelta(days=2)
    world.join_group(second.id, group_id, starts_at=starts, ends_at=ends)

    reply = list_them(world, group_id)

    assert reply.status == 200
    assert sorted(reply.body["items"], key=lambda each: str(each["email"])) == [
        {
            "userId": first.id,
            "name": "Ada",
            "email": "ada@example.com",
            "username": "ada",
            "status": "suspended",
            "role": "admin",
        },
        {
            "userId": second.id,
            "email": "eve@example.com",
            "username": "eve",
            "status": "active",
            "role": "member",
            "startsAt": "2026-01-06T09:00:00.000Z",
            "endsAt": "2026-01-07T09:00:00.000Z",
        },
    ]
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 2, "totalPages": 1}


def test_pages_together_are_all_members_without_duplicates(world: World) -> None:
    group_id = world.add_group("Readers")
    joined = {world.join_group(world.add_user().id, group_id).id for _ in range(7)}

    pages = [list_them(world, group_id, page=str(n), limit="3").body for n in (1, 2, 3, 4)]

    assert [len(page["items"]) for page in pages] == [3, 3, 1, 0]
    listed = [member["userId"] for page in pages for member in page["items"]]
    assert (len(listed), set(listed)) == (7, joined)
    assert pages[3]["pagination"] == {"page": 4, "limit": 3, "total": 7, "totalPages": 3}


def test_cursor_continues_the_list_only_for_its_caller(world: World) -> None:
    group_id = world.add_group("Readers")
    joined = {world.join_group(world.add_user().id, group_id).id for _ in range(4)}
    page = list_them(world, group_id, limit="3").body
    cursor = page["pagination"]["nextCursor"]

    rest = list_them(world, group_id, limit="3", cursor=cursor).body

    assert {each["userId"] for each in page["items"] + rest["items"]} == joined
    assert rest["pagination"]["page"] == 2
    other = world.add_user(is_admin=True)
    refused = list_them(world, group_id, caller=other.id, limit="3", cursor=cursor)
    assert (refused.status, refused.code) == (400, "cursor_invalid")


def test_page_takes_the_same_number_of_requests_at_any_size(world: World) -> None:
    group_id = world.add_group("Readers")
    for _ in range(8):
        world.join_group(world.add_user().id, group_id)

    for limit in ("2", "100"):
        with watched(world.aws) as seen:
            list_them(world, group_id, limit=limit, page="1")
        reads = [call.operation for call in seen]
        assert reads.count("BatchGetItem") == 1
        assert "Scan" not in reads
        assert len([each for each in seen if "gsi1" in each.parameters.get("IndexName", "")]) == 1


def test_permanently_deleted_user_is_not_listed(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    world.write(user, user.as_erased(world.clock.now))
    assert list_them(world, group_id).body["items"] == []

    world.drain()

    assert list_them(world, group_id).body["pagination"]["total"] == 0


def test_deleted_group_has_no_members_to_show(world: World) -> None:
    group_id = world.add_group("Readers")
    world.join_group(world.add_user().id, group_id)
    world.invoke(delete_group, path={"group_id": group_id})
    for unknown in (group_id, "grp_unknown"):
        reply = list_them(world, unknown)
        assert (reply.status, reply.code) == (404, "group_not_found")
