"""POST /admin/workspaces/{workspaceId}/transfer (W1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.table import not_found
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.answers import ResourceAnswer
from rollcall.resources.resource import Resource, load_workspace, without_deleted_groups
from rollcall.users.user import User, load_modifiable


class TransferWorkspace(WriteRequest):
    """The workspace, and its new owner."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"userId": "usr_abc123"}]})

    workspace_id: Id
    user_id: Annotated[Id, Field(description="The new owner, a member of the workspace's group.")]


@operation(
    "POST /admin/workspaces/{workspace_id}/transfer",
    permission=Permission.WORKSPACE_TRANSFER,
    scoped=True,
    reads=[User, Group],
    writes=[Resource],
)
def transfer_workspace(request: TransferWorkspace, call: Call) -> ResourceAnswer:
    """Transfer a workspace, with or without an owner, to another user.

    A group admin can transfer the workspaces of their own groups, between members.
    """
    workspace = load_workspace(call, request.workspace_id, Permission.WORKSPACE_TRANSFER)
    new_owner = _load_new_owner(call, request.user_id, workspace)
    (kept,) = without_deleted_groups(call.table, [workspace])
    moved = kept.owned_by(new_owner, call.now)
    return call.commit(
        Change(workspace, moved), answer=ResourceAnswer.of, requires=moved.require_placed(new_owner)
    )


def _load_new_owner(call: Call, user_id: str, workspace: Resource) -> User:
    """The new owner. Group admins get NotFound for users outside the group."""
    if call.actor.holds(Permission.WORKSPACE_TRANSFER):
        return load_modifiable(call.table, user_id)
    user = call.table.load(User, user_id)
    if workspace.group_id not in user.group_ids:
        raise not_found(User)
    return load_modifiable(call.table, user_id)
