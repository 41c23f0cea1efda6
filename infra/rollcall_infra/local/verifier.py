"""Verifies access tokens as the Cognito authorizer of API Gateway does."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import jwt

from rollcall.kit.clock import scale_time
from rollcall.kit.errors import Unauthenticated
from rollcall.kit.settings import Settings


class TokenVerifier:
    """Verifies tokens with the keys of one user pool. It does not check the client that a token was
    issued for, like the authorizer of API Gateway; each operation checks that.

    Tokens expire by the machine's clock, whatever the time scale. The time of the sign-in is
    converted to scaled time, because the end of sessions depends on it.
    """

    def __init__(self, jwks_url: str, issuer: str, settings: Settings) -> None:
        self._keys = jwt.PyJWKClient(jwks_url, cache_keys=True)
        self._issuer = issuer
        self._settings = settings

    def verify(self, authorization: str | None, scopes: Collection[str]) -> dict[str, str]:
        """The claims of a valid ``Bearer`` access token that has one of these scopes, as strings,
        which is how API Gateway passes them on.

        Checks signature (RS256), issuer, expiry, use and scopes; raises Unauthenticated.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            detail = "Send an access token in the header: Authorization: Bearer TOKEN"
            raise Unauthenticated("token_invalid", detail, challenge={})
        try:
            key = self._keys.get_signing_key_from_jwt(token.strip())
            claims = jwt.decode(
                token.strip(),
                key,
                algorithms=["RS256"],
                issuer=self._issuer,
                options={"require": ["exp", "iat", "iss"], "verify_aud": False},
            )
        except jwt.PyJWTError:
            raise _invalid("The access token is not valid or has expired.") from None
        if claims.get("token_use") != "access":
            raise _invalid("The token is not an access token. The API does not accept ID tokens.")
        if not set(str(claims.get("scope", "")).split()) & set(scopes):
            raise _invalid("The access token does not have the required scope.")
        if "auth_time" in claims:
            real = datetime.fromtimestamp(int(claims["auth_time"]), UTC)
            claims["auth_time"] = int(scale_time(real, self._settings).timestamp())
        return {name: str(value) for name, value in claims.items()}


def _invalid(detail: str) -> Unauthenticated:
    return Unauthenticated("token_invalid", detail)
