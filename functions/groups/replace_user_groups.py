"""PUT /admin/users/{userId}/groups (G4)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from rollcall.access.granting import commit_grants
from rollcall.access.policy import AccessPolicy
from rollcall.grants.grant import Membership
from rollcall.grants.group import Group, load_groups
from rollcall.grants.permissions import Permission
from rollcall.grants.time_boxes import refuse_repeated
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.table import not_found
from rollcall.members.group_memberships import MembershipSettings, put_into_group
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User, load_modifiable


class GroupPlace(MembershipSettings):
    """A group of the user, with role and period."""

    group_id: Id


def _refuse_repeated(places: tuple[GroupPlace, ...]) -> tuple[GroupPlace, ...]:
    refuse_repeated(places, "group_id")
    return places


class ReplaceUserGroups(WriteRequest):
    """All groups of the user. For a present membership, absent fields stay the same."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"groups": [{"groupId": "grp_abc123", "role": "member"}]}]}
    )

    user_id: Id
    groups: Annotated[
        tuple[GroupPlace, ...], Field(max_length=500), AfterValidator(_refuse_repeated)
    ]


@operation(
    "PUT /admin/users/{user_id}/groups",
    permission=Permission.GROUP_ASSIGN,
    reads=[AccessPolicy, Group],
    writes=[User, Membership],
)
def replace_user_groups(request: ReplaceUserGroups, call: Call) -> UserAnswer:
    """Replace a user's groups in one transaction. The change applies from the user's next request.

    At most 44 memberships can be added, changed and removed in one request. Refused while the user
    has active workspaces in a group to leave. The error has their number.
    """
    user = load_modifiable(call.table, request.user_id)
    named = {each.group_id for each in request.groups}
    if len(load_groups(call.table, named)) < len(named):
        raise not_found(Group)
    changed = _with_groups(user, request.groups, call.now)
    return commit_grants(call, user, changed, UserAnswer.of)


def _with_groups(user: User, places: tuple[GroupPlace, ...], now: datetime) -> User:
    changed = user
    for group_id in set(user.group_ids) - {each.group_id for each in places}:
        changed = changed.without_membership(group_id)
    for number, each in enumerate(places):
        changed = put_into_group(changed, each.group_id, each, now, f"groups.{number}.")
    return changed
