"""DELETE /admin/roles/{roleId} (R1)."""

from __future__ import annotations

from functools import partial

from rollcall.access.grant_rules import refuse_outranked
from rollcall.access.policy import AccessPolicy, change_policy
from rollcall.grants.permissions import Permission, without_end
from rollcall.grants.role import Role
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.deletion_answers import Deletion


class DeleteRole(WriteRequest):
    """The role to delete."""

    role_id: Id


@operation(
    "DELETE /admin/roles/{role_id}", permission=Permission.ROLE_DELETE, writes=[Role, AccessPolicy]
)
def delete_role(request: DeleteRole, call: Call) -> Deletion:
    """Delete a role that no user has. Its name is free again.

    Refused for built-in roles, and while users have the role or organizations grant it by default.
    The error has their number.
    """
    role = call.table.load(Role, request.role_id)
    if role.built_in:
        raise Conflict("built_in_role", "A built-in role cannot be deleted.")
    if role.holder_count:
        detail = (
            f"The role is in use ({role.holder_count} users or organizations have it). "
            "Remove it from them first."
        )
        raise Conflict("role_in_use", detail)
    answer = Deletion(message="Role deleted")
    return call.commit(
        Change(role, role.as_erased()),
        *change_policy(call, partial(_end, call, role)),
        answer=lambda _: answer,
    )


def _end(call: Call, role: Role, policy: AccessPolicy) -> AccessPolicy:
    refuse_outranked(call.actor, without_end(policy.of_role(role.id)), "This role")
    return policy.with_role(role.id, ())
