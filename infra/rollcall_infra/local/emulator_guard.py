"""Authentication for ministack, which has none and allows pages of every origin.

A request needs a signature by the keys of this run (Signature Version 4) or by credentials that
the embedded AWS has issued. As at AWS, some requests need none: those of the Cognito API that
users sign in with, the sign-in pages, the pools' public keys and the deployed APIs, which have
their own authorizers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import parse_qs, quote

from ministack.core.iam_actions import unsigned_operations
from ministack.core.iam_evaluator import CredentialResolutionError, resolve_credential
from ministack.core.sigv4 import (
    HeaderSignature,
    header_signature_failure,
    parse_header_signature,
    parse_query_signature,
    presigned_request_is_expired,
    request_time_failure,
)
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollcall_infra.local.guard import find_intrusion

_USER_POOLS = "AWSCognitoIdentityProviderService."
_SIGN_IN_PAGES = frozenset(
    {
        ("GET", "/oauth2/authorize"),
        ("POST", "/oauth2/login"),
        ("POST", "/login"),
        ("GET", "/logout"),
        ("POST", "/oauth2/token"),
    }
)
_PUBLIC_KEYS = re.compile(r"/[\w-]+_\w+/\.well-known/(jwks\.json|openid-configuration)", re.ASCII)
_API = re.compile(r"/_aws/execute-api/[^/]+/[^/]+(/.*)?", re.DOTALL)
_RESULT = re.compile(r"/_ministack/cfn-response/[0-9a-f-]{36}")
"""Where the function of a custom resource sends its result. At AWS it is a presigned URL."""
_ACCOUNT = re.compile(r"[0-9]{12}")
_PREFLIGHT_SECONDS = 3600


class EmulatorGuard:
    """The embedded AWS behind the checks. Pages of ``origins`` can send what needs no keys, and
    presigned requests.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:  # WebSockets, which Rollcall does not use
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Headers(scope=scope).get("Origin")
        if reason := find_intrusion(scope, self._origins):
            await _refuse(reason)(scope, receive, send)
        elif _API.fullmatch(scope["path"]):
            await self._app(scope, receive, send)  # the API has its own CORS headers
        elif origin and scope["method"] == "OPTIONS":
            await _allow(scope, origin)(scope, receive, send)
        elif public := _find_public(scope):
            await self._app(public, receive, _with_origin(send, origin))
        elif origin and not _is_presigned(scope):
            await _refuse("Pages cannot use the keys.")(scope, receive, send)
        elif received := await _authenticate(scope, receive):
            await self._app(scope, received, _with_origin(send, origin))
        else:
            await _refuse("The request has no valid signature.")(scope, receive, send)


def _refuse(message: str) -> Response:
    body = {"__type": "AccessDeniedException", "message": message}
    return JSONResponse(body, 403, media_type="application/x-amz-json-1.1")


def _allow(scope: Scope, origin: str) -> Response:
    """The answer to a preflight request. A page of ours can send any header."""
    wanted = Headers(scope=scope).get("Access-Control-Request-Headers", "")
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "GET, POST, PUT",
        "Access-Control-Allow-Headers": wanted,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        "Vary": "Origin, Access-Control-Request-Headers",
    }
    return Response(status_code=204, headers=headers)


def _with_origin(send: Send, origin: str | None) -> Send:
    """Replace ministack's CORS headers, which allow every origin."""

    async def send_replaced(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent = message.get("headers", [])
            headers = MutableHeaders(raw=[(name.lower(), value) for name, value in sent])
            for name in {each for each in headers if each.startswith("access-control-")}:
                del headers[name]
            if origin:
                headers["Access-Control-Allow-Origin"] = origin
            headers.add_vary_header("Origin")
            message = {**message, "headers": headers.raw}
        await send(message)

    return send_replaced


def _find_public(scope: Scope) -> Scope | None:
    """The request if it needs no keys, without the headers that could make ministack take it for
    another one.
    """
    method, path, bare = scope["method"], scope["path"], not scope["query_string"]
    targets = Headers(scope=scope).getlist("X-Amz-Target")
    if method == "POST" and path == "/" and bare and _is_sign_in(targets):
        return _without(scope, "authorization")
    if (method, path) in _SIGN_IN_PAGES or (method == "PUT" and _RESULT.fullmatch(path)):
        return _without(scope, "x-amz-target")
    if method == "GET" and bare and _PUBLIC_KEYS.fullmatch(path):
        return _without(scope, "authorization", "x-amz-target")
    return None


def _is_sign_in(targets: list[str]) -> bool:
    return len(targets) == 1 and targets[0] in {
        f"{_USER_POOLS}{name}" for name in unsigned_operations("cognito-idp")
    }


def _without(scope: Scope, *names: str) -> Scope:
    kept = [each for each in scope["headers"] if each[0].decode("latin-1").lower() not in names]
    return {**scope, "headers": kept}


def _read_query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True)


def _is_presigned(scope: Scope) -> bool:
    return "X-Amz-Credential" in _read_query(scope) and "authorization" not in Headers(scope=scope)


async def _authenticate(scope: Scope, receive: Receive) -> Receive | None:
    """How to receive the body of a request whose signature is valid; None when it is not."""
    query, headers, presigned = _read_query(scope), _join_headers(scope), _is_presigned(scope)
    signature = parse_query_signature(query) if presigned else parse_header_signature(headers)
    if not isinstance(signature, HeaderSignature) or _is_late(signature, query, presigned):
        return None
    account = _ACCOUNT.fullmatch(signature.access_key_id)
    credential = resolve_credential(signature.access_key_id, account.group() if account else None)
    if isinstance(credential, CredentialResolutionError):
        return None
    received = await _receive_all(receive)
    failure = header_signature_failure(
        signature,
        credential.secret_access_key,
        scope["method"],
        (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1"),
        query,
        headers,
        b"".join(each.get("body", b"") for each in received),
        presigned=presigned,
    )
    return None if failure else _replay(received, receive)


def _join_headers(scope: Scope) -> dict[str, str]:
    """The headers as Signature Version 4 has them: the values of one name, joined by a comma."""
    headers = Headers(scope=scope)
    return {name: ",".join(headers.getlist(name)) for name in headers}


def _is_late(signature: HeaderSignature, query: dict[str, list[str]], presigned: bool) -> bool:
    if not presigned:
        return request_time_failure(signature) is not None
    try:
        (expires,) = query.get("X-Amz-Expires", [])
        return bool(presigned_request_is_expired(signature.amz_date, expires))
    except ValueError:
        return True


async def _receive_all(receive: Receive) -> list[Message]:
    received = [await receive()]
    while received[-1].get("more_body"):
        received.append(await receive())
    return received


def _replay(received: Iterable[Message], receive: Receive) -> Receive:
    waiting = iter(received)

    async def receive_again() -> Message:
        for message in waiting:
            return message
        return await receive()

    return receive_again
