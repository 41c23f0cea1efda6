"""POST /admin/lifecycle-policy/preview (L1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.directory.directory import DIRECTORY
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.call import Call
from rollcall.kit.paging import PageRequest
from rollcall.lifecycle.checks import check_terms
from rollcall.lifecycle.policy import (
    LifecyclePolicy,
    LifecycleTerms,
    read_lifecycle_policy,
)
from rollcall.lifecycle.preview import LifecyclePreview, Shown, preview
from rollcall.operations import operation


class PreviewLifecyclePolicy(PageRequest):
    """The policy, and the users to list."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"policy": {"warnAfterDays": 166, "disableAfterDays": 180}}]
        }
    )

    policy: Annotated[
        LifecycleTerms | None,
        Field(description="The policy in the form of PUT. Absent: the present one."),
    ] = None
    show: Annotated[
        Shown | None,
        Field(description="Only these decisions. Absent: all, including exempt users."),
    ] = None


@operation(
    "POST /admin/lifecycle-policy/preview",
    permission=Permission.LIFECYCLE_VIEW,
    asks=True,
    timeout=29,
    reads=[*DIRECTORY, LifecyclePolicy, Group, Role],
)
def preview_lifecycle_policy(request: PreviewLifecyclePolicy, call: Call) -> LifecyclePreview:
    """Preview which users a clean-up would warn, disable and delete now, and why each exempt user
    is exempt.

    The preview makes the same decisions as the clean-up, and changes nothing.
    """
    policy = read_lifecycle_policy(call.table, call.now)
    if request.policy is not None:
        check_terms(call, request.policy, before=policy)
        policy = policy.with_terms(request.policy)
    return preview(call, policy, request, request.show)
