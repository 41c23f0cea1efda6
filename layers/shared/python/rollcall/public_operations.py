"""The decorators of what anybody may call, signed in or not: each call is counted by where it comes
from, and nothing is done in anybody's name before a token has proved who it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rollcall.kit.actor import Actor
from rollcall.kit.application import Application
from rollcall.kit.call import Runtime
from rollcall.kit.errors import NotFound
from rollcall.kit.http import GatewayEvent
from rollcall.kit.throttle import Throttle
from rollcall.operations import connect

ANONYMOUS = "anonymous"
OPENINGS = Throttle(30, timedelta(minutes=1))
"""Of links, from one address: a whole office that is invited at once gets through, and the 256 bits
of a token are as safe from 30 guesses a minute as from none."""
REGISTRATIONS = Throttle(10, timedelta(minutes=1))
"""From one address: each makes an account and sends a mail."""


def admit_anybody(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    """Nobody in particular, who holds nothing."""
    return Actor(
        kind="anonymous", id=ANONYMOUS, ip_address=event.source_ip, user_agent=event.user_agent
    )


def admit_registrant(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    """Likewise, where people may register; elsewhere there is nothing at such an address (404)."""
    if not runtime.settings.allow_registration:
        raise NotFound("route_not_found", "There is nothing at this address.")
    return admit_anybody(event, runtime, now)


public_operation = Application(
    connect=connect, authorize=admit_anybody, principals=(), oauth_scopes=lambda _: ()
).operation
registration_operation = Application(
    connect=connect, authorize=admit_registrant, principals=(), oauth_scopes=lambda _: ()
).operation
