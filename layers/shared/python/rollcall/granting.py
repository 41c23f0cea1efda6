"""Giving users memberships, roles and permissions, and taking them away: one set of rules for all
(R4, G2, I10, I11).
"""

from __future__ import annotations

from collections.abc import Callable

from rollcall.access import effective_permissions, find_policy
from rollcall.grants import Grant, GroupRole, Membership
from rollcall.kit.actor import EVERYTHING
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.model import Answer
from rollcall.kit.requirement import Required
from rollcall.kit.transaction import Change
from rollcall.permissions import GROUP_ADMIN_PERMISSIONS, refuse_outranked, require_held
from rollcall.users import User


def commit_grants[A: Answer](
    call: Call, user: User, changed: User, answer: Callable[[User], A]
) -> A:
    """Write a user's new grants. Raises Forbidden for what the caller does not hold, and for
    taking something from a user who may do more; Conflict for leaving a group with active
    workspaces in it; NotFound for a group, organization or role that is not there.
    """
    _refuse_taking(call, user, _taken(user, changed))
    requires = require_grantable(call, user, changed)
    left = set(user.group_ids) - set(changed.group_ids)
    if left:
        _refuse_busy(user, left)
        requires.append(user.owned.unchanged(user.id))
    return call.commit(Change(user, changed), answer=answer, requires=requires)


def require_grantable(call: Call, before: User | None, after: User) -> list[Required]:
    """Refuse (403) to pass on what the caller does not hold: by role, group, organization or
    directly (R4). Returns what the decision rests on, for the commit to check again.
    """
    given = _given(before, after)
    if not given or call.actor.holds(EVERYTHING):
        return []
    stored, policy = find_policy(call.table, call.now)
    require_held(call.actor, (each for grant in given for each in policy.of_grant(grant)))
    for grant in given:
        if isinstance(grant, Membership) and grant.role is GroupRole.ADMIN:
            require_held(call.actor, GROUP_ADMIN_PERMISSIONS, about=grant.group_id)
    return [Required.unchanged(stored)] if stored else []


def require_role_grantable(call: Call, role_id: str) -> list[Required]:
    """Refuse (403) to let others be given a role by default that grants what the caller does not
    hold (R4). Returns what the decision rests on, for the commit to check again.
    """
    if call.actor.holds(EVERYTHING):
        return []
    stored, policy = find_policy(call.table, call.now)
    require_held(call.actor, policy.of_role(role_id))
    return [Required.unchanged(stored)] if stored else []


def _given(before: User | None, after: User) -> list[Grant]:
    held = before.rows() if before else ()
    return [grant for grant in after.rows() if grant not in held]


def _taken(before: User, after: User) -> list[Grant]:
    """The grants that have gone, or give less than they did: another role, a shorter time."""
    kept = {grant.key(): grant for grant in after.rows()}
    return [
        grant
        for grant in before.rows()
        if not ((remaining := kept.get(grant.key())) and remaining.includes(grant))
    ]


def _refuse_taking(call: Call, user: User, taken: list[Grant]) -> None:
    """Refuse (403) to take something from a user who may do more; and the role of a group admin,
    who may do more in that group, without holding there what the role gives.
    """
    if taken:
        refuse_outranked(call.actor, effective_permissions(user, call.table, call.now))
    for grant in taken:
        if isinstance(grant, Membership) and grant.role is GroupRole.ADMIN:
            refuse_outranked(call.actor, GROUP_ADMIN_PERMISSIONS, about=grant.group_id)


def _refuse_busy(user: User, left: set[str]) -> None:
    busy = {each: n for each, n in user.owned.active_in_group.items() if each in left}
    if busy:
        where = ", ".join(f"{count} in {group_id}" for group_id, count in sorted(busy.items()))
        detail = (
            f"The user has active workspaces ({where}); transfer, archive or delete them first."
        )
        raise Conflict("active_workspaces", detail)
