"""What operations about users are asked and answer."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field

from rollcall.grants.grant import GroupRole, Period, RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.field_types import Id
from rollcall.kit.model import Time, VersionedAnswer, WriteRequest
from rollcall.users.fields import Profile
from rollcall.users.statuses import Status
from rollcall.users.user import User


class GroupMembership(Period):
    """A group that a user is in, as what, and when."""

    group_id: str
    role: GroupRole


class RoleHeld(Period):
    """A role that a user has, and when."""

    role_id: str


class PermissionHeld(Period):
    """A permission that a user has been granted directly, and when."""

    permission: Permission


class UserAnswer(VersionedAnswer):
    """A user as an operation's answer shows one."""

    id: str
    username: str | None = None
    email: str | None = None
    phone: str | None = None
    unique_id: str | None = None
    name: str | None = None
    status: Status
    groups: tuple[str, ...]
    group_memberships: tuple[GroupMembership, ...]
    is_admin: bool
    user_types: tuple[str, ...]
    roles: Annotated[tuple[str, ...], Field(description="With rol_system for a platform admin.")]
    role_grants: tuple[RoleHeld, ...]
    permissions: Annotated[
        tuple[Permission, ...], Field(description="Those granted to the user directly.")
    ]
    permission_grants: tuple[PermissionHeld, ...]
    profile: Profile
    created_at: Time
    updated_at: Time
    deleted_at: Time | None = None

    @classmethod
    def of(cls, user: User) -> Self:
        """The answer about this user."""
        return cls.model_validate(cls.shown(user))

    @staticmethod
    def shown(user: User) -> dict[str, object]:
        """The user's fields under their names in answers."""
        fields = {name: getattr(user, name) for name in User.model_fields}
        roles = [each for each in user.rows() if isinstance(each, RoleGrant)]
        return {
            **fields,
            "groups": user.group_ids,
            "group_memberships": [dict(each) for each in user.memberships],
            "roles": [each.role_id for each in roles],
            "role_grants": [dict(each) for each in roles],
            "permissions": [each.permission for each in user.permission_grants],
            "permission_grants": [dict(each) for each in user.permission_grants],
        }


class ChangeUser(WriteRequest):
    """The request of an operation that needs no more than whom it is about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Asked for by mail"}]})

    user_id: Id
