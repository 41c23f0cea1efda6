"""Adding users to groups and changing their role there: the steps that several operations share
(G2).
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


class MembershipSettings(TimeBoxed):
    """The part of a request with the role of a user in a group and the period. A present member
    keeps what the request omits.
    """

    role: Annotated[
        GroupRole | None, Field(description="Absent: member, or the present role in the group.")
    ] = None


def put_into_group(
    user: User, group_id: str, settings: MembershipSettings, now: datetime, where: str = ""
) -> User:
    """The user in this group, with the role and period of the request. ``where`` is the path of the
    settings in the request. Raises Invalid if a new time contradicts one that does not change.
    """
    held = find_lasting(user.memberships, now).get(group_id)
    role = settings.role or (held.role if held else GroupRole.MEMBER)
    return user.with_membership(group_id, role, settings.period_after(held, where))


def join_group(call: Call, user: User, group_id: str, settings: MembershipSettings) -> UserAnswer:
    """Add a user to a group. Raises NotFound ("Group not found"), also for a deleted group whose
    memberships are still to be removed.
    """
    if user.find_membership(group_id):  # for a new member, the commit checks that the group exists
        call.table.load(Group, group_id)
    joined = put_into_group(user, group_id, settings, call.now)
    return commit_grants(call, user, joined, UserAnswer.of)


def load_member(table: Table, user_id: str, group_id: str) -> User:
    """A user who can be changed and is in this group. Raises NotFound otherwise, also for a deleted
    group whose memberships are still to be removed.
    """
    user = load_modifiable(table, user_id)
    group = table.find(Group, group_id) if user.find_membership(group_id) else None
    if group is None or not group.exists:
        raise NotFound("membership_not_found", "The user is not in this group")
    return user


def set_group_role(
    call: Call, user_id: str, group_id: str, role: GroupRole, time: TimeBoxed | None = None
) -> UserAnswer:
    """Change the role of a member in a group. The membership keeps the times that the request
    omits. Raises Invalid if a new time contradicts one that does not change.
    """
    user = load_member(call.table, user_id, group_id)
    period = time.period_after(user.find_membership(group_id)) if time else None
    changed = user.with_membership(group_id, role, period)
    return commit_grants(call, user, changed, UserAnswer.of)
