"""GET /admin/users/filter-values (U5)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rollcall.directory.columns import sortable_columns
from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.filter_values import FilterValues, count_filter_values
from rollcall.directory.filters import UserFilters
from rollcall.directory.segment import Segment
from rollcall.directory.selections import FilteredAnswer, read_known_facts, read_selection
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.call import Call
from rollcall.kit.model import Model, Time
from rollcall.operations import operation


class ListFilterValues(UserFilters):
    """Filters for the users."""


class FactSource(Model):
    """A service that pushes facts about users."""

    source: str
    facts: Annotated[
        tuple[str, ...], Field(description="Names of the facts, for `facts.<source>.<name>`.")
    ]
    pushed_at: Annotated[Time, Field(description="When it last pushed facts.")]
    stale: Annotated[
        bool,
        Field(description="Whether the last push is so long ago that filters skip the source."),
    ]


class AllFilterValues(FilteredAnswer):
    """The values for filters and sorting."""

    filters: tuple[FilterValues, ...]
    fact_sources: tuple[FactSource, ...]
    sortable_fields: Annotated[tuple[str, ...], Field(description="For sortBy.")]


@operation(
    "GET /admin/users/filter-values",
    permission=Permission.USER_LIST,
    timeout=29,
    reads=[*DIRECTORY, Segment, Role, Group, Organization],
)
def list_filter_values(request: ListFilterValues, call: Call) -> AllFilterValues:
    """List the values for the filters of the list, each with its number of users.

    Only users that match the request's own filters count, as in the list. The statuses always
    include the number of soft-deleted users. Values are distinguished by case, although filters
    ignore it. Free text is excluded; use /admin/users/field-values for it.
    """
    database = open_directory(call)
    selection = read_selection(call, database, request)
    known = read_known_facts(call, database)
    return AllFilterValues(
        filters=count_filter_values(call.table, database, selection),
        fact_sources=tuple(
            FactSource(
                source=source,
                facts=tuple(sorted(each.names)),
                pushed_at=each.pushed_at,
                stale=each.pushed_at < known.stale_before,
            )
            for source, each in sorted(known.sources.items())
        ),
        sortable_fields=tuple(each.name for each in sortable_columns()),
        skipped_filters=selection.shown.skipped or None,
    )
