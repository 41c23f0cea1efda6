"""The errors of the API, as RFC 9457 problem details.

    Problem
    ├── Malformed          400  invalid JSON or an invalid header
    ├── Unauthenticated    401  no valid token
    │   └── SignInInsufficient  the sign-in is not recent enough
    ├── Forbidden          403  a permission is missing
    ├── NotFound           404
    ├── Conflict           409  the resource's state does not allow it
    │   └── StillContended      all retries met concurrent changes
    ├── Gone               410  expired or used
    ├── MethodNotAllowed   405  the address has other methods
    ├── Stale              412  If-Match or If-None-Match does not hold
    ├── PayloadTooLarge    413  the body is longer than the operation accepts
    ├── UnsupportedMediaType 415  the body is not JSON in UTF-8
    ├── Invalid            422  one entry for each invalid field
    ├── Throttled          429  too many requests
    ├── Unavailable        503  AWS did not answer; retry
    └── NewerData          503  a newer version of Rollcall has written the item; retry

``code`` is stable, for programs; ``detail`` is a message for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

REALM = "rollcall"
"""The protection space of the access tokens (RFC 9110 section 11.5)."""


class FieldError(NamedTuple):
    """The error of one field; ``field`` is its JSON path, as ``profile.birthDate``."""

    field: str
    message: str
    code: str


class Problem(Exception):
    """An error with its HTTP status. Raise one of the subclasses."""

    status = 500
    title = "Internal error"

    def __init__(self, code: str, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.extensions: Mapping[str, object] = {}
        """Further members of the document (RFC 9457 section 3.2)."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Additional headers of the answer."""
        return {}

    def body(self, request_id: str) -> dict[str, object]:
        """The ``application/problem+json`` document (RFC 9457 section 3.1)."""
        return {
            "type": f"urn:rollcall:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [error._asdict() for error in self.errors],
            "requestId": request_id,
            **self.extensions,
        }


class Malformed(Problem):
    """The request cannot be parsed: invalid JSON or an invalid header."""

    status, title = 400, "Malformed request"


class Unauthenticated(Problem):
    """The caller is not authenticated. ``challenge`` are the parameters of the ``WWW-Authenticate``
    header (RFC 6750 section 3): by default, that the token is invalid. A request without a token
    is answered with none.
    """

    status, title = 401, "Not signed in"

    def __init__(self, code: str, detail: str, challenge: Mapping[str, str] | None = None) -> None:
        super().__init__(code, detail)
        invalid = {"error": "invalid_token", "error_description": detail}
        self.challenge = invalid if challenge is None else challenge

    @property
    def headers(self) -> Mapping[str, str]:
        """The scheme, and what is wrong with the token."""
        parameters = {"realm": REALM, **self.challenge}
        written = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
        return {"WWW-Authenticate": f"Bearer {written}"}


class SignInInsufficient(Unauthenticated):
    """The token is valid, but the operation needs another sign-in (RFC 9470 section 3). ``max_age``
    is the age in seconds that the sign-in can have.
    """

    def __init__(self, code: str, detail: str, max_age: int | None = None) -> None:
        challenge = {
            "error": "insufficient_user_authentication",
            "error_description": detail,
            **({} if max_age is None else {"max_age": str(max_age)}),
        }
        super().__init__(code, detail, challenge)
        # The header has it too, but API Gateway renames the header to
        # x-amzn-Remapped-WWW-Authenticate (Developer Guide, "Important notes").
        self.extensions = {} if max_age is None else {"maxAge": max_age}


class Forbidden(Problem):
    """The caller is authenticated, but is not allowed to do this."""

    status, title = 403, "Not allowed"


class NotFound(Problem):
    """The resource does not exist, or the caller is not allowed to see it."""

    status, title = 404, "Not found"

    @classmethod
    def of(cls, kind: str) -> NotFound:
        """The same error for an unknown id and a resource that the caller must not see (I12)."""
        return cls(f"{kind}_not_found", f"{kind.capitalize()} not found")


class Conflict(Problem):
    """The current state of the resource does not allow the request."""

    status, title = 409, "Conflict"


class StillContended(Conflict):
    """All retries met concurrent changes."""


class MethodNotAllowed(Problem):
    """The address has other methods, which the ``Allow`` header lists (RFC 9110 section 15.5.6)."""

    status, title = 405, "Method not allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(allowed)
        detail = f"This address does not have this method. It has {self.allowed}."
        super().__init__("method_not_allowed", detail)

    @property
    def headers(self) -> Mapping[str, str]:
        """The methods."""
        return {"Allow": self.allowed}


class Gone(Problem):
    """A resource that the caller is allowed to know of, but that has expired or was used."""

    status, title = 410, "Gone"


class Stale(Problem):
    """The current version does not meet ``If-Match`` or ``If-None-Match``."""

    status, title = 412, "Precondition failed"


class PayloadTooLarge(Problem):
    """The body is longer than the operation or the gateway accepts."""

    status, title = 413, "Payload too large"

    @classmethod
    def over(cls, at_most: int) -> PayloadTooLarge:
        """The error of a body that has more bytes than its operation accepts."""
        detail = f"The body is too large. This operation accepts at most {at_most:,} bytes."
        return cls("payload_too_large", detail)


class UnsupportedMediaType(Problem):
    """The body is not JSON in UTF-8, or it is compressed. The headers say what is accepted."""

    status, title = 415, "Unsupported media type"

    def __init__(self, detail: str, accepted: Mapping[str, str]) -> None:
        super().__init__("unsupported_media_type", detail)
        self.accepted = accepted

    @property
    def headers(self) -> Mapping[str, str]:
        """``Accept`` or ``Accept-Encoding`` (RFC 9110 section 15.5.16)."""
        return self.accepted


class Invalid(Problem):
    """One or more fields are invalid; each has its entry in ``errors``."""

    status, title = 422, "Invalid request"

    @classmethod
    def field(cls, name: str, message: str, code: str) -> Invalid:
        """The error of a single field."""
        return cls("invalid", message, (FieldError(name, message, code),))


class Throttled(Problem):
    """Too many requests."""

    status, title = 429, "Too many requests"

    def __init__(self, code: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        """Retry-After in seconds, if it is known."""
        if self.retry_after is None:
            return {}
        return {"Retry-After": str(self.retry_after)}


class Unavailable(Problem):
    """A service behind the API did not answer. The same call can succeed later."""

    status, title = 503, "Unavailable"


class NewerData(Problem):
    """A newer version of the code has written an item in a way that this version cannot read or
    must not change. This lasts as long as both versions run, for example during a deployment.
    """

    status, title = 503, "Unavailable"

    def __init__(self) -> None:
        detail = (
            "A newer version of Rollcall has written this resource, and this version cannot change "
            "it. Send the same request again in a few minutes."
        )
        super().__init__("newer_data", detail)


class Contended(Exception):
    """A concurrent write was first: read again and retry. Only the kit handles it."""


class WrongDeclaration(TypeError):
    """An operation, job or reaction has an invalid declaration; the message says how to fix it."""
