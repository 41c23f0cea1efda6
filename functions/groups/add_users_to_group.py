"""POST /admin/groups/{groupId}/members (G5)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from rollcall.access.policy import AccessPolicy
from rollcall.grants.grant import Membership
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.grants.time_boxes import find_lasting, refuse_repeated
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.row_results import RowResults, process_row
from rollcall.members.group_memberships import MembershipSettings, join_group
from rollcall.operations import operation
from rollcall.users.user import User, load_modifiable

ADDED, THERE_ALREADY = 201, 200


class AddedMember(MembershipSettings):
    """A user to add, with role and period."""

    user_id: Id


def _check_members(members: tuple[AddedMember, ...]) -> tuple[AddedMember, ...]:
    # With min_length, pydantic would report a list with one invalid row as too short.
    if not members:
        raise ValueError("Name at least one user.")
    refuse_repeated(members, "user_id")
    return members


class AddUsersToGroup(WriteRequest):
    """The group, and the users to add to it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"members": [{"userId": "usr_abc123", "role": "member"}]}]}
    )

    group_id: Id
    members: Annotated[
        tuple[AddedMember, ...],
        Field(max_length=100, json_schema_extra={"minItems": 1}),
        AfterValidator(_check_members),
    ]


@operation(
    "POST /admin/groups/{group_id}/members",
    permission=Permission.GROUP_ASSIGN,
    status=207,
    timeout=29,
    reads=[AccessPolicy, Group],
    writes=[User, Membership],
)
def add_users_to_group(request: AddUsersToGroup, call: Call) -> RowResults:
    """Add many users to a group, with a result for each: 201 for an added user, 200 for one who was
    already a member, or the error.

    Each user is added independently of the others. After a 5xx response, send the whole request
    again: users who are already members stay as requested.
    """
    call.check_version(call.table.load(Group, request.group_id))
    rows = [
        process_row(call, each.user_id, partial(_add, request.group_id, each))
        for each in request.members
    ]
    answer = RowResults(results=tuple(rows))
    call.remember(answer)
    return answer


def _add(group_id: str, member: AddedMember, call: Call) -> int:
    user = load_modifiable(call.table, member.user_id)
    join_group(call, user, group_id, member)
    return THERE_ALREADY if group_id in find_lasting(user.memberships, call.now) else ADDED
