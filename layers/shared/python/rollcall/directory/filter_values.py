"""The values that can be used in the filters of lists (U5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from rollcall.directory.columns import Column, find_column
from rollcall.directory.counts import count_values
from rollcall.directory.database import Database
from rollcall.directory.filters import UserFilters
from rollcall.directory.selections import Selection
from rollcall.directory.shorthands import ShortFor
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.grants.role import Role
from rollcall.kit.entity import Entity
from rollcall.kit.model import Model
from rollcall.kit.table import Table

VALUES_AT_MOST = 100
"""The number of values for each filter."""
NAMED: Mapping[str, type[Entity]] = {
    "roles": Role,
    "groups": Group,
    "organizations": Organization,
}
"""Columns of ids, and the entities that have the names."""
OPEN_ENDED = frozenset({"location", "state", "city", "designation", "expertise"})
"""Columns of free text, which have too many values to list."""
_EQUALITY = re.compile(r"(\w+) eq \{\}")


class CountedValue(Model):
    """A value that users have."""

    value: str
    name: Annotated[
        str | None,
        Field(description="The name of a role, group or organization, unless it was deleted."),
    ] = None
    users: Annotated[int, Field(description="The number of users with this value.")]


class FilterValues(Model):
    """The values for one filter of the list."""

    parameter: Annotated[str, Field(description="The parameter of the list, such as auth_method.")]
    field: Annotated[str, Field(description="The field of listed users, such as authMethods.")]
    values: Annotated[
        tuple[CountedValue, ...],
        Field(description="Ordered by the number of users, largest first."),
    ]
    has_more: Annotated[
        bool, Field(description=f"Whether there are more than {VALUES_AT_MOST} values.")
    ]


class ListedFilter(NamedTuple):
    """A filter with few enough values to list."""

    parameter: str
    column: Column


@cache
def listed_filters() -> tuple[ListedFilter, ...]:
    """The filters that compare a text column with any of several values; one for each column."""
    found = {column.name: ListedFilter(name, column) for name, column in all_equalities()}
    return tuple(each for name, each in found.items() if name not in OPEN_ENDED)


def all_equalities() -> Iterator[tuple[str, Column]]:
    """The parameters that compare a column with any of several values, and the column."""
    for name, field in UserFilters.model_fields.items():
        for mark in field.metadata:
            match = _EQUALITY.fullmatch(mark.filter) if isinstance(mark, ShortFor) else None
            column = find_column(match[1]) if match else None
            if column:
                yield field.alias or name, column


def count_filter_values(
    table: Table, database: Database, selection: Selection
) -> tuple[FilterValues, ...]:
    """The values of each listed filter among the selected users. Statuses include that of
    soft-deleted users.
    """
    counts = {}
    for each in listed_filters():
        asks_status = each.column.name == "status"
        condition = selection.with_deleted if asks_status else selection.shown
        counts[each] = count_values(database, condition, each.column, VALUES_AT_MOST + 1)
    shown = {each: found[:VALUES_AT_MOST] for each, found in counts.items()}
    names = _read_names(table, {e.column.name: [v for v, _ in shown[e]] for e in shown})
    return tuple(
        FilterValues(
            parameter=each.parameter,
            field=each.column.name,
            values=tuple(
                CountedValue(value=value, name=names.get(value), users=users)
                for value, users in shown[each]
            ),
            has_more=len(found) > VALUES_AT_MOST,
        )
        for each, found in counts.items()
    )


def _read_names(table: Table, values: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """The names of the existing roles, groups and organizations, by id."""
    keys = [entity.key_of(each) for column, entity in NAMED.items() for each in values[column]]
    items = table.get_items(keys)
    return {item["id"]: item["name"] for item in items.values() if not item["erased"]}
