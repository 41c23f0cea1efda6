"""Permissions (R3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from rollcall.kit.actor import EVERYTHING
from rollcall.kit.choices import Choice


class Permission(Choice):
    """All permissions. An operation requires exactly one. A user holds the permissions of all roles
    and groups, and the directly granted ones, while the grants are in force.
    """

    def __new__(cls, value: str, description: str = "") -> Self:
        """A member with its own docstring, which the API shows too."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.__doc__ = description
        return member

    ADMIN_ACCESS = EVERYTHING, "Everything. Platform admins hold it."

    USER_LIST = "user.list", "List all users and see statistics about them."
    USER_EXPORT = "user.export", "Export the list of users as a file."
    USER_VIEW = "user.view", "Open a user's profile and see the user's memberships and permissions."
    USER_CREATE = "user.create", "Create users, and grant them what the caller holds."
    USER_INVITE = (
        "user.invite",
        "Invite people, grant them what the caller holds, and see, resend and cancel invitations.",
    )
    USER_UPDATE = "user.update", "Change a user's profile, email, phone, username and unique id."
    USER_DISABLE = "user.disable", "Disable, suspend and enable accounts."
    USER_DELETE = "user.delete", "Delete and restore users."
    USER_PROMOTE = "user.promote", "Promote users to platform admins and demote them."
    USER_RESET_PASSWORD = "user.reset-password", "Set passwords and send password resets."
    USER_ANNOTATE = "user.annotate", "Read, add and delete the admins' notes on users."
    USER_HISTORY = "user.history", "See every earlier version of a user."

    GROUP_LIST = "group.list", "List the groups."
    GROUP_VIEW = "group.view", "Open a group and see its members."
    GROUP_CREATE = "group.create", "Create groups."
    GROUP_UPDATE = "group.update", "Rename groups and change what they grant."
    GROUP_DELETE = "group.delete", "Delete groups."
    GROUP_ASSIGN = "group.assign", "Add users to groups, remove them, and change their role there."

    ORGANIZATION_VIEW = "organization.view", "See the organizations and their members."
    ORGANIZATION_CREATE = "organization.create", "Create organizations."
    ORGANIZATION_UPDATE = "organization.update", "Rename organizations and set their default role."
    ORGANIZATION_DELETE = "organization.delete", "Delete organizations."
    ORGANIZATION_ASSIGN = (
        "organization.assign",
        "Set which organizations users are in.",
    )

    ROLE_VIEW = "role.view", "See the roles and the permissions that they grant."
    ROLE_CREATE = "role.create", "Create roles."
    ROLE_UPDATE = "role.update", "Rename roles and change what they grant."
    ROLE_DELETE = "role.delete", "Delete roles."
    ROLE_ASSIGN = "role.assign", "Set which roles users have."
    PERMISSION_VIEW = "permission.view", "See the permissions and who holds them."
    PERMISSION_ASSIGN = "permission.assign", "Grant permissions to users directly."

    WORKSPACE_VIEW = "workspace.view", "See workspaces and who owns them."
    WORKSPACE_DELETE = "workspace.delete", "Delete workspaces."
    WORKSPACE_TRANSFER = "workspace.transfer", "Transfer workspaces to other users."
    RESOURCE_VIEW = "resource.view", "See all resources of users."

    LIFECYCLE_VIEW = (
        "lifecycle.view",
        "See the lifecycle policy, the users that it affects, and its runs.",
    )
    LIFECYCLE_UPDATE = (
        "lifecycle.update",
        "Set after how long unused accounts are disabled and deleted.",
    )


GROUP_ADMIN_PERMISSIONS = (
    Permission.WORKSPACE_VIEW,
    Permission.WORKSPACE_DELETE,
    Permission.WORKSPACE_TRANSFER,
)
"""What a group admin holds, only for the workspaces of that group (G3)."""


def _find_grantable(name: object) -> Permission:
    if name == EVERYTHING:
        raise ValueError("Only the role System grants admin:access. Promote the user instead.")
    if not isinstance(name, str) or name not in list(Permission):
        raise ValueError("This permission does not exist. GET /admin/permissions lists them all.")
    return Permission(name)


GrantablePermission = Annotated[
    Permission,
    PlainValidator(_find_grantable),
    WithJsonSchema({"type": "string", "enum": [each for each in Permission if each != EVERYTHING]}),
]
"""A permission that roles, groups and direct grants can grant. Only promotion grants everything."""
GrantablePermissions = Annotated[
    tuple[GrantablePermission, ...],
    Field(max_length=50),
    AfterValidator(lambda permissions: tuple(sorted(set(permissions)))),
]


class GrantedPermission(NamedTuple):
    """A permission from one grant."""

    permission: str
    about: str | None = None
    """The group that the permission is limited to, if any."""
    ends_at: datetime | None = None
    """None: no expiry."""


def without_end(permissions: Iterable[Permission]) -> list[GrantedPermission]:
    """Permissions as a group or role grants them, without an expiry."""
    return [GrantedPermission(each) for each in permissions]
