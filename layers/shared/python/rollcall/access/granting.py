"""Giving users memberships, roles and permissions, and taking them away: one set of rules for all
(R4, G2, I10, I11).
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable
from datetime import datetime

from rollcall.access.policy import find_policy, policy_about
from rollcall.grants.grant import (
    Grant,
    Membership,
    OrganizationMembership,
    PermissionGrant,
    RoleGrant,
)
from rollcall.grants.permissions import refuse_outranked, require_held, without_end
from rollcall.kit.actor import EVERYTHING
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict, Invalid
from rollcall.kit.model import Answer
from rollcall.kit.requirement import Required
from rollcall.kit.transaction import Change
from rollcall.users.user import User

ACTIONS_AT_MOST = 90
"""Of the hundred that a transaction may have: the rest is for the user, the journal, three claims,
the number of admins, the idempotency row and two conditions."""


def commit_grants[A: Answer](
    call: Call, user: User, changed: User, answer: Callable[[User], A]
) -> A:
    """Write a user's new grants. Raises Forbidden for what the caller does not hold, and for
    taking something from a user who may do more; Conflict for leaving a group with active
    workspaces in it; NotFound for a group, organization or role that is not there; Invalid for
    more changes than one transaction takes.
    """
    if _takes(user, changed):
        refuse_superior(call, user)
    requires = require_grantable(call, user, changed)
    if left := _left(user, changed, call.now):
        _refuse_busy(user, left)
        requires.append(user.owned.unchanged(user.id))
    return call.commit(Change(user, changed), answer=answer, requires=requires)


def require_grantable(call: Call, before: User | None, after: User) -> list[Required]:
    """Refuse (403) to pass on what the caller does not hold, or not as long: by role, group,
    organization or directly (R4). Returns what the decision rests on, for the commit to check
    again.
    """
    _refuse_too_many(before, after)
    given = _given(before, after)
    if not given or call.actor.holds_until(None, EVERYTHING):
        return []
    stored, policy = find_policy(call.table, call.now)
    require_held(call.actor, (each for grant in given for each in policy.gives(grant)))
    return [Required.unchanged(stored)] if stored else []


def require_role_grantable(call: Call, role_id: str) -> list[Required]:
    """Refuse (403) to let others be given a role by default that grants what the caller does not
    hold (R4). Returns what the decision rests on, for the commit to check again.
    """
    if call.actor.holds_until(None, EVERYTHING):
        return []
    stored, policy = find_policy(call.table, call.now)
    require_held(call.actor, without_end(policy.of_role(role_id)))
    return [Required.unchanged(stored)] if stored else []


def refuse_superior(call: Call, user: User) -> None:
    """Refuse (403) to take over, shut out or take something from a user who may do more than the
    caller, now or later, everywhere or as the admin of a group.
    """
    if not call.actor.holds_until(None, EVERYTHING):
        policy = policy_about(user, call.table, call.now)
        refuse_outranked(call.actor, policy.given_to(user, call.now))


def require_standing_held(call: Call, user: User) -> None:
    """Refuse (403) to give a user who may do more than the caller their standing back (R4)."""
    if not call.actor.holds_until(None, EVERYTHING):
        policy = policy_about(user, call.table, call.now)
        require_held(call.actor, policy.given_to(user, call.now))


def _given(before: User | None, after: User) -> list[Grant]:
    held = before.rows() if before else ()
    return [grant for grant in after.rows() if grant not in held]


def _takes(before: User, after: User) -> bool:
    """Whether a grant goes, or gives less than it did: another role, a shorter time."""
    kept = {grant.key(): grant for grant in after.rows()}
    return any(
        not ((remaining := kept.get(grant.key())) and remaining.includes(grant))
        for grant in before.rows()
    )


def _left(before: User, after: User, now: datetime) -> set[str]:
    """The groups that the user is in no more, by the end of the membership or of its time."""
    return {
        held.group_id
        for held in before.memberships
        if (kept := after.find_membership(held.group_id)) is None
        or (held.period.covers(now) and not kept.period.covers(now))
    }


def _refuse_too_many(before: User | None, after: User) -> None:
    """One action for each grant that changes, and one for each number that it changes."""
    held = set(before.rows() if before else ())
    changed = held.symmetric_difference(after.rows())
    rows = {grant.key(): grant for grant in changed}
    numbers = {counter for grant in changed for counter in grant.counts()}
    actions = len(rows) + len(numbers)
    if actions > ACTIONS_AT_MOST:
        most = Tally(_FIELDS[type(grant)] for grant in rows.values()).most_common(1)[0][0]
        message = (
            f"This is more than one transaction takes ({actions} writes, {ACTIONS_AT_MOST} at "
            "most); send it in parts."
        )
        raise Invalid.field(most, message, "too_many_changes")


_FIELDS: dict[type[Grant], str] = {
    Membership: "groups",
    OrganizationMembership: "memberships",
    RoleGrant: "roles",
    PermissionGrant: "permissions",
}
"""What requests call them."""


def _refuse_busy(user: User, left: set[str]) -> None:
    busy = {each: n for each, n in user.owned.active_in_group.items() if each in left}
    if busy:
        where = ", ".join(f"{count} in {group_id}" for group_id, count in sorted(busy.items()))
        detail = (
            f"The user has active workspaces ({where}); transfer, archive or delete them first."
        )
        raise Conflict("active_workspaces", detail)
