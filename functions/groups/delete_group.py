"""DELETE /admin/groups/{groupId} (G1)."""

from __future__ import annotations

from functools import partial

from rollcall.access.grant_rules import refuse_outranked
from rollcall.access.policy import AccessPolicy, change_policy
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission, without_end
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.deletion_answers import MembersDeletion


class DeleteGroup(WriteRequest):
    """The group to delete."""

    group_id: Id


@operation(
    "DELETE /admin/groups/{group_id}",
    permission=Permission.GROUP_DELETE,
    writes=[Group, AccessPolicy],
)
def delete_group(request: DeleteGroup, call: Call) -> MembersDeletion:
    """Delete a group. Its members lose the permissions from it immediately, and no user can join
    it.

    Refused while the group has active workspaces. The error has their number. The memberships are
    deleted afterwards, however many there are.
    """
    group = call.table.load(Group, request.group_id)
    changes = change_policy(call, partial(_end, call, group))
    if group.active_workspace_count:
        detail = (
            f"The group has active workspaces ({group.active_workspace_count}). Transfer, archive "
            "or delete them first."
        )
        raise Conflict("active_workspaces", detail)
    answer = MembersDeletion(message="Group deleted", memberships_pending=group.member_count)
    return call.commit(Change(group, group.as_erased()), *changes, answer=lambda _: answer)


def _end(call: Call, group: Group, policy: AccessPolicy) -> AccessPolicy:
    refuse_outranked(call.actor, without_end(policy.of_group(group.id)), "This group")
    ended = policy.with_group(group.id, ())
    return ended.with_ended(group.id) if group.member_count else ended
