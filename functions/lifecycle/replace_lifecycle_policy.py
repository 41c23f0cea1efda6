"""PUT /admin/lifecycle-policy (L1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.call import Call
from rollcall.kit.model import WriteRequest
from rollcall.kit.operation import require_permission
from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import (
    LifecyclePolicy,
    LifecyclePolicyAnswer,
    LifecycleTerms,
    read_lifecycle_policy,
)
from rollcall.lifecycle.validation import validate_terms
from rollcall.operations import operation
from rollcall.users.user import User


class ReplaceLifecyclePolicy(LifecycleTerms, WriteRequest):
    """The whole policy. An absent field has its default."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "warnAfterDays": 76,
                    "disableAfterDays": 90,
                    "deleteDisabled": True,
                    "exemptFilter": 'userTypes eq "instructor"',
                    "timeZone": "Europe/Berlin",
                }
            ]
        }
    )


@operation(
    "PUT /admin/lifecycle-policy",
    permission=Permission.LIFECYCLE_UPDATE,
    fresh_sign_in=True,
    reads=[User, Group, Role],
    writes=[LifecyclePolicy],
)
def replace_lifecycle_policy(request: ReplaceLifecyclePolicy, call: Call) -> LifecyclePolicyAnswer:
    """Replace the lifecycle policy.

    It applies from the next run of the clean-up; a run in progress ends. To see its effect first,
    use POST /admin/lifecycle-policy/preview.

    With the mode on, this also requires the permission user.disable, and user.delete if
    deleteDisabled is true. Fewer purgeDeletedAfterDays require user.delete too. The stored policy
    applies until it is replaced, even if the user who saved it loses these permissions.
    """
    policy = read_lifecycle_policy(call.table, call.now)
    call.check_version(policy)
    for permission in request.find_needed_permissions(policy):
        require_permission(call.actor, permission)
    validate_terms(call, request, before=policy)
    before = policy if policy.version else None
    change = Change(before, policy.with_terms(request))
    return call.unconditional().commit(change, answer=LifecyclePolicyAnswer.of)
