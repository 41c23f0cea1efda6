"""The steps that operations on memberships share (G2, G5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.groups.add_users_to_group import AddedMember
from functions.groups.delete_group import delete_group
from rollcall.grants.grant import GroupRole, Period
from rollcall.grants.time_boxes import TimeBoxed, refuse_repeated
from rollcall.kit.errors import Conflict, Invalid, NotFound
from rollcall.members.group_memberships import (
    MembershipSettings,
    join_group,
    load_member,
    set_group_role,
)
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.world import World

ENDS = START + timedelta(days=1)


@given(ids=st.lists(st.sampled_from(["usr_1", "usr_2", "usr_3", "usr_4"])))
def test_list_with_a_duplicate_user_is_refused(ids: list[str]) -> None:
    members = [AddedMember(user_id=each) for each in ids]
    if len(set(ids)) == len(ids):
        refuse_repeated(members, "user_id")
    else:
        with pytest.raises(ValueError, match=r"usr_\d can occur only once\."):
            refuse_repeated(members, "user_id")


def test_joining_sets_requested_fields_and_keeps_the_others(world: World) -> None:
    group_id, user_id = world.add_group("Readers"), world.add_user().id
    for place, expected in (
        (MembershipSettings(), (GroupRole.MEMBER, None)),
        (MembershipSettings(ends_at=ENDS), (GroupRole.MEMBER, ENDS)),
        (MembershipSettings(role=GroupRole.ADMIN), (GroupRole.ADMIN, ENDS)),
        (MembershipSettings(), (GroupRole.ADMIN, ENDS)),
    ):
        join_group(world.call(), world.user(user_id), group_id, place)
        (held,) = world.user(user_id).memberships
        assert (held.role, held.ends_at) == expected


def test_new_member_takes_no_read_of_the_group(world: World) -> None:
    group_id, user = world.add_group("Readers"), world.add_user()
    with watched(world.aws) as seen:
        join_group(world.call(), user, group_id, MembershipSettings())
    assert [call.operation for call in seen] == ["TransactWriteItems"]


def test_deleted_group_cannot_be_joined_and_has_no_members(world: World) -> None:
    group_id = world.add_group("Readers")
    member, stranger = world.join_group(world.add_user().id, group_id), world.add_user()
    world.invoke(delete_group, path={"group_id": group_id})

    for user in (member, stranger):
        with pytest.raises(NotFound) as refused:
            join_group(world.call(), user, group_id, MembershipSettings())
        assert refused.value.code == "group_not_found"
        with pytest.raises(NotFound) as refused:
            load_member(world.runtime.table, user.id, group_id)
        assert refused.value.code == "membership_not_found"


def test_member_is_loaded_only_while_changes_are_allowed(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    assert load_member(world.runtime.table, user.id, group_id) == user
    world.change_user(user, user.as_deleted(world.clock.now))
    with pytest.raises(Conflict) as refused:
        load_member(world.runtime.table, user.id, group_id)
    assert refused.value.code == "user_deleted"


def test_role_is_set_and_the_period_only_if_requested(world: World) -> None:
    group_id = world.add_group("Readers")
    user_id = world.join_group(world.add_user().id, group_id, ends_at=ENDS).id

    set_group_role(world.call(), user_id, group_id, GroupRole.ADMIN)
    assert world.user(user_id).memberships[0].period == Period(ends_at=ENDS)
    set_group_role(world.call(), user_id, group_id, GroupRole.MEMBER, TimeBoxed(starts_at=START))
    (held,) = world.user(user_id).memberships
    assert (held.role, held.period) == (GroupRole.MEMBER, Period(starts_at=START, ends_at=ENDS))
    set_group_role(world.call(), user_id, group_id, GroupRole.MEMBER, TimeBoxed(ends_at=None))
    assert world.user(user_id).memberships[0].period == Period(starts_at=START)


def test_user_who_joins_after_the_expiry_is_a_new_member(world: World) -> None:
    group_id = world.add_group("Readers")
    user_id = world.join_group(world.add_user().id, group_id, GroupRole.ADMIN, ends_at=ENDS).id
    with pytest.raises(Invalid):
        join_group(world.call(), world.user(user_id), group_id, MembershipSettings(starts_at=ENDS))

    world.clock.now = ENDS
    join_group(world.call(), world.user(user_id), group_id, MembershipSettings())

    (held,) = world.user(user_id).memberships
    assert (held.role, held.period) == (GroupRole.MEMBER, Period())
