"""The values of one column that contain a text, for autocompletion (U5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from rollcall.directory.columns import Column, Kind, read_columns
from rollcall.directory.conditions import Condition
from rollcall.directory.counts import values_sql
from rollcall.directory.database import Database
from rollcall.directory.filter_values import NAMED, CountedValue
from rollcall.directory.filters import UserFilters
from rollcall.directory.search_text import base_form
from rollcall.kit.near_misses import find_spelled, suggest
from rollcall.kit.paging import PageRequest, Pagination
from rollcall.kit.text import fold

PERSONAL = frozenset({"id", "name", "email", "phone", "username", "uniqueId", "avatarUrl", "bio"})
"""Text columns whose values belong to one person. The search of the list covers them."""


@cache
def suggested_columns() -> Mapping[str, Column]:
    """The columns with autocompletion, by name."""
    return {
        each.name: each
        for each in read_columns().values()
        if each.kind in {Kind.TEXT, Kind.TEXTS} and each.name not in PERSONAL | NAMED.keys()
    }


def _check_suggested(name: str) -> str:
    found = find_spelled(name, suggested_columns())
    if found is None:
        hint = suggest(name, suggested_columns())
        raise ValueError(f"{hint}Use one of {', '.join(suggested_columns())}.")
    return found


SuggestedColumn = Annotated[
    str,
    AfterValidator(_check_suggested),
    WithJsonSchema({"type": "string", "enum": list(suggested_columns())}),
]


class FieldValuesRequest(UserFilters, PageRequest):
    """The field, the users whose values count, and the page of values."""

    field: Annotated[SuggestedColumn, Field(description="A field of listed users.")]
    q: Annotated[
        str,
        Field(
            max_length=200,
            description="Text that the values contain, in any case. If there are no such values, "
            "accents do not count.",
        ),
    ] = ""


_COUNTED = """
SELECT value, count(*) AS users FROM (SELECT {values} AS value FROM users WHERE {condition})
WHERE value IS NOT NULL GROUP BY value ORDER BY users DESC, value
"""


def find_values(
    database: Database, condition: Condition, request: FieldValuesRequest
) -> tuple[tuple[CountedValue, ...], Pagination]:
    """A page of the values that contain a text. Values that start with it come first, then values
    with more users.
    """
    column = suggested_columns()[request.field]
    sql = _COUNTED.format(values=values_sql(column), condition=condition.sql)
    found = find_text(request.q, database.fetch(sql, condition.parameters))
    begin = (request.page - 1) * request.limit
    return (
        tuple(CountedValue(value=v, users=n) for v, n in found[begin : begin + request.limit]),
        Pagination.of(request.page, request.limit, len(found)),
    )


def find_text(text: str, counted: Sequence[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    """The values that contain a text, first those that begin with it. Accents count only if there
    are such values.
    """
    for form_of in (fold, base_form):
        sought = form_of(text)
        forms = ((form_of(each[0]), each) for each in counted)
        found = [(form.startswith(sought), each) for form, each in forms if sought in form]
        if found:
            return [each for leads in (True, False) for does, each in found if does is leads]
    return ()
