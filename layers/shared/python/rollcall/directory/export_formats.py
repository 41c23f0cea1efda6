r"""The formats of exported files. Reading a file returns exactly what was written.

CSV (RFC 4180), for spreadsheets: UTF-8 with a byte order mark, without which Excel assumes the code
page of its locale. An empty cell means that there is no value. Lists have ``;`` between their
elements, and counts by name are ``name=number``; within an element, ``\;`` is a semicolon and
``\\`` a backslash. Text that a spreadsheet would run as a formula starts with an apostrophe (see
:func:`defuse`), and so does each such element, because ``;`` separates cells in some locales. In a
file with one column, an empty cell is ``""``, because readers skip empty lines.

JSON Lines, for programs: one user a line, as in lists, with null for absent values.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import TextIOWrapper
from itertools import islice
from typing import IO

from rollcall.directory.columns import Column, Kind, find_column
from rollcall.directory.tables import TIME_TEXT
from rollcall.kit.choices import Choice

FORMULA_SIGNS = "=+\\-@⁺⁻⁼₊₋₌−⩵⩶﬩﹢﹣﹦﹫＋－＝＠"  # noqa: RUF001 (lookalikes are intended)
"""The characters that start a formula, in all their forms, as a class of a regular expression."""
INVISIBLE = (
    "\\x00-\\x20\\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
"""The characters that spreadsheets may skip before a formula, as such a class."""
NEEDS_APOSTROPHE = f"^('|$|[{INVISIBLE}]*[\\x00\\t\\n\\r{FORMULA_SIGNS}])"
"""The texts that need an apostrophe. The pattern means the same in Python and in DuckDB."""
_TO_DEFUSE = re.compile(NEEDS_APOSTROPHE)
_LINE_END = "\r\n"


class ExportFormat(Choice):
    """The format of an exported file."""

    CSV = "csv"
    JSONL = "jsonl"

    @property
    def content_type(self) -> str:
        """Its media type."""
        return CONTENT_TYPES[self]

    def head(self, columns: Sequence[Column]) -> str:
        """The start of the file."""
        if self is ExportFormat.JSONL:
            return ""
        return "\ufeff" + ",".join(f'"{each.name}"' for each in columns) + _LINE_END

    def line_sql(self, columns: Sequence[Column]) -> str:
        """One user's line, as SQL."""
        if self is ExportFormat.JSONL:
            fields = ", ".join(f"'{each.name}': {_plain_sql(each)}" for each in columns)
            return f"concat(to_json({{{fields}}}), chr(10))"
        cells = [_cell_sql(each) for each in columns]
        if len(cells) == 1:
            cells = [f"""coalesce({cells[0]}::VARCHAR, '""')"""]
        return f"concat({", ',', ".join(cells)}, chr(13), chr(10))"


CONTENT_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSONL: "application/x-ndjson",
}


def defuse(text: str) -> str:
    """The text as a cell. It gets an apostrophe if a spreadsheet would run it, if it starts with an
    apostrophe, or if it is empty: so different texts have different cells, and no cell is empty.
    """
    return _TO_DEFUSE.sub(r"'\1", text, count=1)


def restore(cell: str) -> str:
    """The text of a cell."""
    return cell.removeprefix("'")


def read_export(file_format: ExportFormat, file: IO[bytes]) -> Iterator[dict[str, object]]:
    """The users of an exported file, each as fields by their JSON names, without absent values.

    Raises ValueError for a file that is not UTF-8, is malformed or has unknown columns.
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
            cells = row or [""]  # an empty line is a single empty cell
            yield {
                column.name: _read_cell(column, cell)
                for column, cell in zip(columns, cells, strict=True)
                if cell
            }
    except csv.Error as error:
        raise ValueError(f"Line {rows.line_num} is malformed: {error}.") from error


def _find(name: str) -> Column:
    column = find_column(name)
    if column is None:
        raise ValueError(f"The column {name} does not exist.")
    return column


def _read_cell(column: Column, cell: str) -> object:
    match column.kind:
        case Kind.NUMBER:
            return int(restore(cell))
        case Kind.BOOLEAN:
            return _BOOLEANS[cell]
        case Kind.TEXTS:
            return [restore(each) for each in _split(cell)]
        case Kind.COUNTS:
            return _read_counts(cell)
        case _:
            return restore(cell)


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
    return {restore(name): int(count) for name, _, count in parted}


def _plain_sql(column: Column) -> str:
    return f"strftime({column.sql}, '{TIME_TEXT}')" if column.kind is Kind.TIME else column.sql


def _cell_sql(column: Column) -> str:
    """What a column's cell holds, as SQL; NULL when there is nothing."""
    match column.kind:
        case Kind.BOOLEAN | Kind.TIME | Kind.DATE:
            return _plain_sql(column)
        case Kind.TEXTS:
            return _joined_sql(column.sql, "each")
        case Kind.COUNTS:
            entries = f"map_entries({column.sql})"
            return _joined_sql(entries, "each.key", " || '=' || each.value")
        case Kind.NUMBER:
            return f"replace({column.sql}::VARCHAR, '-', '''-')"
        case _:
            return f"""'"' || {_defused_sql(column.sql)} || '"'"""


def _joined_sql(elements: str, text: str, more: str = "") -> str:
    """The elements of a list, each defused, with ``;`` between them and in quotation marks; NULL
    for an empty list.
    """
    escaped = rf"replace(replace({_defused_sql(text)}, '\', '\\'), ';', '\;'){more}"
    joined = f"array_to_string(list_transform({elements}, lambda each: {escaped}), ';')"
    return f"""CASE WHEN len({elements}) > 0 THEN '"' || {joined} || '"' END"""


def _defused_sql(text: str) -> str:
    """A text, defused and with its quotation marks doubled."""
    pattern = NEEDS_APOSTROPHE.replace("'", "''")
    safe = f"""NOT regexp_matches({text}, '{pattern}') AND NOT contains({text}, '"')"""
    defused = rf"""replace(regexp_replace({text}, '{pattern}', '''\1'), '"', '""')"""
    # Most texts are safe, and checking is cheaper than replacing.
    return f"CASE WHEN {safe} THEN {text} ELSE {defused} END"
