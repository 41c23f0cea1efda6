"""Inviters: an invitation grants only what its inviter holds, until it is accepted (I9, I11)."""

from __future__ import annotations

from collections.abc import Sequence

from rollcall.access.authorization import as_actor
from rollcall.access.grant_rules import require_held
from rollcall.access.policy import find_policy, policy_about
from rollcall.grants.permissions import GrantedPermission, Permission
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Forbidden
from rollcall.users.statuses import Status
from rollcall.users.user import User


def list_passed_on(call: Call, invited: User) -> tuple[GrantedPermission, ...]:
    """The permissions that an invitation of this user grants."""
    return tuple(policy_about(invited, call.table, call.now).held_by(invited, call.now))


def find_inviter(
    call: Call, inviter_id: str, passed_on: Sequence[GrantedPermission]
) -> list[ConditionCheck] | None:
    """The conditions of the decision that the inviter is active, can still invite, and still holds
    what the invitation grants. None if that is not so.
    """
    inviter = call.table.find(User, inviter_id)
    if inviter is None or inviter.status is not Status.ACTIVE:
        return None
    stored, policy = find_policy(call.table, call.now)
    try:
        needed = GrantedPermission(Permission.USER_INVITE, ends_at=call.now)
        require_held(as_actor(inviter, policy, call.now), [needed, *passed_on])
    except Forbidden:
        return None
    at_version = ConditionCheck.at_version(policy.key(), stored.version if stored else 0)
    return [ConditionCheck.unchanged(inviter), at_version]
