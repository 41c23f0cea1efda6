"""The shape of JSON: camelCase outside, snake_case inside, times as ISO 8601 UTC with ``Z``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel


def format_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, which also sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[AwareDatetime, PlainSerializer(format_time, return_type=str, when_used="json")]


class Model(BaseModel):
    """Every pydantic model of the project: frozen, camelCase in JSON."""

    model_config = ConfigDict(
        alias_generator=to_camel,
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
        str | None,
        Field(max_length=500, description="Why, in your words; kept in the journal."),
    ] = None


class Answer(Model):
    """What a caller gets. Fields without a value are left out of the JSON."""


class VersionedAnswer(Answer):
    """An answer about one versioned entity; the version is also sent as its ``ETag``."""

    version: Annotated[int, Field(description="Goes up by one with every change; the ETag.")]
