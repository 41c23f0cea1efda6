"""The HTTP server in front of the operations. It replaces API Gateway on one machine."""

from __future__ import annotations

import base64
import time
from collections.abc import Collection, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aws_lambda_powertools
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollcall.kit.call import Runtime
from rollcall.kit.error_messages import clean
from rollcall.kit.errors import Forbidden, MethodNotAllowed, PayloadTooLarge, Problem
from rollcall.kit.http import SECURITY_HEADERS, write_problem
from rollcall_infra.cors import list_methods, preflight_headers
from rollcall_infra.gateway import GATEWAY_PROBLEMS, AnyOperation
from rollcall_infra.local.guard import find_intrusion, local_origins
from rollcall_infra.local.verifier import TokenVerifier
from rollcall_infra.openapi import build_document

STAGE = "api"

# Found by path: importing the package takes longer than the rest of this module.
_SWAGGER_UI = Path(aws_lambda_powertools.__file__).parent / "event_handler/openapi/swagger_ui"
_ASSETS = {
    "swagger-ui.css": _SWAGGER_UI / "swagger-ui.min.css",
    "swagger-ui.js": _SWAGGER_UI / "swagger-ui-bundle.min.js",
}
_DOCS_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Rollcall API</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <div id="docs"></div>
  <script src="/docs/swagger-ui.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#docs", deepLinking: true,
  persistAuthorization: true, validatorUrl: null, docExpansion: "list"});
"""
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self' {token_origin}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI sets styles, and gets tokens of services at the embedded AWS."""


def find_origins(port: int, allowed_origin: str) -> frozenset[str]:
    """The origins whose pages can call the gateway on this port: its own, and the one that is
    configured for CORS, if any. ``*`` is for APIs in the internet, not on this machine.
    """
    return local_origins(port).union({allowed_origin} - {"", "*"})


