"""Putting users into groups, and changing what they are there: the steps that several operations
share (G2).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from rollcall.access.granting import commit_grants
from rollcall.grants.grant import GroupRole
from rollcall.grants.group import Group
from rollcall.grants.time_boxes import TimeBoxed, find_lasting
from rollcall.kit.call import Call
from rollcall.kit.errors import NotFound
from rollcall.kit.table import Table
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User, load_modifiable


class PlaceInGroup(TimeBoxed):
    """The part of a request that says as what a user shall be in a group, and when. Whoever is in
    it already keeps what is not said.
    """

    role: Annotated[
        GroupRole | None, Field(description="Absent: member, or what the user is there already.")
    ] = None


def put_into_group(
    user: User, group_id: str, place: PlaceInGroup, now: datetime, where: str = ""
) -> User:
    """The user in this group, as what and when the request says, which stands at ``where`` in it;
    the rest as it is. Raises Invalid for a time that does not go with the one that stays.
    """
    held = find_lasting(user.memberships, now).get(group_id)
    role = place.role or (held.role if held else GroupRole.MEMBER)
    return user.with_membership(group_id, role, place.period_after(held, where))


def join_group(call: Call, user: User, group_id: str, place: PlaceInGroup) -> UserAnswer:
    """Put a user into a group. Raises NotFound ("Group not found"), also for a deleted one that
    the user's membership in has still to be ended.
    """
    if user.find_membership(group_id):  # whoever joins anew meets the group's own condition
        call.table.load(Group, group_id)
    joined = put_into_group(user, group_id, place, call.now)
    return commit_grants(call, user, joined, UserAnswer.of)


def load_member(table: Table, user_id: str, group_id: str) -> User:
    """A user who may be changed and is in this group. Raises NotFound otherwise, also when the
    group was deleted and the membership has still to be ended.
    """
    user = load_modifiable(table, user_id)
    group = table.find(Group, group_id) if user.find_membership(group_id) else None
    if group is None or not group.exists:
        raise NotFound("membership_not_found", "The user is not in this group")
    return user


def set_group_role(
    call: Call, user_id: str, group_id: str, role: GroupRole, time: TimeBoxed | None = None
) -> UserAnswer:
    """Make a member of a group something else there; of the membership's time stays what is not
    named. Raises Invalid for a time that does not go with the one that stays.
    """
    user = load_member(call.table, user_id, group_id)
    period = time.period_after(user.find_membership(group_id)) if time else None
    changed = user.with_membership(group_id, role, period)
    return commit_grants(call, user, changed, UserAnswer.of)
