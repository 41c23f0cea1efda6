"""Roles and permissions of a user in requests, and the user after such a request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from rollcall.grants.built_in_roles import ORGANIZATION_ROLES, SYSTEM
from rollcall.grants.grant import PermissionGrant, RoleGrant
from rollcall.grants.permissions import GrantablePermission
from rollcall.grants.time_boxes import TimeBoxed, find_lasting
from rollcall.kit.field_types import Id
from rollcall.kit.shorthand import Shorthand
from rollcall.users.user import User

ROLES_AT_MOST = 20
"""With four actions for each replaced role, all roles can be replaced in one transaction."""


def _refuse_organization_role(role_id: str) -> str:
    if role_id in ORGANIZATION_ROLES:
        raise ValueError("This role can be granted only in an organization.")
    return role_id


class RoleAssignment(TimeBoxed):
    """A role with its period. A role that the user has already keeps the times that the request
    omits.
    """

    role_id: Annotated[Id, AfterValidator(_refuse_organization_role)]

    @model_validator(mode="after")
    def _check_system(self) -> Self:
        if self.role_id == SYSTEM.id and (self.starts_at or self.ends_at):
            raise ValueError("The role System cannot have a period.")
        return self


class PermissionAssignment(TimeBoxed):
    """A permission with its period. A permission that the user has already keeps the times that the
    request omits.
    """

    permission: GrantablePermission


def _refuse_contradictions[T: TimeBoxed](named: tuple[T, ...], subject: str) -> tuple[T, ...]:
    distinct: dict[str, T] = {}
    for each in named:
        other = distinct.setdefault(getattr(each, subject), each)
        if other.model_dump(exclude_unset=True) != each.model_dump(exclude_unset=True):
            raise ValueError("The same entry occurs twice, with different times.")
    return named


RoleAssignments = Annotated[
    tuple[Annotated[RoleAssignment, Shorthand("role_id")], ...],
    Field(
        max_length=ROLES_AT_MOST,
        description="Roles, each as an id or with its period.",
    ),
    AfterValidator(lambda named: _refuse_contradictions(named, "role_id")),
]
PermissionAssignments = Annotated[
    tuple[Annotated[PermissionAssignment, Shorthand("permission")], ...],
    Field(max_length=50, description="Permissions, each as a name or with its period."),
    AfterValidator(lambda named: _refuse_contradictions(named, "permission")),
]


def with_roles(
    user: User, named: Sequence[RoleAssignment], now: datetime, field: str = "roles"
) -> User:
    """The user with these roles instead of the present ones. The role System makes the user a
    platform admin. A present role keeps the times that the request omits. ``field`` is the name of
    the field in the request. Raises Invalid if a new time contradicts one that does not change.
    """
    held = find_lasting(user.role_grants, now)
    periods = {
        each.role_id: each.period_after(held.get(each.role_id), f"{field}.{number}.")
        for number, each in enumerate(named)
    }
    is_admin = periods.pop(SYSTEM.id, None) is not None
    grants = [
        RoleGrant(user_id=user.id, role_id=role_id, **dict(period))
        for role_id, period in periods.items()
    ]
    return user.with_grants("role_grants", grants).model_copy(update={"is_admin": is_admin})


def with_permissions(user: User, named: Sequence[PermissionAssignment], now: datetime) -> User:
    """The user with these direct permissions instead of the present ones. A present permission
    keeps the times that the request omits. Raises Invalid if a new time contradicts one that does
    not change.
    """
    held = find_lasting(user.permission_grants, now)
    periods = {
        each.permission: each.period_after(held.get(each.permission), f"permissions.{number}.")
        for number, each in enumerate(named)
    }
    grants = [
        PermissionGrant(user_id=user.id, permission=permission, **dict(period))
        for permission, period in periods.items()
    ]
    return user.with_grants("permission_grants", grants)