def make_gateway(
    runtime: Runtime,
    operations: Iterable[AnyOperation],
    verifier: TokenVerifier,
    token_url: str,
    origins: Collection[str],
    *,
    more_routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """The application for pages of these origins: the operations below ``/api``, and their
    documentation at ``/docs``, which names ``token_url`` as the token endpoint of services, and
    ``more_routes``.
    """
    allowed_origin = runtime.settings.allowed_origin
    by_path: dict[str, dict[str, AnyOperation]] = {}
    # Sorted, because the first route that matches answers: words are before variables ("{").
    in_order = tuple(sorted(operations, key=lambda each: each.public_path))
    for operation in in_order:
        by_path.setdefault(operation.public_path, {})[operation.method] = operation

    @cache
    def document() -> Response:
        # Built at the first request, because that takes half a second.
        return JSONResponse(build_document(in_order, token_url))

    token_origin = urlsplit(token_url)._replace(path="").geturl()
    docs_headers = {"Content-Security-Policy": _DOCS_POLICY.format(token_origin=token_origin)}
    api = Router(
        [Route(path, _Address(methods, runtime, verifier)) for path, methods in by_path.items()],
        redirect_slashes=False,
    )
    gateway = Starlette(
        routes=[
            Mount(f"/{STAGE}", app=api),
            Route("/", lambda _: RedirectResponse("/docs")),
            Route("/openapi.json", lambda _: document()),
            Route("/docs", lambda _: HTMLResponse(_DOCS_PAGE, headers=docs_headers)),
            Route("/docs/start.js", lambda _: Response(_START, media_type="text/javascript")),
            Route("/docs/{asset}", _serve_asset),
            *more_routes,
        ],
        middleware=[Middleware(_Guard, origins=origins, allowed_origin=allowed_origin)],
        exception_handlers={404: partial(_answer_unknown_route, runtime)},
    )
    gateway.router.redirect_slashes = False
    return gateway


class _Guard:
    """Refuses requests of pages of other origins, and those for another host. Every answer has the
    API's security headers.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str], allowed_origin: str) -> None:
        self._app = app
        self._origins = origins
        self._allowed_origin = allowed_origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = find_intrusion(scope, self._origins)
        if reason is None:
            await self._app(_without_slash(scope), receive, partial(_send_secured, send))
        else:
            problem = Forbidden("foreign_page", reason)
            refusal = _respond(write_problem(problem, str(uuid4()), self._allowed_origin))
            await refusal(scope, receive, send)


def _without_slash(scope: Scope) -> Scope:
    """The same request without a slash at the end of its path: both mean one address."""
    path = scope.get("path", "")
    return {**scope, "path": path.removesuffix("/")} if len(path) > 1 else scope


async def _send_secured(send: Send, message: Message) -> None:
    if message["type"] == "http.response.start":
        headers = MutableHeaders(raw=message["headers"])
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
    await send(message)


class _Address:
    """The operations of one path, as an ASGI application: it answers every method."""

    def __init__(
        self, methods: dict[str, AnyOperation], runtime: Runtime, verifier: TokenVerifier
    ) -> None:
        self._methods = methods
        self._runtime = runtime
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        started = time.monotonic()
        response = await _perform(self._methods, self._runtime, self._verifier, request)
        taken = (time.monotonic() - started) * 1000
        line = f"{response.status_code} {clean(request.method)}"
        print(f"{line} {_printed_path(self._methods, request)} {taken:.0f} ms", flush=True)  # noqa: T201 (a command talks to its user)
        await response(scope, receive, send)


def _printed_path(methods: dict[str, AnyOperation], request: Request) -> str:
    """The path for a terminal, but not what may be a token in it (I17)."""
    public = next((each.public_path for each in methods.values() if each.public), None)
    return f"/{STAGE}{public}" if public else clean(request.scope["path"])


async def _perform(
    methods: dict[str, AnyOperation],
    runtime: Runtime,
    verifier: TokenVerifier,
    request: Request,
) -> Response:
    origin = runtime.settings.allowed_origin
    request_id = str(uuid4())
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=preflight_headers(origin, methods))
    try:
        # The server sends the headers of the answer to a HEAD, and not its body.
        operation = methods.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            raise MethodNotAllowed(list_methods(methods))
        claims = await _authorize(operation, verifier, request)
        event = await _make_event(request, operation, claims, request_id)
    except Problem as problem:
        return _respond(write_problem(problem, request_id, origin))
    return _respond(await run_in_threadpool(operation.handle, event, runtime))


async def _authorize(
    operation: AnyOperation, verifier: TokenVerifier, request: Request
) -> dict[str, str] | None:
    """The claims of the caller's token; None if the operation is public."""
    if operation.public:
        return None
    return await run_in_threadpool(
        verifier.verify, request.headers.get("Authorization"), operation.oauth_scopes
    )


async def _answer_unknown_route(runtime: Runtime, _request: Request, _error: Exception) -> Response:
    problem = GATEWAY_PROBLEMS["MISSING_AUTHENTICATION_TOKEN"]
    return _respond(write_problem(problem, str(uuid4()), runtime.settings.allowed_origin))


async def _make_event(
    request: Request,
    operation: AnyOperation,
    claims: dict[str, str] | None,
    request_id: str,
) -> dict[str, Any]:
    """The event that API Gateway's Lambda proxy integration sends (format 1.0)."""
    body = await _read_body(request, operation.body_at_most)
    query: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name, []).append(value)
    return {
        "resource": operation.public_path,
        "path": request.url.path,
        "httpMethod": request.method,
        "headers": dict(request.headers),
        "multiValueHeaders": {name: request.headers.getlist(name) for name in request.headers},
        "pathParameters": request.path_params or None,
        "queryStringParameters": {k: values[-1] for k, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
        "requestContext": {
            "requestId": request_id,
            "stage": STAGE,
            "identity": {
                "sourceIp": request.client.host if request.client else "",
                "userAgent": request.headers.get("User-Agent"),
            },
            "authorizer": {"claims": claims} if claims else None,
        },
    }


async def _read_body(request: Request, at_most: int) -> bytes:
    """The body, of which no more is read than the operation accepts. Raises PayloadTooLarge."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > at_most:
        raise PayloadTooLarge.over(at_most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > at_most:
            raise PayloadTooLarge.over(at_most)
    return bytes(body)


def _respond(answer: dict[str, Any]) -> Response:
    return Response(answer["body"], answer["statusCode"], answer["headers"])


async def _serve_asset(request: Request) -> Response:
    file = _ASSETS.get(request.path_params["asset"])
    return FileResponse(file) if file else Response(status_code=404)
