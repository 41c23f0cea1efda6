"""Facts about users that other services push (U4): named values, all of one source replaced at
once, by which lists can be filtered.
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
from rollcall.kit.model import Time
from rollcall.kit.sentences import Form
from rollcall.kit.table import Table

FACTS = "#FACTS#"
"""What the sort keys of a user's facts begin with; the source stands behind it."""
FACTS_AT_MOST, VALUES_AT_MOST, BYTES_AT_MOST = 50, 100, 16 * 1024
SOURCES_AT_MOST = 20
"""Whoever reads a user reads all that is said about the user."""

LARGEST = 1e15
"""Up to here a float tells whole numbers apart."""


def _as_kept(number: float) -> float:
    """A number to six decimals; whole ones as such."""
    kept = round(number, 6)
    return int(kept) if kept == int(kept) else kept


def _kind_of(value: object) -> str | None:
    """Which alternative a value is; None for what is no fact."""
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
    AfterValidator(_as_kept),
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
        custom_error_message="In a list, a fact has texts, numbers, true and false.",
    ),
]
"""One value. A text in the form of an ISO 8601 time with its offset is a time too."""
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
    Form(
        r"^[a-z][A-Za-z0-9]{0,63}$",
        "A fact's name has up to 64 letters and digits, the first one of a-z.",
    ),
]
Source = Annotated[
    str,
    Form(
        r"^[a-z][a-z0-9-]{0,39}$",
        "A source's name has up to 40 of a-z, 0-9 and hyphen, the first one of a-z.",
    ),
]


def _check_size(facts: Mapping[str, object]) -> Mapping[str, object]:
    if len(json.dumps(facts, ensure_ascii=False).encode()) > BYTES_AT_MOST:
        raise ValueError(f"All facts together have {BYTES_AT_MOST:,} bytes of JSON at most.")
    return facts


Facts = Annotated[
    Mapping[FactName, FactValue], Field(max_length=FACTS_AT_MOST), AfterValidator(_check_size)
]


class FactSet(Entity):
    """What one source says about one user."""

    kind: ClassVar[str] = "facts"
    partition: ClassVar[str] = USER_PARTITION
    guest: ClassVar[bool] = True

    user_id: str
    source: str
    values: Facts = Field(default_factory=dict)
    pushed_at: Time
    """When the source has last said so, be it what it had said before: by that the directory, which
    follows the journal, knows that the source is alive. So each push is a version."""

    @classmethod
    def none_of(cls, user_id: str, source: str, now: datetime) -> Self:
        """Of a user about whom the source has said nothing yet."""
        made = f"{user_id}/{cls.kind}/{source}"
        return cls(
            id=made,
            created_at=now,
            updated_at=now,
            user_id=user_id,
            source=source,
            pushed_at=now,
        )

    def key(self) -> Key:
        """Beside the user's own item."""
        return facts_key(self.user_id, self.source)

    def touches(self, before: Self | None) -> frozenset[str]:
        """The user, whom the directory shows with the facts."""
        return frozenset({self.user_id})


def facts_key(user_id: str, source: str) -> Key:
    """Where one source's facts about a user are kept."""
    return Key(f"{USER_PARTITION}{user_id}", f"{FACTS}{source}")


def find_facts(table: Table, user_id: str, source: str) -> FactSet | None:
    """What a source says about a user."""
    item = table.get_item(facts_key(user_id, source))
    return FactSet.model_validate(item) if item else None
