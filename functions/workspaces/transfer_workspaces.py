"""POST /admin/users/{ownerId}/transfer-workspaces (W1)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import batched
from typing import Annotated, NamedTuple

from pydantic import ConfigDict, Field

from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Conflict, Invalid
from rollcall.kit.field_types import Id
from rollcall.kit.model import Answer, Model, WriteRequest
from rollcall.kit.retry import retry_contended
from rollcall.kit.row_results import RowProblem
from rollcall.kit.table import not_found
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.resource import OWNER, Resource, load_resources, without_deleted_groups
from rollcall.users.resource_types import WORKSPACE
from rollcall.users.user import User, load_modifiable

AT_ONCE = 20
"""A workspace takes three of the hundred actions of a transaction, and its group one."""
ENOUGH = timedelta(seconds=20)
"""After this time the rest is left to the next call: API Gateway waits 29 seconds."""


class TransferWorkspaces(WriteRequest):
    """The present owner, and the new one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"userId": "usr_abc123"}]})

    owner_id: Id
    user_id: Annotated[Id, Field(description="The new owner.")]


class RefusedWorkspace(Model):
    """A workspace that was not transferred, and why."""

    id: str
    problem: RowProblem


class WorkspacesTransferred(Answer):
    """The progress of the transfer."""

    transferred: int
    remaining: Annotated[
        int, Field(description="Workspaces not tried yet. If there are any, repeat the request.")
    ]
    refused: tuple[RefusedWorkspace, ...]


class _Part(NamedTuple):
    transferred: int
    refused: list[RefusedWorkspace]


@operation(
    "POST /admin/users/{owner_id}/transfer-workspaces",
    permission=Permission.WORKSPACE_TRANSFER,
    timeout=29,
    reads=[User, Group],
    writes=[Resource],
)
def transfer_workspaces(request: TransferWorkspaces, call: Call) -> WorkspacesTransferred:
    """Transfer all workspaces of a user, who may be deleted, to another user.

    A call transfers workspaces for 20 seconds, which is enough for thousands, and returns how many
    remain. Repeat it until none remain. Workspaces of a group that the new owner is not in are not
    transferred, and are listed.
    """
    if request.user_id == request.owner_id:
        message = "This user already owns the workspaces. Name another user."
        raise Invalid.field("userId", message, "same_user")
    load_modifiable(call.table, request.user_id)
    remaining = _count(request, call)
    done: list[_Part] = []
    found = call.table.query_index("gsi1", f"{OWNER}{request.owner_id}", prefix=f"{WORKSPACE}#")
    for batch in batched(found, AT_ONCE, strict=False):
        if call.runtime.clock() - call.now > ENOUGH:
            break
        ids = [str(item["id"]) for item in batch]
        done.append(retry_contended(partial(_transfer, request, call, ids)))
        remaining -= len(ids)
    answer = WorkspacesTransferred(
        transferred=sum(part.transferred for part in done),
        remaining=max(0, remaining),
        refused=tuple(each for part in done for each in part.refused),
    )
    call.remember(answer)
    return answer


def _count(request: TransferWorkspaces, call: Call) -> int:
    """The number of workspaces. Raises NotFound for a deleted user without any."""
    owner = call.table.find(User, request.owner_id)
    number = call.table.count_index("gsi1", f"{OWNER}{request.owner_id}", prefix=f"{WORKSPACE}#")
    if not number and (owner is None or not owner.exists):
        raise not_found(User)
    call.check_version(owner)
    return number


def _transfer(request: TransferWorkspaces, call: Call, ids: list[str]) -> _Part:
    part = call.part()
    new_owner = load_modifiable(part.table, request.user_id)
    resources = load_resources(part.table, ids)
    owned = [each for each in resources if each.user_id == request.owner_id]  # the index lags
    changes: list[Change[Resource]] = []
    required: list[ConditionCheck] = []
    refused: list[RefusedWorkspace] = []
    for resource, kept in zip(owned, without_deleted_groups(part.table, owned), strict=True):
        try:
            moved = kept.owned_by(new_owner, part.now)
        except Conflict as problem:
            body = RowProblem.model_validate(problem.body(part.request_id))
            refused.append(RefusedWorkspace(id=resource.id, problem=body))
        else:
            changes.append(Change(resource, moved))
            required += moved.require_placed(new_owner)
    if changes:
        part.commit(*changes, answer=lambda written: written, requires=required)
    return _Part(len(changes), refused)
