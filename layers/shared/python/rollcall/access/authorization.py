"""Authorization of users: who the caller is, and which permissions the caller holds (I3, I13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from rollcall.access.policy import AccessPolicy, find_policy
from rollcall.grants.permissions import GROUP_ADMIN_PERMISSIONS, GrantedPermission
from rollcall.kit.actor import Actor
from rollcall.kit.call import Runtime
from rollcall.kit.errors import Forbidden, SignInInsufficient, Unauthenticated
from rollcall.kit.http import GatewayEvent
from rollcall.kit.step_up import read_sign_in_time
from rollcall.users.statuses import Status
from rollcall.users.user import User


def authorize_caller(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    """The caller, as the table knows it and not as the token says (I3, I13).

    The token identifies the account. A strongly consistent read of the user decides whether the
    account is active, whether the sign-in is still valid, and which permissions it has. Raises
    Unauthenticated or Forbidden.
    """
    signed_in_at = read_sign_in_time(event.claims)
    user = _find_signed_in(event, runtime, signed_in_at)
    witnesses = {user.key(): user.version}
    policy = AccessPolicy.empty(now)
    if user.needs_policy and not user.is_admin:
        _, policy = find_policy(runtime.table, now)
        witnesses[policy.key()] = policy.version
    actor = as_actor(user, policy, now)
    address, agent = event.source_ip, event.user_agent
    return replace(
        actor,
        witnesses=witnesses,
        signed_in_at=signed_in_at,
        ip_address=address,
        user_agent=agent,
    )


def _find_signed_in(event: GatewayEvent, runtime: Runtime, signed_in_at: int) -> User:
    """The active user of a token whose sign-in is still in force."""
    clients = runtime.settings.client_ids.split(",")
    if clients != [""] and event.claims.get("client_id") not in clients:
        raise Unauthenticated("token_invalid", "This token was issued for another application.")
    user_id = event.claims.get("username", "")
    user = runtime.table.find(User, user_id) if user_id else None
    if user is None or not user.exists:
        raise Unauthenticated("unknown_account", "The account of this token does not exist.")
    if user.status is not Status.ACTIVE:
        raise Forbidden("account_not_active", f"Your account is {user.status.value}.")
    # A refreshed token keeps its "auth_time", so a refresh does not revive an ended session.
    if signed_in_at < user.auth_epoch:
        raise Unauthenticated("session_ended", "This session has ended. Sign in again.")
    if user.is_admin and runtime.settings.mfa == "required-for-admins":
        _require_second_factor(user, signed_in_at)
    return user


def _require_second_factor(user: User, signed_in_at: int) -> None:
    """Refuse (401) a sign-in that had no second factor, as the trigger has recorded. It does not
    lock an admin out: the access token is enough to set up a factor, and that is a call to Cognito.
    """
    if user.second_factor_after is None or signed_in_at <= user.second_factor_after:
        detail = (
            "Platform admins must sign in with a second factor. Set up an authenticator app with "
            "this access token (AssociateSoftwareToken, VerifySoftwareToken and "
            "SetUserMFAPreference of Amazon Cognito). Then sign in again."
        )
        raise SignInInsufficient("second_factor_required", detail)


def as_actor(user: User, policy: AccessPolicy, now: datetime) -> Actor:
    """The user as an actor, with the permissions that the user holds at this time."""
    held = [
        each for row in user.rows() if row.period.covers(now) for each in policy.permissions_of(row)
    ]
    groups = frozenset(each.about for each in held if each.about)
    return Actor(
        kind="user",
        id=user.id,
        permissions=frozenset(each.permission for each in held if not each.about),
        scoped=dict.fromkeys(GROUP_ADMIN_PERMISSIONS, groups) if groups else {},
        expiries=_find_ends(held),
        principal=user,
    )


def _find_ends(held: Iterable[GrantedPermission]) -> dict[tuple[str, str | None], datetime]:
    """When each permission that expires does so: the latest expiry of its grants counts."""
    ends: dict[tuple[str, str | None], datetime] = {}
    endless: set[tuple[str, str | None]] = set()
    for permission, about, ends_at in held:
        way = (permission, about)
        if ends_at is None:
            endless.add(way)
        else:
            ends[way] = max(ends_at, ends.get(way, ends_at))
    return {way: end for way, end in ends.items() if way not in endless}
