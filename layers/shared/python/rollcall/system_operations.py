"""The decorator of the system API: operations that services call with credentials of their own
(OAuth 2.0 client credentials), and never people.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from rollcall.grants.scopes import SYSTEM_SCOPES
from rollcall.kit.actor import Actor
from rollcall.kit.application import Application
from rollcall.kit.call import Runtime
from rollcall.kit.errors import Forbidden
from rollcall.kit.http import GatewayEvent
from rollcall.operations import connect


def authorize_client(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    """The service that calls, holding what its token's scopes say. Raises Forbidden for the token
    of a person.
    """
    claims = event.claims
    client_id = claims.get("client_id", "")
    if not client_id or "username" in claims:
        detail = "The system API is for services; use a token of the client credentials grant."
        raise Forbidden("client_needed", detail)
    return Actor(
        kind="client",
        id=client_id,
        permissions=frozenset(claims.get("scope", "").split()) & frozenset(SYSTEM_SCOPES),
        ip_address=event.source_ip,
        user_agent=event.user_agent,
    )


def _scopes(permission: StrEnum | None) -> tuple[str, ...]:
    return (permission.value,) if permission else ()


system_operation = Application(
    connect=connect, authorize=authorize_client, principals=(), oauth_scopes=_scopes
).operation
