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
    ├── Stale              412  If-Match names another version
    ├── PayloadTooLarge    413  the body is longer than the operation accepts
    ├── Invalid            422  one entry for each invalid field
    ├── Throttled          429  too many requests
    └── Unavailable        503  AWS did not answer; retry

``code`` is stable, for programs; ``detail`` is a message for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


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
        }


class Malformed(Problem):
    """The request cannot be parsed: invalid JSON or an invalid header."""

    status, title = 400, "Malformed request"


class Unauthenticated(Problem):
    """The caller is not authenticated."""

    status, title = 401, "Not signed in"


class SignInInsufficient(Unauthenticated):
    """The token is valid, but the operation needs another sign-in (RFC 9470 section 3)."""

    def __init__(self, code: str, detail: str, max_age: int | None = None) -> None:
        super().__init__(code, detail)
        self.max_age = max_age

    @property
    def headers(self) -> Mapping[str, str]:
        """The challenge. ``max_age``: the age in seconds that the sign-in can have."""
        challenge = {
            "error": "insufficient_user_authentication",
            "error_description": self.detail,
            **({} if self.max_age is None else {"max_age": str(self.max_age)}),
        }
        parameters = ", ".join(f'{name}="{value}"' for name, value in challenge.items())
        exposed = {"Access-Control-Expose-Headers": "WWW-Authenticate"}
        return {"WWW-Authenticate": f"Bearer {parameters}", **exposed}

    def body(self, request_id: str) -> dict[str, object]:
        """The document with ``maxAge``, because API Gateway renames the header to
        ``x-amzn-Remapped-WWW-Authenticate`` (Developer Guide, "Important notes").
        """
        extension = {} if self.max_age is None else {"maxAge": self.max_age}
        return {**super().body(request_id), **extension}


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


class Gone(Problem):
    """A resource that the caller is allowed to know of, but that has expired or was used."""

    status, title = 410, "Gone"


class Stale(Problem):
    """``If-Match`` names a version that is not the current one."""

    status, title = 412, "Precondition failed"


class PayloadTooLarge(Problem):
    """The body is longer than the operation or the gateway accepts."""

    status, title = 413, "Payload too large"

    @classmethod
    def over(cls, at_most: int) -> PayloadTooLarge:
        """The error of a body that has more bytes than its operation accepts."""
        detail = f"The body is too large. This operation accepts at most {at_most:,} bytes."
        return cls("payload_too_large", detail)


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
        exposed = {"Access-Control-Expose-Headers": "Retry-After"}
        return {"Retry-After": str(self.retry_after), **exposed}


class Unavailable(Problem):
    """A service behind the API did not answer. The same call can succeed later."""

    status, title = 503, "Unavailable"


class Contended(Exception):
    """A concurrent write was first: read again and retry. Only the kit handles it."""


class WrongDeclaration(TypeError):
    """An operation, job or reaction has an invalid declaration; the message says how to fix it."""
