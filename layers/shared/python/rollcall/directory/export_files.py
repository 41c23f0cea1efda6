r"""The files that users are exported to, and read back from: what is read is what was written.

CSV (RFC 4180) for spreadsheets: UTF-8 that begins with a byte order mark, without which Excel takes
it for the code page of its country. An empty cell says that there is no value. Lists have ``;``
between their elements, and numbers by name are ``name=number``; within an element, ``\;`` is a
semicolon and ``\\`` a backslash. What a spreadsheet would run has an apostrophe in front (see
:func:`defuse`).

JSON Lines for programs: a user a line, as lists answer them, with null for what there is not.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from io import TextIOWrapper
from itertools import islice
from typing import IO, Any, NamedTuple

from rollcall.directory.columns import Column, Kind, find_column
from rollcall.directory.conditions import Condition
from rollcall.directory.database import TIME_TEXT, Database, Fetch, key_sql
from rollcall.directory.pages import Order, Stretch, as_json, both, count_buckets

FORMULA_SIGNS = "=+\\-@⁺⁻⁼₊₋₌−⩵⩶﬩﹢﹣﹦﹫＋－＝＠"  # noqa: RUF001 (what looks alike is meant)
"""What formulas begin with, in all its forms, as a class of regular expressions has it."""
INVISIBLE = (
    "\\x00-\\x20\\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
"""What spreadsheets may pass over before a formula, likewise."""
NEEDS_APOSTROPHE = f"^('|$|[{INVISIBLE}]*[\\x00\\t\\n\\r{FORMULA_SIGNS}])"
"""Which texts do. Python and DuckDB both read it so."""
_TO_DEFUSE = re.compile(NEEDS_APOSTROPHE)
_LINE_END = "\r\n"
ROWS_AT_ONCE = 25_000
"""Some 100 MB in memory."""


class ExportFormat(StrEnum):
    """What kind of file users are exported to."""

    CSV = "csv"
    JSONL = "jsonl"

    @property
    def content_type(self) -> str:
        """Its media type."""
        return CONTENT_TYPES[self]

    def head(self, columns: Sequence[Column]) -> str:
        """What the file begins with."""
        if self is ExportFormat.JSONL:
            return ""
        return "\ufeff" + ",".join(f'"{each.name}"' for each in columns) + _LINE_END

    def line_sql(self, columns: Sequence[Column]) -> str:
        """One user's line, as SQL."""
        if self is ExportFormat.JSONL:
            fields = ", ".join(f"'{each.name}': {_plain_sql(each)}" for each in columns)
            return f"concat(to_json({{{fields}}}), chr(10))"
        return f"concat({", ',', ".join(map(_cell_sql, columns))}, chr(13), chr(10))"


CONTENT_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSONL: "application/x-ndjson",
}


class Selected(NamedTuple):
    """What is exported: which users, in which order, and what of them."""

    database: Database
    condition: Condition
    order: Order
    columns: Sequence[Column]
    format: ExportFormat


class Part(NamedTuple):
    """Which part of an export has been written."""

    rows: int
    left: int
    """How many users there were, these included."""
    after: dict[str, Any] | None
    """The last of these users; None when no other is left."""

    @property
    def is_last(self) -> bool:
        """Whether no user is left."""
        return self.after is None


def write_part(
    file: IO[bytes],
    selected: Selected,
    after: Mapping[str, Any] | None,
    is_enough: Callable[[int], bool],
) -> Part:
    """Write the users who come after one, or all from the first, until ``is_enough`` says so of
    the bytes written. They are those of one moment, whatever changes meanwhile.
    """
    order, condition, rows = selected.order, selected.condition, 0
    if after is None:
        file.write(selected.format.head(selected.columns).encode())
    else:
        condition = both(condition, order.behind(after))
    with selected.database.hold() as fetch:
        counts = count_buckets(fetch, condition, order)
        left = sum(counts.values())
        for stretch in _cut(counts):
            found = _read_lines(fetch, selected, both(stretch.within(order), condition))
            file.write("".join(line for line, _, _ in found).encode())
            rows += len(found)
            if rows < left and is_enough(file.tell()):
                _, value, user_id = found[-1]
                return Part(rows, left, {"value": as_json(value), "id": user_id})
    return Part(rows, left, None)


def _cut(counts: Mapping[int, int]) -> Iterator[Stretch]:
    """All buckets in order, so many at a time as are read at once."""
    buckets: list[int] = []
    for bucket in counts:
        buckets.append(bucket)
        if sum(counts[each] for each in buckets) >= ROWS_AT_ONCE:
            yield Stretch(buckets, 0)
            buckets = []
    if buckets:
        yield Stretch(buckets, 0)


