"""GET /admin/lifecycle-policy (L1)."""

from __future__ import annotations

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.model import Request
from rollcall.lifecycle.policy import (
    LifecyclePolicy,
    LifecyclePolicyAnswer,
    read_lifecycle_policy,
)
from rollcall.operations import operation


class GetLifecyclePolicy(Request):
    """No parameters: there is one policy."""


@operation(
    "GET /admin/lifecycle-policy", permission=Permission.LIFECYCLE_VIEW, reads=[LifecyclePolicy]
)
def get_lifecycle_policy(request: GetLifecyclePolicy, call: Call) -> LifecyclePolicyAnswer:
    """Show the lifecycle policy: after how many days inactive users are warned, disabled and
    deleted.
    """
    return LifecyclePolicyAnswer.of(read_lifecycle_policy(call.table, call.now))
