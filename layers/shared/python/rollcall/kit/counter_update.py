"""The update action that adds to the counters of one item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from rollcall.kit.condition_check import REVISION, ConditionCheck
from rollcall.kit.entity import Counter, Key
from rollcall.kit.errors import Conflict, NotFound, Problem


@dataclass
class CounterUpdate:
    """What is added to which counters, under which conditions, and the error if one fails."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    refusal: Problem | None = None
    _additions: list[str] = field(default_factory=list)
    _conditions: dict[str, None] = field(default_factory=dict)
    """Ordered and without duplicates."""

    @classmethod
    def of(cls, adjusted: Mapping[Counter, int]) -> Self:
        """The update of the item that holds all these counters."""
        update = cls()
        for number, (counter, delta) in enumerate(adjusted.items()):
            update._add(f"c{number}", counter, delta)
        if any(counter.stamped for counter in adjusted):
            update._additions.append(f"{REVISION} :one")
            update.values[":one"] = 1
        return update

    def require(self, required: ConditionCheck) -> None:
        """Add another condition on the item."""
        self._conditions[required.condition] = None
        self.values |= required.values
        self.refusal = required.refusal

    @property
    def condition(self) -> str | None:
        """The condition expression; None without conditions."""
        return " AND ".join(self._conditions) or None

    def expression(self) -> dict[str, Any]:
        """The update expression and its attribute names."""
        return {
            "UpdateExpression": f"ADD {', '.join(self._additions)}",
            "ExpressionAttributeNames": self.names,
        }

    def _add(self, alias: str, counter: Counter, delta: int) -> None:
        self.names[f"#{alias}"], self.values[f":{alias}"] = counter.attribute, delta
        self._additions.append(f"#{alias} :{alias}")
        if delta < 0 and counter.floor:
            self._conditions[f"#{alias} >= :{alias}least"] = None
            self.values[f":{alias}least"] = counter.floor.minimum - delta
            self.refusal = Conflict(counter.floor.code, counter.floor.refusal)
        if counter.holder:
            self._conditions["attribute_exists(pk)"] = None
        if delta > 0 and counter.holder:
            self._conditions["erased = :no"] = None
            self.values[":no"] = False
            self.refusal = NotFound.of(counter.holder.kind)


def group_by_item(deltas: Mapping[Counter, int]) -> dict[Key, dict[Counter, int]]:
    """The counters that change, by the item that holds them."""
    by_key: dict[Key, dict[Counter, int]] = defaultdict(dict)
    for counter, delta in deltas.items():
        if delta:
            by_key[counter.key][counter] = delta
    return by_key
