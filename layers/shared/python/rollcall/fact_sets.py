"""Facts about users that other services push (U4): named values, all of one source replaced at
once, by which lists can be filtered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, StrictBool

from rollcall.grants import USER_PARTITION
from rollcall.kit.entity import Entity, Item, Key
from rollcall.kit.model import Time, VersionedAnswer
from rollcall.kit.table import Table

FACTS = "#FACTS#"
"""What the sort keys of a user's facts begin with; the source stands behind it."""
FACTS_AT_MOST, VALUES_AT_MOST = 50, 100

Text = Annotated[str, Field(max_length=500, strict=True)]
LARGEST = 1e15
"""Up to here a float tells whole numbers apart."""


def _as_kept(number: float) -> float:
    """A number to six decimals; whole ones as such."""
    kept = round(number, 6)
    return int(kept) if kept == int(kept) else kept


Number = Annotated[
    float, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST), AfterValidator(_as_kept)
]
type Fact = StrictBool | Number | Text
"""One value. A text in the form of an ISO 8601 time with its offset is a time too."""
FactName = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]{0,63}$")]
Source = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Facts = Annotated[
    Mapping[FactName, Fact | Annotated[tuple[Fact, ...], Field(max_length=VALUES_AT_MOST)]],
    Field(max_length=FACTS_AT_MOST),
]


class FactSet(Entity):
    """What one source says about one user."""

    kind: ClassVar[str] = "facts"
    partition: ClassVar[str] = USER_PARTITION

    user_id: str
    source: str
    values: Facts = Field(default_factory=dict)

    @classmethod
    def none_of(cls, user_id: str, source: str, now: datetime) -> Self:
        """Of a user about whom the source has said nothing yet."""
        made = f"{user_id}/{cls.kind}/{source}"
        return cls(id=made, created_at=now, updated_at=now, user_id=user_id, source=source)

    @classmethod
    def assemble_all(cls, items: Iterable[Item]) -> tuple[Self, ...]:
        """What all sources say, from the items of the user's partition."""
        found = (item for item in items if str(item["sk"]).startswith(FACTS))
        return tuple(map(cls.model_validate, found))

    def key(self) -> Key:
        """Beside the user's own item."""
        return facts_key(self.user_id, self.source)

    def touches(self) -> frozenset[str]:
        """The user, whom the directory shows with the facts."""
        return frozenset({self.user_id})


def facts_key(user_id: str, source: str) -> Key:
    """Where one source's facts about a user are kept."""
    return Key(f"{USER_PARTITION}{user_id}", f"{FACTS}{source}")


def find_facts(table: Table, user_id: str, source: str) -> FactSet | None:
    """What a source says about a user."""
    item = table.get_item(facts_key(user_id, source))
    return FactSet.model_validate(item) if item else None


class FactsAnswer(VersionedAnswer):
    """A source's facts about a user, as the answer shows them."""

    user_id: str
    source: str
    facts: Facts
    updated_at: Time

    @classmethod
    def of(cls, facts: FactSet) -> Self:
        """The answer about these facts."""
        known = {name: getattr(facts, name) for name in FactSet.model_fields}
        return cls.model_validate({**known, "facts": facts.values})
