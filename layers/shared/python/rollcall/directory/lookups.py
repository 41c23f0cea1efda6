"""Conditions on values that are rows of a separate table, each with the key of its user.

A few conditions are looked up one by one: each is a subquery, whose scan skips the rows of other
values. Many conditions take one pass: each attribute's rows are read once, whatever the number of
its conditions. Of 100,000 users, 300 comparisons of one list take a second in one pass, and minutes
one by one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import chain
from typing import NamedTuple

from rollcall.directory.comparisons import Part

ONE_BY_ONE_AT_MOST = 4
"""Up to this many conditions are looked up one by one."""


class Values(NamedTuple):
    """The rows with the values of an attribute."""

    table: str
    which: Part
    """The condition that selects the rows."""


class Lookups(ABC):
    """Compiles conditions on values to conditions on users."""

    def any_where(self, values: Values, condition: Part) -> Part:
        """The condition holds for at least one value."""
        return self.look_up(values, Part(f"bool_or({condition.sql})", condition.parameters))

    def all_where(self, values: Values, condition: Part) -> Part:
        """There is at least one value, and the condition holds for all values."""
        every = f"bool_and(coalesce({condition.sql}, FALSE))"
        return self.look_up(values, Part(every, condition.parameters))

    @abstractmethod
    def look_up(self, values: Values, aggregate: Part) -> Part:
        """The aggregate of a user's values is true; false for users without values."""


class OneByOne(Lookups):
    """Each condition is a subquery."""

    def __init__(self) -> None:
        self.number = 0
        """The number of conditions."""

    def any_where(self, values: Values, condition: Part) -> Part:
        """The condition holds for at least one value. It needs no groups."""
        return self._select(values, f"AND {condition.sql}", condition)

    def look_up(self, values: Values, aggregate: Part) -> Part:
        """The aggregate of a user's values is true."""
        return self._select(
            values, f"GROUP BY {values.table}.key HAVING {aggregate.sql}", aggregate
        )

    def _select(self, values: Values, rest: str, condition: Part) -> Part:
        self.number += 1
        table, which = values
        sql = f"key IN (SELECT {table}.key FROM {table} WHERE {which.sql} {rest})"
        return Part(sql, (*which.parameters, *condition.parameters))


class InOnePass(Lookups):
    """The values of each attribute are aggregated once, by user, and joined with the users."""

    def __init__(self) -> None:
        self._found: dict[Values, dict[Part, str]] = {}

    def look_up(self, values: Values, aggregate: Part) -> Part:
        """The aggregate of a user's values is true. Equal aggregates are computed once."""
        aggregates = self._found.setdefault(values, {})
        number = list(self._found).index(values)
        name = aggregates.setdefault(aggregate, f"values{number}.a{len(aggregates)}")
        return Part(f"coalesce({name}, FALSE)")

    def join(self, condition: Part) -> Part:
        """A condition on users that contains the conditions on their values."""
        parts = [self._join(number, *each) for number, each in enumerate(self._found.items())]
        joined = " ".join(each.sql for each in parts)
        sql = f"key IN (SELECT users.key FROM users {joined} WHERE {condition.sql})"
        return Part(sql, (*chain(*(each.parameters for each in parts)), *condition.parameters))

    @staticmethod
    def _join(number: int, values: Values, aggregates: dict[Part, str]) -> Part:
        (table, which), name = values, f"values{number}"
        computed = ", ".join(f"{each.sql} AS a{place}" for place, each in enumerate(aggregates))
        sql = (
            f"LEFT JOIN (SELECT {table}.key, {computed} FROM {table} WHERE {which.sql} "
            f"GROUP BY {table}.key) AS {name} ON {name}.key = users.key"
        )
        parameters = chain(*(each.parameters for each in aggregates), which.parameters)
        return Part(sql, tuple(parameters))
