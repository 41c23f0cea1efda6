"""The decorators of public operations, which anyone can call without signing in. Calls are counted
by source address. They act for a user only after a token has proved the caller's identity.
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
"""Opened links per source address: enough for an office whose people are all invited together, and
too few to guess tokens of 256 bits.
"""
REGISTRATIONS = Throttle(10, timedelta(minutes=1))
"""Registrations per source address: each creates an account and sends a mail."""


def admit_anyone(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    """An anonymous actor without permissions."""
    return Actor(
        kind="anonymous", id=ANONYMOUS, ip_address=event.source_ip, user_agent=event.user_agent
    )


def admit_registrant(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    """An anonymous actor, if the deployment allows registration. Raises NotFound otherwise."""
    if not runtime.settings.allow_registration:
        raise NotFound("route_not_found", "There is nothing at this address.")
    return admit_anyone(event, runtime, now)


public_operation = Application(
    connect=connect, authorize=admit_anyone, principals=(), oauth_scopes=lambda _: ()
).operation
registration_operation = Application(
    connect=connect, authorize=admit_registrant, principals=(), oauth_scopes=lambda _: ()
).operation
