"""PATCH /admin/roles/{roleId} (R1)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access.policy import AccessPolicy, change_granted
from rollcall.grants.built_in_roles import SYSTEM
from rollcall.grants.permissions import (
    GrantablePermissions,
    Permission,
    check_redefinition,
)
from rollcall.grants.role import Role, RoleAnswer
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.field_types import Id
from rollcall.kit.model import Omissible, WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.operations import operation

PLAIN = frozenset({"name", "description"})


class UpdateRole(WriteRequest):
    """What to change. A field that is absent stays; null empties the description."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "First level", "permissions": ["user.view"]}]}
    )

    role_id: Id
    name: Omissible[Line] = None
    description: Text | None = None
    permissions: Annotated[
        Omissible[GrantablePermissions],
        Field(description="In the place of all that the role grants."),
    ] = None


@operation(
    "PATCH /admin/roles/{role_id}", permission=Permission.ROLE_UPDATE, writes=[Role, AccessPolicy]
)
def update_role(request: UpdateRole, call: Call) -> RoleAnswer:
    """Change a role's name, description or permissions.

    The permissions named replace all that it grants, for everybody who has it and from the next
    request on. The role System stays as it is; the other built-in ones keep their names.
    """
    role = call.table.load(Role, request.role_id)
    _refuse_built_in(request, role)
    plain = {name: getattr(request, name) for name in PLAIN & request.model_fields_set}
    renamed = role.model_copy(update=plain)
    changed, others, policy = change_granted(call, renamed, partial(_regrant, request, call))
    return call.commit(
        Change(role, changed),
        *others,
        answer=lambda written: RoleAnswer.of(written, policy.of_role(written.id)),
    )


def _regrant(request: UpdateRole, call: Call, policy: AccessPolicy) -> AccessPolicy:
    held = policy.of_role(request.role_id)
    check_redefinition(call.actor, held, request.permissions, target="role")
    if request.permissions is None:
        return policy
    return policy.with_role(request.role_id, request.permissions)


def _refuse_built_in(request: UpdateRole, role: Role) -> None:
    if role.id == SYSTEM.id:
        raise Conflict("built_in_role", "The role System grants everything and cannot be changed.")
    if role.built_in and request.name not in (None, role.name):
        raise Conflict("built_in_role", "A built-in role keeps its name.")
