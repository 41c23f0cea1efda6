"""The decorator of the system API: operations for services with OAuth 2.0 client credentials. Users
cannot call them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from rollcall.grants.scopes import read_scopes
from rollcall.kit.actor import Actor
from rollcall.kit.application import Application
from rollcall.kit.call import Runtime
from rollcall.kit.errors import Forbidden
from rollcall.kit.http import GatewayEvent
from rollcall.operations import connect


def authorize_client(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    """The calling service, with the scopes of its token as permissions: some of them only for its
    sources of facts and types of resources. Raises Forbidden for the token of a user.
    """
    claims = event.claims
    client_id = claims.get("client_id", "")
    if not client_id or "username" in claims:
        detail = "The system API is for services. Use a token of the client credentials grant."
        raise Forbidden("client_needed", detail)
    permissions, limited = read_scopes(claims.get("scope", "").split())
    return Actor(
        kind="client",
        id=client_id,
        permissions=permissions,
        scoped=limited,
        ip_address=event.source_ip,
        user_agent=event.user_agent,
    )


def _scopes(permission: StrEnum | None) -> tuple[str, ...]:
    return (permission.value,) if permission else ()


system_operation = Application(
    connect=connect, authorize=authorize_client, principals=(), oauth_scopes=_scopes
).operation
