"""PUT /admin/users/{userId}/permissions (R2)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.assignments import PermissionAssignments, with_permissions
from rollcall.access.grant_rules import refuse_self
from rollcall.access.granting import commit_grants
from rollcall.access.policy import AccessPolicy
from rollcall.grants.grant import PermissionGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.operations import operation
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.user import User, load_modifiable


class ReplaceUserPermissions(ChangeUser):
    """All permissions to grant to the user directly."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "permissions": [
                        "user.view",
                        {"permission": "user.update", "endsAt": "2030-01-31T12:00:00Z"},
                    ]
                }
            ]
        }
    )

    permissions: PermissionAssignments


@operation(
    "PUT /admin/users/{user_id}/permissions",
    permission=Permission.PERMISSION_ASSIGN,
    reads=[AccessPolicy],
    writes=[User, PermissionGrant],
)
def replace_user_permissions(request: ReplaceUserPermissions, call: Call) -> UserAnswer:
    """Replace the permissions that are granted to a user directly, with or without an expiry, in
    one transaction.

    Permissions that are not in the request are revoked immediately. A permission that the user
    already has keeps the times that are absent from the request; null removes a time. Permissions
    from roles, groups and organizations stay.
    """
    user = load_modifiable(call.table, request.user_id)
    refuse_self(call.actor, user.id, "change the permissions of")
    changed = with_permissions(user, request.permissions, call.now)
    return commit_grants(call, user, changed, UserAnswer.of)
