"""Step-up: some operations need a recent sign-in (RFC 9470).

The age of a sign-in is in the access token's ``auth_time`` (OpenID Connect Core 1.0, section 2).
Amazon Cognito keeps it when it refreshes a token. The embedded Cognito of ``rollcall local`` sets
it to the time of the refresh, so on one machine a refresh counts as a sign-in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from rollcall.kit.actor import Actor
from rollcall.kit.errors import SignInInsufficient
from rollcall.kit.settings import Settings

CLOCKS_DIFFER_BY = 60
"""The seconds that the identity provider's clock can be ahead of ours."""
_SECONDS = re.compile(r"[0-9]{1,15}")


def read_sign_in_time(claims: Mapping[str, str]) -> int:
    """When the caller signed in, in epoch seconds. 0, which is before every end of sessions and
    never recent, if the token does not say it.
    """
    claim = claims.get("auth_time", "")
    return int(claim) if _SECONDS.fullmatch(claim) else 0


def require_fresh_sign_in(actor: Actor, settings: Settings, now: datetime) -> None:
    """Raise SignInInsufficient (401) if a user's sign-in is older than ``freshSignInMinutes``, or
    in the future. Services have client credentials and no sign-in, so it does not concern them.
    """
    if actor.kind != "user":
        return
    most = settings.fresh_sign_in_minutes * 60
    age = now.timestamp() - actor.signed_in_at
    oldest = most * settings.time_scale  # on a scaled clock, a sign-in takes as long as elsewhere
    if not -CLOCKS_DIFFER_BY <= age <= oldest:
        detail = (
            f"This needs a sign-in that is at most {settings.fresh_sign_in_minutes} minutes old. "
            "Sign in again, and then repeat the request."
        )
        raise SignInInsufficient("fresh_sign_in_required", detail, max_age=most)
