"""The actions of the clean-up: warn, disable or delete one user (L1, I18).

Each action requires that the user, the sign-ins and the policy have not changed since they were
read. Cognito and mail follow through the stream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from rollcall.directory.rows import UserRecord
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.transaction import Change
from rollcall.lifecycle.decisions import Deed
from rollcall.lifecycle.policy import LifecyclePolicy
from rollcall.lifecycle.runs import Outcome
from rollcall.resources.deletion import plan_erasure
from rollcall.users.inactivity import Inactivity
from rollcall.users.sign_ins import SignIns
from rollcall.users.statuses import Status


class PlannedAction(NamedTuple):
    """The writes of an action, and its outcome if they succeed."""

    outcome: Outcome
    changes: tuple[Change[Any], ...]
    requires: tuple[ConditionCheck, ...]


def plan_action(
    call: Call, deed: Deed, policy: LifecyclePolicy, record: UserRecord
) -> PlannedAction:
    """The writes of an action on a user. Raises Conflict if the user cannot be deleted."""
    planned = _PLANS[deed](call, policy, record)
    sign_ins = ConditionCheck.at_version(SignIns.key_for(record.user.id), record.sign_ins.version)
    return planned._replace(requires=(*planned.requires, policy.unchanged(), sign_ins))


def _warn(call: Call, policy: LifecyclePolicy, record: UserRecord) -> PlannedAction:
    user, before = record.user, record.inactivity
    since = record.sign_ins.last_login_at or user.created_at
    disables_at = max(policy.end_grace(call.now), since + timedelta(policy.disable_after_days))
    known = before or Inactivity.none_of(user.id, call.now)
    change = Change(before, known.with_warning(call.now, disables_at))
    return PlannedAction(Outcome.WARNED, (change,), (ConditionCheck.unchanged(user),))


def _disable(call: Call, policy: LifecyclePolicy, record: UserRecord) -> PlannedAction:
    user, before = record.user, record.inactivity
    known = before or Inactivity.none_of(user.id, call.now)
    changes = (
        Change(user, user.with_status(Status.INACTIVE, call.now)),
        Change(before, known.with_disabling(call.now)),
    )
    return PlannedAction(Outcome.DISABLED, changes, ())


def _delete(call: Call, policy: LifecyclePolicy, record: UserRecord) -> PlannedAction:
    inactivity = record.inactivity.version if record.inactivity else 0
    unchanged = ConditionCheck.at_version(Inactivity.key_for(record.user.id), inactivity)
    planned = plan_erasure(call, record.user)
    changes = (planned.change, *planned.releases)
    return PlannedAction(Outcome.DELETED, changes, (planned.required, unchanged))


_PLANS: Mapping[Deed, Callable[[Call, LifecyclePolicy, UserRecord], PlannedAction]] = {
    Deed.WARN: _warn,
    Deed.DISABLE: _disable,
    Deed.DELETE: _delete,
}
