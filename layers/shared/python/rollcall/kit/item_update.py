"""The update action that writes the next version of an item that exists.

It names only attributes that this version of the code knows. So attributes of a newer version stay
as they are: at the top level, and in nested models and mappings, which are maps in DynamoDB. A
role's policy also lists only known attributes, so it does not allow to write unknown ones.

Lists are replaced as a whole, because no path to an element is stable. Stored lists contain no
models. So are maps if an update changes more of them than one expression can say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from rollcall.kit.entity import Item, Stored
from rollcall.kit.table import PARTITION_KEY, SORT_KEY

EXPRESSION_AT_MOST = 4096
"""The bytes of an expression (DynamoDB developer guide, quotas)."""


@dataclass
class ItemUpdate:
    """What is set and removed in one item."""

    values: Item = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)
    _set: list[str] = field(default_factory=list)
    _removed: list[str] = field(default_factory=list)

    @classmethod
    def of[S: Stored](cls, before: S, after: S) -> Self:
        """The update from one version of an item to the next."""
        held, wanted = ({**each.item()} for each in (before, after))
        for item in (held, wanted):
            del item[PARTITION_KEY], item[SORT_KEY]
        update = cls._between(held, wanted, before.stored_maps())
        fits = len(update.expression()["UpdateExpression"]) <= EXPRESSION_AT_MOST
        return update if fits else cls._between(held, wanted, {})

    @classmethod
    def _between(cls, held: Item, wanted: Item, maps: Mapping[str, Any]) -> Self:
        update = cls()
        for name, value in wanted.items():
            update._write((name,), value, held.get(name), maps.get(name))
        update._remove((), held.keys() - wanted.keys())
        return update

    def expression(self) -> dict[str, Any]:
        """The update expression and its attribute names."""
        removal = f" REMOVE {', '.join(self._removed)}" if self._removed else ""
        return {
            "UpdateExpression": f"SET {', '.join(self._set)}{removal}",
            "ExpressionAttributeNames": {alias: name for name, alias in self._aliases.items()},
        }

    def _write(self, path: tuple[str, ...], value: Any, held: Any, stored: Any) -> None:
        """Set the value at a path, or within a map that is certain to be stored, what differs.
        ``held`` is the value before, with defaults that are perhaps not stored.
        """
        if not all(isinstance(each, Mapping) for each in (value, held, stored)):
            variable = f":v{len(self.values)}"
            self.values[variable] = value
            self._set.append(f"{self._place(path)} = {variable}")
            return
        for name, each in value.items():
            if name not in stored or stored[name] != each:
                self._write((*path, name), each, held.get(name), stored.get(name))
        self._remove(path, held.keys() - value.keys())

    def _remove(self, path: tuple[str, ...], names: Iterable[str]) -> None:
        self._removed += (self._place((*path, name)) for name in sorted(names))

    def _place(self, path: tuple[str, ...]) -> str:
        """The path with a placeholder for each name, which can be reserved or contain dots."""
        return ".".join(self._aliases.setdefault(name, f"#n{len(self._aliases)}") for name in path)
