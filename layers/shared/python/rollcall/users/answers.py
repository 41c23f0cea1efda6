"""The requests and answers of operations about users."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field

from rollcall.grants.grant import GroupRole, Period, RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.field_types import Id
from rollcall.kit.model import Time, VersionedAnswer, WriteRequest
from rollcall.users.email_bounce import EmailBounce
from rollcall.users.fields import Profile
from rollcall.users.statuses import Status
from rollcall.users.user import User


class GroupMembership(Period):
    """A group that a user is in, with the role there and the period."""

    group_id: str
    role: GroupRole


class RoleHeld(Period):
    """A role that a user has, with its period."""

    role_id: str


class PermissionHeld(Period):
    """A permission that is granted to a user directly, with its period."""

    permission: Permission


class UserAnswer(VersionedAnswer):
    """A user as answers show it."""

    id: str
    username: str | None = None
    email: str | None = None
    email_bounced: Annotated[
        EmailBounce | None,
        Field(
            description="No more mails go to the email, because one bounced or its recipient "
            "complained. Absent after a change of the email."
        ),
    ] = None
    phone: str | None = None
    unique_id: str | None = None
    name: str | None = None
    status: Status
    groups: tuple[str, ...]
    group_memberships: tuple[GroupMembership, ...]
    is_admin: bool
    user_types: tuple[str, ...]
    roles: Annotated[
        tuple[str, ...], Field(description="Includes rol_system for a platform admin.")
    ]
    role_grants: tuple[RoleHeld, ...]
    permissions: Annotated[
        tuple[Permission, ...],
        Field(description="The permissions that are granted to the user directly."),
    ]
    permission_grants: tuple[PermissionHeld, ...]
    profile: Profile
    created_at: Time
    updated_at: Time
    deleted_at: Time | None = None

    @classmethod
    def of(cls, user: User) -> Self:
        """The answer for a user."""
        return cls.model_validate(cls.shown(user))

    @staticmethod
    def shown(user: User) -> dict[str, object]:
        """The user's fields, by their names in answers."""
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
    """The request of an operation that needs only the user's id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Asked for by mail"}]})

    user_id: Id
