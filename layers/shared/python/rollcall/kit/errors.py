"""Every refusal that a caller can meet, as RFC 9457 problem details.

    Problem
    ├── Malformed          400  not JSON, not a request at all
    ├── Unauthenticated    401  no token, or one that no longer counts
    ├── Forbidden          403  a permission is missing
    ├── NotFound           404
    ├── Conflict           409  the state of things refuses it
    │   └── StillContended      others keep changing the same thing
    ├── Gone               410  it was there, and counts no more
    ├── Stale              412  If-Match names another version
    ├── Invalid            422  one entry for each wrong field
    ├── Throttled          429  too often
    └── Unavailable        503  AWS did not answer; try again

``code`` is stable and for programs; ``detail`` is one sentence for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class FieldError(NamedTuple):
    """What is wrong with one field; ``field`` is its JSON path, as ``profile.birthDate``."""

    field: str
    message: str
    code: str


class Problem(Exception):
    """A refusal with its HTTP status; raise one of the subclasses."""

    status = 500
    title = "Internal error"

    def __init__(self, code: str, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors

    @property
    def headers(self) -> Mapping[str, str]:
        """What the answer says beside the document."""
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
    """The request is not one: broken JSON, a bad header."""

    status, title = 400, "Malformed request"


class Unauthenticated(Problem):
    """Nobody is known to be calling."""

    status, title = 401, "Not signed in"


class Forbidden(Problem):
    """The caller is known and may not do this."""

    status, title = 403, "Not allowed"


class NotFound(Problem):
    """There is no such thing, or the caller may not know of it."""

    status, title = 404, "Not found"

    @classmethod
    def of(cls, kind: str) -> NotFound:
        """The one answer for an id that names nothing, or nothing the caller may see (I12)."""
        return cls(f"{kind}_not_found", f"{kind.capitalize()} not found")


class Conflict(Problem):
    """The present state of things refuses the request."""

    status, title = 409, "Conflict"


class StillContended(Conflict):
    """Others have come first again and again."""


class Gone(Problem):
    """What the caller rightly knows of, but has ended, or was used up."""

    status, title = 410, "Gone"


class Stale(Problem):
    """``If-Match`` names a version that is no longer the present one."""

    status, title = 412, "Changed meanwhile"


class Invalid(Problem):
    """One or more fields are wrong; each has its entry in ``errors``."""

    status, title = 422, "Invalid request"

    @classmethod
    def field(cls, name: str, message: str, code: str) -> Invalid:
        """The refusal of a single field."""
        return cls("invalid", message, (FieldError(name, message, code),))


class Throttled(Problem):
    """Too many requests."""

    status, title = 429, "Too many requests"

    def __init__(self, code: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        """In how many seconds to try again, if that is known."""
        if self.retry_after is None:
            return {}
        exposed = {"Access-Control-Expose-Headers": "Retry-After"}
        return {"Retry-After": str(self.retry_after), **exposed}


class Unavailable(Problem):
    """Something behind the API did not answer; the same call may go through later."""

    status, title = 503, "Unavailable"


class Contended(Exception):
    """Another writer came first: read again and decide again. Never leaves the kit."""


class WrongDeclaration(TypeError):
    """An operation, job or reaction is declared wrongly; the message says how to mend it."""
