"""DELETE /admin/workspaces/{workspaceId} (W1)."""

from __future__ import annotations

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.deletion_answers import Deletion
from rollcall.resources.resource import Resource, load_workspace


class DeleteWorkspace(WriteRequest):
    """The workspace to delete."""

    workspace_id: Id


@operation(
    "DELETE /admin/workspaces/{workspace_id}",
    permission=Permission.WORKSPACE_DELETE,
    scoped=True,
    writes=[Resource],
)
def delete_workspace(request: DeleteWorkspace, call: Call) -> Deletion:
    """Delete a workspace, with or without an owner.

    A group admin can delete the workspaces of their own groups.
    """
    workspace = load_workspace(call, request.workspace_id, Permission.WORKSPACE_DELETE)
    return call.commit(
        Change(workspace, workspace.as_erased()),
        answer=lambda _: Deletion(message="Workspace deleted"),
    )
