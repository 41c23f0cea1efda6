"""Base models: camelCase in JSON, snake_case in Python, times as RFC 3339 in UTC with ``Z``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Annotated, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import ErrorType

from rollcall.kit.text import Text
from rollcall.kit.times import read_date, read_time, read_time_or_date


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds; it sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("This time is out of range in UTC.") from None


def _read_as(read: Callable[[str], date], error_type: ErrorType) -> BeforeValidator:
    """Reads texts. Values of other types, except for times and dates of Python, are errors: in
    numbers, pydantic would see seconds since 1970.
    """

    def check(value: object) -> object:
        if isinstance(value, date):
            return value
        try:
            if isinstance(value, str):
                return read(value)
        except OverflowError:
            raise ValueError("This time is out of range in UTC.") from None
        except ValueError:
            pass
        raise PydanticKnownError(error_type, {"error": "not as in RFC 3339"})

    return BeforeValidator(check)


_OUTPUT = (AfterValidator(_to_utc), PlainSerializer(format_time, return_type=str, when_used="json"))
Time = Annotated[
    AwareDatetime,
    _read_as(read_time, "datetime_parsing"),
    *_OUTPUT,
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time with its offset from UTC, as in RFC 3339. The type of all times in the API."""
TimeOrDate = Annotated[
    AwareDatetime,
    _read_as(read_time_or_date, "datetime_from_date_parsing"),
    *_OUTPUT,
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}),
]
"""A time, or a date, which means its start in UTC. The type of times in queries."""
Date = Annotated[date, _read_as(read_date, "date_parsing")]
"""A date, as in RFC 3339. The type of all dates in the API."""


def camel_case(name: str) -> str:
    """The JSON name of a field. Same result as pydantic's ``to_camel``, whose five regular
    expressions per field take 2 % of a cold start.
    """
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def _refuse_null(value: object) -> object:
    if value is None:
        raise ValueError("This cannot be null.")
    return value


def _without_null(schema: JsonDict) -> None:
    schema.update(schema.pop("anyOf")[0])  # type: ignore[arg-type,index]  # what pydantic makes of "or None"


T = TypeVar("T")
Omissible = Annotated[
    T | None, AfterValidator(_refuse_null), Field(json_schema_extra=_without_null)
]
"""A field that is optional, but cannot be null. A PATCH distinguishes the two."""


class Model(BaseModel):
    """The base of all pydantic models: frozen, camelCase in JSON."""

    model_config = ConfigDict(
        alias_generator=camel_case,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
    )


class Request(Model):
    """A request: path variables, and query or body. Unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class WriteRequest(Request):
    """A request that changes state, with an optional reason."""

    reason: Annotated[
        Text | None,
        Field(description="The reason for the change, in your words. The journal records it."),
    ] = None

    @property
    def proof(self) -> str | None:
        """A secret in the request that only its sender knows, such as the token of a mailed link.
        It separates the idempotency keys of callers who are not signed in.
        """
        return None


class Answer(Model):
    """An answer. Fields without a value are omitted from the JSON."""


class FileAnswer(Answer):
    """A file, which is sent unchanged instead of JSON."""

    content_types: ClassVar[tuple[str, ...]]
    """The possible media types of the file."""

    content: str
    content_type: str
    file_name: str


class VersionedAnswer(Answer):
    """An answer about one versioned entity. The version is also its ``ETag``.

    An answer can show more than the entity, such as counts. While it does, the tag ends in a digest
    of that, so that a caller with the same tag has the same answer. ``If-Match`` compares the
    version alone.
    """

    version: Annotated[
        int, Field(description="Increases by one with every change. The ETag begins with it.")
    ]

    @property
    def etag(self) -> str:
        """The strong entity tag (RFC 9110 section 8.8.3)."""
        shown = {name: value for name, value in self.unversioned().items() if value}
        digest = f"-{sha256(repr(shown).encode()).hexdigest()[:16]}" if shown else ""
        return f'"{self.version}{digest}"'

    def unversioned(self) -> Mapping[str, object]:
        """What the answer shows that changes without a new version, in a fixed order. What is empty
        or 0 does not count.
        """
        return {}
