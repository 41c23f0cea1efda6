"""PUT /admin/users/{userId}/roles (R1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.assignments import RoleAssignments, with_roles
from rollcall.access.grant_rules import refuse_self
from rollcall.access.granting import commit_grants
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.settlement import settle_user
from rollcall.grants.grant import RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.operation import require_permission
from rollcall.operations import operation
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.user import User, load_modifiable


class ReplaceUserRoles(ChangeUser):
    """All roles to grant to the user."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"roleIds": ["rol_abc", {"roleId": "rol_def", "endsAt": "2030-01-31T12:00:00Z"}]}
            ]
        }
    )

    role_ids: RoleAssignments


@operation(
    "PUT /admin/users/{user_id}/roles",
    permission=Permission.ROLE_ASSIGN,
    fresh_sign_in="the role System is granted",
    reads=[AccessPolicy],
    writes=[User, RoleGrant, Account],
    then=settle_user,
)
def replace_user_roles(request: ReplaceUserRoles, call: Call) -> UserAnswer:
    """Replace a user's roles, with or without an expiry, in one transaction.

    Roles that are not in the request are revoked immediately. A role that the user already has
    keeps the times that are absent from the request; null removes a time. Granting the role System
    makes the user a platform admin, and revoking it an ordinary user; this also requires the
    permission user.promote.
    """
    user = load_modifiable(call.table, request.user_id)
    refuse_self(call.actor, user.id, "change the roles of")
    changed = with_roles(user, request.role_ids, call.now, "roleIds")
    if changed.is_admin is not user.is_admin:
        require_permission(call.actor, Permission.USER_PROMOTE)
    return commit_grants(call, user, changed, UserAnswer.of)
