"""Authorization of people: who is calling, and what they may do at this moment (I3, I13)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rollcall.access.policy import AccessPolicy, find_policy
from rollcall.grants.permissions import GROUP_ADMIN_PERMISSIONS, Given
from rollcall.kit.actor import Actor
from rollcall.kit.call import Runtime
from rollcall.kit.errors import Forbidden, Unauthenticated
from rollcall.kit.http import GatewayEvent
from rollcall.users.statuses import Status
from rollcall.users.user import User


def authorize_caller(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    """Find out who is calling, from the table and not from the token (I3, I13).

    The token says which account; the account's own record, read strongly consistent, says
    whether it is active, whether the sign-in still counts, and what it may do. Raises
    Unauthenticated or Forbidden.
    """
    clients = runtime.settings.client_ids.split(",")
    if clients != [""] and event.claims.get("client_id") not in clients:
        raise Unauthenticated("token_invalid", "This token was issued for another application.")
    user_id = event.claims.get("username", "")
    user = runtime.table.find(User, user_id) if user_id else None
    if user is None or not user.exists:
        raise Unauthenticated("unknown_account", "This token belongs to no account.")
    if user.status is not Status.ACTIVE:
        raise Forbidden("account_not_active", f"Your account is {user.status.value}.")
    # "auth_time" stays what it was when a token is refreshed, so a refresh revives nothing.
    if int(event.claims.get("auth_time", "0")) < user.auth_epoch:
        raise Unauthenticated("session_ended", "This session has ended; sign in again.")
    witnesses = {user.key(): user.version}
    policy = AccessPolicy.empty(now)
    if user.needs_policy and not user.is_admin:
        _, policy = find_policy(runtime.table, now)
        witnesses[policy.key()] = policy.version
    held = [each for row in user.rows() if row.period.covers(now) for each in policy.gives(row)]
    groups = frozenset(each.about for each in held if each.about)
    return Actor(
        kind="user",
        id=user.id,
        permissions=frozenset(each.permission for each in held if not each.about),
        scoped=dict.fromkeys(GROUP_ADMIN_PERMISSIONS, groups) if groups else {},
        ends=_find_ends(held),
        principal=user,
        witnesses=witnesses,
        ip_address=event.source_ip,
        user_agent=event.user_agent,
    )


def _find_ends(held: Iterable[Given]) -> dict[tuple[str, str | None], datetime]:
    """Until when each permission is held that is held for a time only: the latest end counts."""
    ends: dict[tuple[str, str | None], datetime] = {}
    endless: set[tuple[str, str | None]] = set()
    for permission, about, ends_at in held:
        way = (permission, about)
        if ends_at is None:
            endless.add(way)
        else:
            ends[way] = max(ends_at, ends.get(way, ends_at))
    return {way: end for way, end in ends.items() if way not in endless}
