"""The shape of JSON: camelCase outside, snake_case inside, times as ISO 8601 UTC with ``Z``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.config import JsonDict

from rollcall.kit.text import Text


def format_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, which also sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("There is no such time in UTC.") from None


Time = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc),
    PlainSerializer(format_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def camel_case(name: str) -> str:
    """The name in JSON of a field called so: what pydantic's ``to_camel`` makes of it with five
    regular expressions a field, 2 % of a cold start.
    """
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def _refuse_null(value: object) -> object:
    if value is None:
        raise ValueError("This cannot be emptied.")
    return value


def _without_null(schema: JsonDict) -> None:
    schema.update(schema.pop("anyOf")[0])  # type: ignore[arg-type,index]  # what pydantic makes of "or None"


T = TypeVar("T")
Omissible = Annotated[
    T | None, AfterValidator(_refuse_null), Field(json_schema_extra=_without_null)
]
"""A field that may be left out, but not be null: in a PATCH the two are not the same."""


class Model(BaseModel):
    """Every pydantic model of the project: frozen, camelCase in JSON."""

    model_config = ConfigDict(
        alias_generator=camel_case,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
    )


class Request(Model):
    """What a caller sends: path variables, then query or body. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class WriteRequest(Request):
    """A request that changes something and may say why."""

    reason: Annotated[
        Text | None, Field(description="Why, in your words; kept in the journal.")
    ] = None


class Answer(Model):
    """What a caller gets. Fields without a value are left out of the JSON."""


class FileAnswer(Answer):
    """A file, sent as it is and not as JSON."""

    content_types: ClassVar[tuple[str, ...]]
    """The media types that such a file may have."""

    content: str
    content_type: str
    file_name: str


class VersionedAnswer(Answer):
    """An answer about one versioned entity; the version is also sent as its ``ETag``."""

    version: Annotated[int, Field(description="Goes up by one with every change; the ETag.")]
