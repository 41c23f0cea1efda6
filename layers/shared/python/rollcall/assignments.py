"""What requests say of the roles and permissions that a user gets, and the user who has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from rollcall.built_in_roles import ORGANIZATION_ROLES, SYSTEM
from rollcall.fields import Id
from rollcall.grants import Period, PermissionGrant, RoleGrant, TimeBoxed
from rollcall.kit.shorthand import Shorthand
from rollcall.permissions import GrantablePermission
from rollcall.users import User

ROLES_AT_MOST = 20
"""So that all can be replaced by others in one transaction: four of its actions for each."""


def _refuse_organization_role(role_id: str) -> str:
    if role_id in ORGANIZATION_ROLES:
        raise ValueError("Only organizations give this role, to their members.")
    return role_id


class RoleAssignment(TimeBoxed):
    """A role, and when it counts. Without a time, one that the user has already keeps its own."""

    role_id: Annotated[Id, AfterValidator(_refuse_organization_role)]

    @model_validator(mode="after")
    def _check_system(self) -> Self:
        if self.role_id == SYSTEM.id and (self.starts_at or self.ends_at):
            raise ValueError("The role System cannot be had for a time.")
        return self


class PermissionAssignment(TimeBoxed):
    """A permission, and when it counts. Without a time, one that has been granted to the user
    already keeps its own.
    """

    permission: GrantablePermission


def _refuse_contradictions[T: TimeBoxed](named: tuple[T, ...], subject: str) -> tuple[T, ...]:
    distinct = {getattr(each, subject): each for each in named}
    if any(dict(distinct[getattr(each, subject)]) != dict(each) for each in named):
        raise ValueError("The same one is named twice, with different times.")
    return tuple(distinct.values())


RoleAssignments = Annotated[
    tuple[Annotated[RoleAssignment, Shorthand("role_id")], ...],
    Field(
        max_length=ROLES_AT_MOST,
        description="Each as its id, or with the time that it counts.",
    ),
    AfterValidator(lambda named: _refuse_contradictions(named, "role_id")),
]
PermissionAssignments = Annotated[
    tuple[Annotated[PermissionAssignment, Shorthand("permission")], ...],
    Field(max_length=50, description="Each by its name, or with the time that it counts."),
    AfterValidator(lambda named: _refuse_contradictions(named, "permission")),
]


def with_roles(user: User, named: Iterable[RoleAssignment]) -> User:
    """The user with these roles in the place of all others; System makes a platform admin. One
    that is named without a time keeps the time that the user has it for.
    """
    held = {each.role_id: each.period for each in user.role_grants}
    periods = {each.role_id: each.period or held.get(each.role_id, Period()) for each in named}
    is_admin = periods.pop(SYSTEM.id, None) is not None
    grants = [
        RoleGrant(user_id=user.id, role_id=role_id, **dict(period))
        for role_id, period in periods.items()
    ]
    return user.with_grants("role_grants", grants).model_copy(update={"is_admin": is_admin})


def with_permissions(user: User, named: Iterable[PermissionAssignment]) -> User:
    """The user with these permissions granted directly, in the place of all others. One that is
    named without a time keeps the time that the user has it for.
    """
    held = {each.permission: each.period for each in user.permission_grants}
    grants = [
        PermissionGrant(
            user_id=user.id,
            permission=each.permission,
            **dict(each.period or held.get(each.permission, Period())),
        )
        for each in named
    ]
    return user.with_grants("permission_grants", grants)
