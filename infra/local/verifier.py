"""Access tokens checked as the Cognito authorizer of API Gateway checks them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import jwt

from rollcall.kit.clock import scale_time
from rollcall.kit.errors import Unauthenticated
from rollcall.kit.settings import Settings


class TokenVerifier:
    """Knows one user pool's keys. Which client a token was issued for is checked behind it, by each
    operation, as the authorizer of API Gateway does not.

    Tokens last as long as the machine's clock says, whatever the time is for Rollcall; but when
    somebody signed in is said in Rollcall's time, because sessions end by that.
    """

    def __init__(self, jwks_url: str, issuer: str, settings: Settings) -> None:
        self._keys = jwt.PyJWKClient(jwks_url, cache_keys=True)
        self._issuer = issuer
        self._settings = settings

    def verify(self, authorization: str | None, scopes: Collection[str]) -> dict[str, str]:
        """The claims of a valid ``Bearer`` access token that has one of these scopes, as text as
        API Gateway passes them on.

        Checks signature (RS256), issuer, expiry, use and scopes; raises Unauthenticated.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _invalid("Send an access token: Authorization: Bearer TOKEN")
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
            raise _invalid("The access token is not valid, or has expired.") from None
        if claims.get("token_use") != "access":
            raise _invalid("This is no access token; an ID token is not for the API.")
        if not set(str(claims.get("scope", "")).split()) & set(scopes):
            raise _invalid("The access token does not have the scope that this needs.")
        if "auth_time" in claims:
            real = datetime.fromtimestamp(int(claims["auth_time"]), UTC)
            claims["auth_time"] = int(scale_time(real, self._settings).timestamp())
        return {name: str(value) for name, value in claims.items()}


def _invalid(detail: str) -> Unauthenticated:
    return Unauthenticated("token_invalid", detail)
