"""Base models: camelCase in JSON, snake_case in Python, times as ISO 8601 UTC with ``Z``."""

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
    """ISO 8601 in UTC with milliseconds; it sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("This time is out of range in UTC.") from None


Time = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc),
    PlainSerializer(format_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


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
    """An answer about one versioned entity. The version is also its ``ETag``."""

    version: Annotated[int, Field(description="Increases by one with every change. The ETag.")]