def _read_lines(fetch: Fetch, selected: Selected, wanted: Condition) -> list[tuple[Any, ...]]:
    """The lines of some users in order, each with what it is sorted by, and the id."""
    order, key = selected.order, key_sql(selected.order.column)
    names = ", ".join(dict.fromkeys([*(each.sql for each in selected.columns), key, '"id"']))
    # Put together first: here and there one of a thousand rows, and they would cost twice as much.
    sql = (
        "WITH found AS MATERIALIZED "
        f"(SELECT {names} FROM users WHERE {wanted.sql} ORDER BY {order.sql}) "
        f"SELECT {selected.format.line_sql(selected.columns)}, {key}, id FROM found"
    )
    return fetch(sql, wanted.parameters)


def defuse(text: str) -> str:
    """The text as a cell: an apostrophe comes first when a spreadsheet would run it, and when it
    begins with one itself or is empty, so that each text is another cell, and no text none.
    """
    return _TO_DEFUSE.sub(r"'\1", text, count=1)


def restore(cell: str) -> str:
    """The text that a cell stands for."""
    return cell.removeprefix("'")


def read_export(file_format: ExportFormat, file: IO[bytes]) -> Iterator[dict[str, object]]:
    """The users of an exported file, each as its fields by their names in JSON; what a user has
    not is left out.

    Raises ValueError for what is no UTF-8, not well-formed, or has columns that there are not.
    """
    text = TextIOWrapper(file, "utf-8-sig", newline="")
    if file_format is ExportFormat.CSV:
        yield from _read_cells(text)
        return
    for line in text:
        fields = json.loads(line)
        yield {name: value for name, value in fields.items() if value is not None}


def _read_cells(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    rows = csv.reader(lines, strict=True)
    try:
        columns = [_find(name) for head in islice(rows, 1) for name in head]
        for row in rows:
            cells = row or [""]  # the only cell of its line, and empty
            yield {
                column.name: _read_cell(column, cell)
                for column, cell in zip(columns, cells, strict=True)
                if cell
            }
    except csv.Error as error:
        raise ValueError(f"Line {rows.line_num} is not well-formed: {error}.") from error


def _find(name: str) -> Column:
    column = find_column(name)
    if column is None:
        raise ValueError(f"There is no column {name}.")
    return column


def _read_cell(column: Column, cell: str) -> object:
    text = restore(cell)
    match column.kind:
        case Kind.NUMBER:
            return int(text)
        case Kind.BOOLEAN:
            return _BOOLEANS[text]
        case Kind.TEXTS:
            return list(_split(text))
        case Kind.COUNTS:
            return _read_counts(text)
        case _:
            return text


_BOOLEANS: Mapping[str, bool] = {"true": True, "false": False}


def _split(text: str) -> Iterator[str]:
    """The elements of a list."""
    element, rest = "", iter(text)
    for each in rest:
        if each == ";":
            yield element
            element = ""
        else:
            element += next(rest, "") if each == "\\" else each
    yield element


def _read_counts(text: str) -> dict[str, int]:
    parted = (each.rpartition("=") for each in _split(text))
    return {name: int(count) for name, _, count in parted}


def _plain_sql(column: Column) -> str:
    return f"strftime({column.sql}, '{TIME_TEXT}')" if column.kind is Kind.TIME else column.sql


def _cell_sql(column: Column) -> str:
    """What a column's cell holds, as SQL; NULL when there is nothing."""
    match column.kind:
        case Kind.BOOLEAN | Kind.TIME | Kind.DATE:
            return _plain_sql(column)
        case Kind.TEXTS:
            return _quoted_sql(_joined_sql(column, column.sql, "each"))
        case Kind.COUNTS:
            entries = f"map_entries({column.sql})"
            return _quoted_sql(_joined_sql(column, entries, "each.key", " || '=' || each.value"))
        case Kind.NUMBER:
            return f"replace({column.sql}::VARCHAR, '-', '''-')"
        case _:
            return _quoted_sql(column.sql)


def _joined_sql(column: Column, elements: str, text: str, more: str = "") -> str:
    """The elements of a list with ``;`` between them; NULL when there are none."""
    escaped = rf"replace(replace({text}, '\', '\\'), ';', '\;'){more}"
    joined = f"array_to_string(list_transform({elements}, lambda each: {escaped}), ';')"
    return f"CASE WHEN len({elements}) > 0 THEN {joined} END"


def _quoted_sql(text: str) -> str:
    """A text, defused and between quotes."""
    pattern = NEEDS_APOSTROPHE.replace("'", "''")
    safe = f"""NOT regexp_matches({text}, '{pattern}') AND NOT contains({text}, '"')"""
    defused = rf"""replace(regexp_replace({text}, '{pattern}', '''\1'), '"', '""')"""
    # Most are safe, and to look is cheaper than to replace.
    return f"""'"' || CASE WHEN {safe} THEN {text} ELSE {defused} END || '"'"""
