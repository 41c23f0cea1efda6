"""The local gateway: which pages can call it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from rollcall_infra.catalog import read_catalog
from rollcall_infra.local.gateway import find_origins, make_gateway
from rollcall_infra.local.verifier import TokenVerifier
from tests.world.world import World

OWN = "http://127.0.0.1:8000"
CONSOLE = "http://localhost:3000"

type Send = Callable[..., httpx.Response]


def gateway(world: World, allowed_origin: str) -> Send:
    """Requests to the gateway on port 8000, without a server."""
    settings = world.runtime.settings.model_copy(update={"allowed_origin": allowed_origin})
    application = make_gateway(
        replace(world.runtime, settings=settings),
        read_catalog().operations,
        TokenVerifier("http://127.0.0.1:1/jwks.json", "issuer", settings),
        "http://127.0.0.1:1/oauth2/token",
        find_origins(8000, allowed_origin),
    )

    async def send(method: str, path: str, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
            return await client.request(method, path, headers=headers)

    return lambda *request, **headers: asyncio.run(send(*request, **headers))


@pytest.mark.parametrize("allowed", ["", "*", CONSOLE])
def test_own_pages_are_answered_and_pages_of_unknown_origins_refused(
    world: World, allowed: str
) -> None:
    send = gateway(world, allowed)
    assert send("GET", "/docs", Origin=OWN).status_code == 200
    for origin in ("https://evil.example", "null", ""):
        refused = send("OPTIONS", "/api/me", Origin=origin)
        assert (refused.status_code, refused.json()["code"]) == (403, "foreign_page")


def test_page_of_the_allowed_origin_can_ask_and_read(world: World) -> None:
    send = gateway(world, CONSOLE)
    preflight = send("OPTIONS", "/api/admin/users", Origin=CONSOLE)
    refused = send("GET", "/api/admin/users", Origin=CONSOLE)

    assert (preflight.status_code, refused.status_code) == (204, 401)
    for answer in (preflight, refused):
        assert answer.headers["Access-Control-Allow-Origin"] == CONSOLE
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "ETag" in refused.headers["Access-Control-Expose-Headers"]


def test_without_an_allowed_origin_only_own_pages_can_read(world: World) -> None:
    send = gateway(world, "")
    for answer in (send("OPTIONS", "/api/me"), send("GET", "/api/me")):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
