"""Creates and updates groups and roles, which grant permissions (G1, R1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from rollcall.access.grant_rules import check_redefinition, require_held
from rollcall.access.policy import AccessPolicy, change_granted, change_policy
from rollcall.grants.holders import ROLE
from rollcall.grants.permissions import GrantablePermissions, Permission, without_end
from rollcall.kit.call import Call
from rollcall.kit.listed_entity import GrantingEntity
from rollcall.kit.model import Answer, Omissible, WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change


class Definition(WriteRequest):
    """The name of a group or role, and the permissions that it grants."""

    name: Line
    description: Text | None = None
    permissions: GrantablePermissions = ()


class Redefinition(WriteRequest):
    """The fields to change. Absent fields stay the same; null clears the description."""

    name: Omissible[Line] = None
    description: Text | None = None
    permissions: Annotated[
        Omissible[GrantablePermissions], Field(description="Replaces all permissions it grants.")
    ] = None


def define[E: GrantingEntity, A: Answer](
    call: Call,
    kind: type[E],
    new_id: str,
    request: Definition,
    answer: Callable[[E, tuple[Permission, ...]], A],
) -> A:
    """Create a group or a role. The caller must hold all permissions that it grants (R4)."""
    require_held(call.actor, without_end(request.permissions))
    entity = kind(
        id=new_id,
        created_at=call.now,
        updated_at=call.now,
        name=request.name,
        description=request.description,
    )
    return call.commit(
        Change(None, entity),
        *change_policy(call, lambda policy: _regrant(policy, entity, request.permissions)),
        answer=lambda written: answer(written, request.permissions),
    )


def redefine[E: GrantingEntity, A: Answer](
    call: Call,
    entity: E,
    request: Redefinition,
    answer: Callable[[E, tuple[Permission, ...]], A],
) -> A:
    """Change the name, the description or the permissions of a group or a role. The caller must
    hold all permissions that it grants, before and after the change (R4).
    """

    def regrant(policy: AccessPolicy) -> AccessPolicy:
        granted = _granted(policy, entity)
        check_redefinition(call.actor, granted, request.permissions, target=entity.kind)
        if request.permissions is None:
            return policy
        return _regrant(policy, entity, request.permissions)

    sent = {"name", "description"} & request.model_fields_set
    renamed = entity.model_copy(update={name: getattr(request, name) for name in sent})
    changed, others, policy = change_granted(call, renamed, regrant)
    return call.commit(
        Change(entity, changed),
        *others,
        answer=lambda written: answer(written, _granted(policy, written)),
    )


def _granted(policy: AccessPolicy, entity: GrantingEntity) -> tuple[Permission, ...]:
    return policy.of_role(entity.id) if entity.kind == ROLE.kind else policy.of_group(entity.id)


def _regrant(
    policy: AccessPolicy, entity: GrantingEntity, permissions: tuple[Permission, ...]
) -> AccessPolicy:
    if entity.kind == ROLE.kind:
        return policy.with_role(entity.id, permissions)
    return policy.with_group(entity.id, permissions)
