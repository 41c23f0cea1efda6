"""PUT /admin/users/{userId}/roles (R1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.assignments import RoleAssignments, with_roles
from rollcall.access.granting import commit_grants
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.convergence import settle_user
from rollcall.grants.permissions import Permission, refuse_self
from rollcall.kit.call import Call
from rollcall.kit.identity import Account
from rollcall.kit.operation import require_permission
from rollcall.operations import operation
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.user import User, load_modifiable


class ReplaceUserRoles(ChangeUser):
    """All roles that the user shall have."""

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
    reads=[AccessPolicy],
    writes=[User, Account],
    then=settle_user,
)
def replace_user_roles(request: ReplaceUserRoles, call: Call) -> UserAnswer:
    """Set which roles a user has, for ever or for a time: all at once or not at all.

    What is not named ends at once; what is named and held already keeps of its
    time what is not named: null empties it. The
    role System makes a platform admin, and its absence an ordinary user of one: that needs the
    permission user.promote too.
    """
    user = load_modifiable(call.table, request.user_id)
    refuse_self(call.actor, user.id, "change the roles of")
    changed = with_roles(user, request.role_ids, call.now, "roleIds")
    if changed.is_admin is not user.is_admin:
        require_permission(call.actor, Permission.USER_PROMOTE)
    return commit_grants(call, user, changed, UserAnswer.of)
