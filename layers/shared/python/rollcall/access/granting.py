"""Granting and revoking memberships, roles and permissions: one set of rules for all (R4, G2, I10,
I11).
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable
from datetime import datetime

from rollcall.access.grant_rules import refuse_outranked, require_held
from rollcall.access.policy import AccessPolicy, find_policy, policy_about
from rollcall.grants.grant import (
    Grant,
    Membership,
    OrganizationMembership,
    PermissionGrant,
    RoleGrant,
)
from rollcall.grants.permissions import without_end
from rollcall.kit.actor import EVERYTHING
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Conflict, Invalid
from rollcall.kit.model import Answer
from rollcall.kit.transaction import Change
from rollcall.users.user import User

ACTIONS_AT_MOST = 88
"""The actions for grants, of the hundred that a transaction can have. The rest is for the user, the
journal, three claims, the number of admins, three idempotency rows and two conditions."""


def commit_grants[A: Answer](
    call: Call, user: User, changed: User, answer: Callable[[User], A]
) -> A:
    """Write a user's new grants. Raises Forbidden if the caller does not hold what is granted, or
    revokes a grant from a user with more permissions; Conflict if the user leaves a group and has
    active workspaces in it; NotFound if a group, organization or role does not exist; Invalid for
    more changes than one transaction can have.
    """
    if _takes(user, changed):
        refuse_superior(call, user)
    requires = require_grantable(call, user, changed)
    if left := _left(user, changed, call.now):
        _refuse_busy(user, left)
        requires.append(user.owned.unchanged(user.id))
    return call.commit(Change(user, changed), answer=answer, requires=requires)


def require_grantable(call: Call, before: User | None, after: User) -> list[ConditionCheck]:
    """Refuse (403) to grant permissions that the caller does not hold, or does not hold for as
    long: by role, group, organization or directly (R4). Granting everything needs a recent sign-in
    (401). Returns the conditions of the decision, which the commit checks again.
    """
    _refuse_too_many(before, after)
    granted = _granted(before, after)
    if not granted or call.actor.holds_until(None, EVERYTHING):
        _require_fresh_sign_in(call, granted)
        return []
    stored, policy = find_policy(call.table, call.now)
    require_held(call.actor, (each for grant in granted for each in policy.permissions_of(grant)))
    return [ConditionCheck.unchanged(stored)] if stored else []


def require_role_grantable(call: Call, role_id: str) -> list[ConditionCheck]:
    """Refuse (403) a default role that grants permissions that the caller does not hold (R4).
    Returns the conditions of the decision, which the commit checks again.
    """
    if call.actor.holds_until(None, EVERYTHING):
        return []
    stored, policy = find_policy(call.table, call.now)
    require_held(call.actor, without_end(policy.of_role(role_id)))
    return [ConditionCheck.unchanged(stored)] if stored else []


def refuse_superior(call: Call, user: User) -> None:
    """Refuse (403) to change or block a user who holds more permissions than the caller, now or
    later, globally or as the admin of a group. Callers are not their own superiors.
    """
    if user.id != call.actor.id and not call.actor.holds_until(None, EVERYTHING):
        policy = policy_about(user, call.table, call.now)
        refuse_outranked(call.actor, policy.held_by(user, call.now))


def require_permissions_held(call: Call, user: User) -> None:
    """Refuse (403) to restore access for a user who holds more permissions than the caller (R4).
    Restoring access to everything needs a recent sign-in (401).
    """
    if call.actor.holds_until(None, EVERYTHING):
        _require_fresh_sign_in(call, user.rows())
    else:
        policy = policy_about(user, call.table, call.now)
        require_held(call.actor, policy.held_by(user, call.now))


def _require_fresh_sign_in(call: Call, granted: Iterable[Grant]) -> None:
    """Refuse (401) to grant everything without a recent sign-in. Only the role System grants it, no
    stored role or group does, so the policy is not read. The caller holds everything.
    """
    own = AccessPolicy.empty(call.now)
    if any(each.permission == EVERYTHING for one in granted for each in own.permissions_of(one)):
        call.require_fresh_sign_in()


def _granted(before: User | None, after: User) -> list[Grant]:
    held = before.rows() if before else ()
    return [grant for grant in after.rows() if grant not in held]


def _takes(before: User, after: User) -> bool:
    """Whether a grant is revoked or reduced: another role, a shorter period."""
    kept = {grant.key(): grant for grant in after.rows()}
    return any(
        not ((remaining := kept.get(grant.key())) and remaining.includes(grant))
        for grant in before.rows()
    )


def _left(before: User, after: User, now: datetime) -> set[str]:
    """The groups that the user leaves, because the membership is removed or is not in force."""
    return {
        held.group_id
        for held in before.memberships
        if (kept := after.find_membership(held.group_id)) is None
        or (held.period.covers(now) and not kept.period.covers(now))
    }


def _refuse_too_many(before: User | None, after: User) -> None:
    """Refuse more changes than one transaction can have: each grant that changes takes one action,
    and so does each counter.
    """
    held = set(before.rows() if before else ())
    changed = held.symmetric_difference(after.rows())
    rows = {grant.key(): grant for grant in changed}
    numbers = {counter for grant in changed for counter in grant.counts()}
    actions = len(rows) + len(numbers)
    if actions > ACTIONS_AT_MOST:
        most = Tally(_FIELDS[type(grant)] for grant in rows.values()).most_common(1)[0][0]
        message = (
            f"This change needs {actions} writes, but one transaction can have only "
            f"{ACTIONS_AT_MOST}. Split it into several requests."
        )
        raise Invalid.field(most, message, "too_many_changes")


_FIELDS: dict[type[Grant], str] = {
    Membership: "groups",
    OrganizationMembership: "memberships",
    RoleGrant: "roles",
    PermissionGrant: "permissions",
}
"""The names of the fields in requests."""


def _refuse_busy(user: User, left: set[str]) -> None:
    busy = {each: n for each, n in user.owned.active_in_group.items() if each in left}
    if busy:
        where = ", ".join(f"{count} in {group_id}" for group_id, count in sorted(busy.items()))
        detail = (
            f"The user has active workspaces ({where}). Transfer, archive or delete them first."
        )
        raise Conflict("active_workspaces", detail)
