"""PATCH /admin/roles/{roleId} (R1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access import AccessPolicy, change_granted, find_policy
from rollcall.fields import Id
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.model import Omissible, WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.permissions import (
    GrantablePermissions,
    Permission,
    refuse_outranked,
    require_held,
)
from rollcall.roles import SYSTEM, Role, RoleAnswer

PLAIN = frozenset({"name", "description"})


class UpdateRole(WriteRequest):
    """What to change. A field that is absent stays; null empties the description."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "First level", "permissions": ["user.view"]}]}
    )

    role_id: Id
    name: Omissible[Line] = None
    description: Text | None = None
    permissions: Omissible[GrantablePermissions] = None


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
    _, policy = find_policy(call.table, call.now)
    held = policy.of_role(role.id)
    refuse_outranked(call.actor, held, target="role")
    granted = held if request.permissions is None else request.permissions
    require_held(call.actor, set(granted).difference(held))
    plain = {name: getattr(request, name) for name in PLAIN & request.model_fields_set}
    changed, policies = change_granted(
        call, role.model_copy(update=plain), lambda each: each.with_role(role.id, granted)
    )
    return call.commit(
        Change(role, changed), *policies, answer=lambda written: RoleAnswer.of(written, granted)
    )


def _refuse_built_in(request: UpdateRole, role: Role) -> None:
    if role.id == SYSTEM.id:
        raise Conflict("built_in_role", "The role System grants everything and cannot be changed.")
    if role.built_in and request.name not in (None, role.name):
        raise Conflict("built_in_role", "A built-in role keeps its name.")
