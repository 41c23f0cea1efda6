"""Facts about users that other services push (U4). Facts are named values by which lists can be
filtered. A push replaces all facts of its source.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    PlainSerializer,
    StrictBool,
    Tag,
    WithJsonSchema,
)

from rollcall.grants.grant import USER_PARTITION
from rollcall.kit.entity import Entity, Key
from rollcall.kit.error_messages import TextPattern
from rollcall.kit.model import Time
from rollcall.kit.table import Table

FACTS = "#FACTS#"
"""The prefix of the sort keys of a user's facts. The source follows it."""
FACTS_AT_MOST, VALUES_AT_MOST, BYTES_AT_MOST = 50, 100, 16 * 1024
SOURCES_AT_MOST = 20
"""Every read of a user reads the facts of all sources."""

LARGEST = 1e15
"""Up to this number, a float represents every whole number exactly."""


def _round(number: float) -> float:
    """A number rounded to six decimals, as an int if it is whole."""
    rounded = round(number, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _kind_of(value: object) -> str | None:
    """The tag of a value's type; None for a value that cannot be a fact."""
    match value:
        case bool():
            return "<truth>"
        case int() | float() | Decimal():
            return "<number>"
        case str():
            return "<text>"
        case list() | tuple():
            return "<list>"
    return None


def _kind_in_list(value: object) -> str | None:
    kind = _kind_of(value)
    return None if kind == "<list>" else kind


Truth = Annotated[StrictBool, Tag("<truth>")]
Number = Annotated[
    float,
    Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST),
    AfterValidator(_round),
    PlainSerializer(lambda number: number, return_type=int | float),
    WithJsonSchema({"type": "number", "minimum": -LARGEST, "maximum": LARGEST}),
    Tag("<number>"),
]
Text = Annotated[str, Field(max_length=500), Tag("<text>")]
type Fact = Annotated[
    Truth | Number | Text,
    Discriminator(
        _kind_in_list,
        custom_error_type="no_fact",
        custom_error_message="A list can contain texts, numbers, true and false.",
    ),
]
"""One value. A text that is a time as in RFC 3339 also counts as a time."""
FactList = Annotated[tuple[Fact, ...], Field(max_length=VALUES_AT_MOST), Tag("<list>")]
type FactValue = Annotated[
    Truth | Number | Text | FactList,
    Discriminator(
        _kind_of,
        custom_error_type="no_fact",
        custom_error_message="A fact is a text, a number, true, false, or a list of these.",
    ),
]
FactName = Annotated[
    str,
    TextPattern(
        r"^[a-z][A-Za-z0-9]{0,63}$",
        "The name of a fact has up to 64 letters and digits and begins with a lower-case letter.",
    ),
]
Source = Annotated[
    str,
    TextPattern(
        r"^[a-z][a-z0-9-]{0,39}$",
        "The name of a source has up to 40 characters of a-z, 0-9 and hyphen and begins with a "
        "letter.",
    ),
]


def _check_size(facts: Mapping[str, object]) -> Mapping[str, object]:
    if len(json.dumps(facts, ensure_ascii=False).encode()) > BYTES_AT_MOST:
        raise ValueError(
            f"The facts of one source can have {BYTES_AT_MOST:,} bytes of JSON at most."
        )
    return facts


Facts = Annotated[
    Mapping[FactName, FactValue], Field(max_length=FACTS_AT_MOST), AfterValidator(_check_size)
]


class FactSet(Entity):
    """The facts of one source about one user."""

    kind: ClassVar[str] = "facts"
    partition: ClassVar[str] = USER_PARTITION
    guest: ClassVar[bool] = True

    user_id: str
    source: str
    values: Facts = Field(default_factory=dict)
    pushed_at: Time
    """The time of the last push. Each push makes a version, even with the same facts: the directory
    follows the journal, and learns from it that the source is alive."""

    @classmethod
    def none_of(cls, user_id: str, source: str, now: datetime) -> Self:
        """The facts of a source that has pushed none about the user yet."""
        facts_id = f"{user_id}/{cls.kind}/{source}"
        return cls(
            id=facts_id,
            created_at=now,
            updated_at=now,
            user_id=user_id,
            source=source,
            pushed_at=now,
        )

    @property
    def person(self) -> str | None:
        """The user that the facts are about."""
        return self.user_id

    def key(self) -> Key:
        """The primary key, in the user's partition."""
        return facts_key(self.user_id, self.source)

    def touches(self, before: Self | None) -> frozenset[str]:
        """The user: the directory shows the facts with the user."""
        return frozenset({self.user_id})


def facts_key(user_id: str, source: str) -> Key:
    """The primary key of one source's facts about a user."""
    return Key(f"{USER_PARTITION}{user_id}", f"{FACTS}{source}")


def find_facts(table: Table, user_id: str, source: str) -> FactSet | None:
    """The facts of a source about a user, if it has pushed any."""
    item = table.get_item(facts_key(user_id, source))
    return FactSet.model_validate(item) if item else None
