"""What Amazon Cognito checks in the calls that need no keys, and ministack does not: whether a
challenge was issued, codes, access tokens, and what the pool allows. Without it, everyone who can
reach the port could sign in as anyone.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any, NamedTuple

from ministack.core.responses import error_response_json
from ministack.services import cognito

_CHECKED_BY_MINISTACK = frozenset({"PASSWORD_VERIFIER", "CUSTOM_CHALLENGE"})
_SESSION_SECONDS = 3 * 60
"""Cognito's default (CreateUserPoolClient, ``AuthSessionValidity``)."""
_CODE_FIELDS = ("_reset_code", "_confirmation_code")


class _Challenge(NamedTuple):
    """A challenge that a sign-in was answered with."""

    name: str
    username: str
    ends_at: float


class SignInChecks:
    """The checks of one pool server, with the challenges that it has issued."""

    def __init__(self) -> None:
        self._issued: dict[str, _Challenge] = {}

    def find_refusal(self, action: str, data: dict[str, Any]) -> Any:
        """The error for a call that Amazon Cognito refuses; None for the others."""
        return (
            cognito._validate_client_secret_hash(action, data)
            or cognito._auth_flow_error(action, data)
            or cognito._access_token_error(data)
            or cognito._confirmation_code_error(action, data)
            or _refuse_refresh_token(data)
            or _refuse_sign_up(action, data)
            or _refuse_attributes(action, data)
            or self._refuse_challenge(action, data)
        )

    def remember(self, action: str, data: dict[str, Any], response: Any) -> None:
        """Remember the challenge in the answer to a sign-in, and end the one that it answers."""
        status, _, body = response
        if status != 200 or not action.endswith(("InitiateAuth", "RespondToAuthChallenge")):
            return
        now, found = time.monotonic(), json.loads(body)
        self._issued = {key: each for key, each in self._issued.items() if each.ends_at > now}
        self._issued.pop(data.get("Session", ""), None)
        username = _find_username(data)
        if username and found.get("Session"):
            challenge = _Challenge(found["ChallengeName"], username, now + _SESSION_SECONDS)
            self._issued[found["Session"]] = challenge

    def _refuse_challenge(self, action: str, data: dict[str, Any]) -> Any:
        name = data.get("ChallengeName")
        if not action.endswith("RespondToAuthChallenge") or name in _CHECKED_BY_MINISTACK:
            return None
        issued = self._issued.get(data.get("Session") or "")
        if issued and issued[:2] == (name, _find_username(data)):
            return None if issued.ends_at > time.monotonic() else _refuse("Invalid session.")
        return _refuse("Invalid session for the user.")


def send_random_codes() -> None:
    """Let ministack send a random code instead of one that everyone knows."""
    send = cognito._send_verification_email

    def send_random(pool: Any, username: str, attributes: Any, code: str, **more: Any) -> Any:
        user, _ = cognito._resolve_user(pool, username)
        random = f"{secrets.randbelow(10**6):06}"
        for field in _CODE_FIELDS:
            if user and user.get(field) == code:
                user[field] = random
        return send(pool, username, attributes, random, **more)

    cognito._send_verification_email = send_random


def _refuse(message: str) -> Any:
    return error_response_json("NotAuthorizedException", message, 400)


def _find_username(data: dict[str, Any]) -> str | None:
    """The username of the account that signs in, by whichever name."""
    sent = data.get("AuthParameters") or data.get("ChallengeResponses") or {}
    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    user, _ = cognito._resolve_user(pool, sent.get("USERNAME")) if pool else (None, None)
    return str(user["Username"]) if user else None


def _refuse_refresh_token(data: dict[str, Any]) -> Any:
    token = (data.get("AuthParameters") or {}).get("REFRESH_TOKEN") or data.get("RefreshToken")
    if not token:
        return None
    claims = cognito._token_claims(token) if token.count(".") == 2 else {}
    if not claims or not cognito._signature_valid(token) or time.time() >= claims["exp"]:
        return _refuse("Invalid Refresh Token")
    revoked = claims.get("origin_jti") in cognito._revoked_tokens
    return _refuse("Refresh Token has been revoked") if revoked else None


def _refuse_sign_up(action: str, data: dict[str, Any]) -> Any:
    if action != "SignUp":
        return None
    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    closed = pool and pool.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly")
    return _refuse("SignUp is not permitted for this user pool.") if closed else None


def _refuse_attributes(action: str, data: dict[str, Any]) -> Any:
    """The error for an attribute that users of the client cannot write themselves."""
    if action != "UpdateUserAttributes":
        return None
    client_id = cognito._token_claims(data.get("AccessToken", "")).get("client_id")
    pool, _ = cognito._pool_for_client(client_id)
    allowed = pool["_clients"][client_id].get("WriteAttributes", []) if pool else []
    names = {each.get("Name") for each in data.get("UserAttributes", [])}
    if names <= set(allowed):
        return None
    return _refuse("A client attempted to write unauthorized attribute")
