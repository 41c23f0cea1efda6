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
    """Which policy, and whom to list."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"policy": {"warnAfterDays": 166, "disableAfterDays": 180}}]
        }
    )

    policy: Annotated[
        LifecycleTerms | None,
        Field(description="As it would be sent to PUT. Absent: the present one."),
    ] = None
    show: Annotated[
        Shown | None, Field(description="Only these. Absent: all, the exempt among them.")
    ] = None


@operation(
    "POST /admin/lifecycle-policy/preview",
    permission=Permission.LIFECYCLE_VIEW,
    asks=True,
    timeout=29,
    reads=[*DIRECTORY, LifecyclePolicy, Group, Role],
)
def preview_lifecycle_policy(request: PreviewLifecyclePolicy, call: Call) -> LifecyclePreview:
    """Show whom a run of the clean-up would warn, disable and delete at this moment, and why each
    exempt user is exempt.

    It decides as the clean-up itself does, and writes nothing.
    """
    policy = read_lifecycle_policy(call.table, call.now)
    if request.policy is not None:
        check_terms(call, request.policy, before=policy)
        policy = policy.with_terms(request.policy)
    return preview(call, policy, request, request.show)
