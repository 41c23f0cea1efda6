"""Members of groups and organizations (G1, O1, I19)."""

from __future__ import annotations

from rollcall.kit.paging import ListRequest
from rollcall.members.member import load_users, read_members
from tests.world.aws_edge import watched
from tests.world.world import World


def test_members_of_a_group_are_its_rows_with_their_users(world: World) -> None:
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    users = [world.add_user(name=f"User {number}") for number in range(3)]
    for user in users:
        world.join_group(user.id, group_id)
    world.join_group(world.add_user().id, other_id)

    members, pagination = read_members(world.call(), group_id, ListRequest(), 3)

    assert [member.user.id for member in members] == sorted(user.id for user in users)
    assert {member.row["groupId"] for member in members} == {group_id}
    assert {member.user.name for member in members} == {"User 0", "User 1", "User 2"}
    assert pagination.total == 3


def test_members_of_an_organization_are_found_in_the_same_way(world: World) -> None:
    organization_id = world.add_organization("Acme")
    user = world.join_organization(world.add_user().id, organization_id)

    ((row, found),), _ = read_members(world.call(), organization_id, ListRequest(), 1)

    assert (row["organizationId"], found.id) == (organization_id, user.id)


def test_page_takes_one_query_and_one_batch_whatever_its_size(world: World) -> None:
    group_id = world.add_group("Readers")
    for _ in range(6):
        world.join_group(world.add_user().id, group_id)
    read_members(world.call(), group_id, ListRequest(limit=1), 6)  # makes the key of cursors
    for limit in (1, 5, 100):
        with watched(world.aws) as seen:
            read_members(world.call(), group_id, ListRequest(limit=limit), 6)
        assert [call.operation for call in seen] == ["Query", "BatchGetItem"]


def test_row_of_a_permanently_deleted_user_is_left_out(world: World) -> None:
    group_id = world.add_group("Readers")
    gone, kept = (world.join_group(world.add_user().id, group_id) for _ in range(2))
    world.write(gone, gone.as_erased(world.clock.now))

    members, _ = read_members(world.call(), group_id, ListRequest(), 2)

    assert [member.user.id for member in members] == [kept.id]


def test_soft_deleted_user_is_listed_again_when_restored(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    deleted = world.change_user(user, user.as_deleted(world.clock.now))
    assert read_members(world.call(), group_id, ListRequest(), 0)[0] == []

    world.change_user(deleted, deleted.as_restored(world.clock.now))

    ((_, found),), _ = read_members(world.call(), group_id, ListRequest(), 1)
    assert found.id == user.id


def test_users_are_loaded_in_a_batch_each_once(world: World) -> None:
    first, second = world.add_user(), world.add_user()
    with watched(world.aws) as seen:
        found = load_users(world.runtime.table, [first.id, second.id, first.id, "usr_unknown"])
    assert found.keys() == {first.id, second.id}
    assert found[first.id].email == first.email
    assert [call.operation for call in seen] == ["BatchGetItem"]
