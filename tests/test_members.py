"""Users by what they have been given (G1, O1, I19)."""

from __future__ import annotations

from datetime import timedelta

from rollcall.kit.paging import ListRequest
from rollcall.members import MemberAnswer, load_users, read_members
from rollcall.statuses import Status
from tests.aws_edge import watched
from tests.world import START, World

DAY = timedelta(days=1)


def test_page_of_members_takes_two_requests_however_many_it_shows(world: World) -> None:
    group_id = world.add_group("Readers")
    ids = sorted(world.join_group(world.add_user().id, group_id).id for _ in range(4))

    with watched(world.aws) as seen:
        members, pagination = read_members(world.call(), group_id, ListRequest(), 4)

    assert [call.operation for call in seen] == ["Query", "BatchGetItem"]
    assert [member.user.id for member in members] == ids
    assert pagination.total == 4


def test_who_has_been_erased_meanwhile_is_left_out(world: World) -> None:
    group_id = world.add_group("Readers")
    gone, soft = (world.join_group(world.add_user().id, group_id) for _ in range(2))
    world.write(gone, gone.as_erased(world.clock.now))
    world.change_user(soft, soft.as_deleted(world.clock.now))

    members, _ = read_members(world.call(), group_id, ListRequest(), 2)

    assert [(each.user.id, each.user.status) for each in members] == [(soft.id, Status.DELETED)]


def test_users_are_loaded_once_each_without_those_who_are_not_there(world: World) -> None:
    user = world.add_user()
    found = load_users(world.runtime.table, [user.id, user.id, "usr_unknown"])
    assert found.keys() == {user.id}
    assert load_users(world.runtime.table, []) == {}


def test_answer_says_who_it_is_and_when(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.add_user("ada@example.com", name="Ada", username="ada")
    world.join_group(user.id, group_id, starts_at=START, ends_at=START + DAY)
    (member,), _ = read_members(world.call(), group_id, ListRequest(), 1)

    answer = MemberAnswer.of(member)

    assert answer.model_dump() == {
        "user_id": user.id,
        "name": "Ada",
        "email": "ada@example.com",
        "username": "ada",
        "status": Status.ACTIVE,
        "starts_at": START,
        "ends_at": START + DAY,
    }
