"""Exported files: exact, harmless in spreadsheets, and in the order that was asked for (B3)."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from threading import Thread
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

from rollcall.directory.columns import Column, Kind, find_column, read_columns, sortable_columns
from rollcall.directory.conditions import Condition
from rollcall.directory.database import Database
from rollcall.directory.export_files import (
    ExportFormat,
    Part,
    Selected,
    defuse,
    read_export,
    restore,
    write_part,
)
from rollcall.directory.pages import Order
from rollcall.directory.rows import AuthMethod, DirectoryUser, StoredRow
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from tests.directory.population import make_row, open_database

EVERYBODY = Condition("TRUE")
ALL = tuple(read_columns().values())
FORMATS = list(ExportFormat)
SIGNS = "=+-@"
DANGEROUS = "\t\r\n\0"

texts = st.text(
    st.one_of(
        st.sampled_from("=+-@\t\r\n\0'\"\\;, ＝＋－＠﹦⁺−\ufeff\u200b\u00a0"),  # noqa: RUF001 (they are meant)
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=8,
)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001 (the next line)
    lambda each: each.replace(microsecond=each.microsecond // 1000 * 1000, tzinfo=UTC)
)
counts = st.integers(-(2**63), 2**63 - 1)
FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(Status),
    "auth_methods": st.lists(st.sampled_from(AuthMethod), max_size=3),
    "permissions": st.lists(st.sampled_from(Permission), max_size=3),
    "resources": st.dictionaries(texts, counts, max_size=3),
    "birth_date": st.none() | st.dates(date(1, 1, 1)),
    **dict.fromkeys(("created_at", "updated_at"), moments),
}


def values_of(name: str, annotation: Any) -> st.SearchStrategy[Any]:
    """Any value of a field, so that a new field is exported and read back, too."""
    if name in FIELDS:
        return FIELDS[name]
    if read_columns()[to_camel(name).lower()].kind is Kind.TIME:
        return st.none() | moments
    return {
        bool: st.booleans(),
        int: counts,
        str: texts,
        tuple[str, ...]: st.lists(texts, max_size=3),
    }.get(annotation, st.none() | texts)


users = st.fixed_dictionaries(
    {
        name: values_of(name, field.annotation)
        for name, field in DirectoryUser.model_fields.items()
        if name != "id"
    }
)


def select(
    database: Database,
    file_format: ExportFormat = ExportFormat.CSV,
    columns: tuple[Column, ...] = ALL,
    sort_by: str = "createdAt",
    *,
    descending: bool = False,
) -> Selected:
    column = find_column(sort_by)
    assert column
    return Selected(database, EVERYBODY, Order(column, descending), columns, file_format)


def write(selected: Selected, after: Mapping[str, Any] | None = None) -> bytes:
    """The whole file, or what comes behind a user."""
    file = io.BytesIO()
    part = write_part(file, selected, after, lambda _: False)
    assert part.is_last
    return file.getvalue()


def choose(*names: str) -> tuple[Column, ...]:
    return tuple(read_columns()[name.lower()] for name in names)


@settings(max_examples=60, deadline=None)
@given(fields=st.lists(users, max_size=4), file_format=st.sampled_from(FORMATS))
def test_what_is_read_back_is_what_was_exported(
    fields: list[dict[str, Any]], file_format: ExportFormat
) -> None:
    rows = [make_row(f"usr_{number}", **each) for number, each in enumerate(fields)]

    content = write(select(open_database(rows), file_format))

    found = {
        user.id: user
        for each in read_export(file_format, io.BytesIO(content))
        for user in [DirectoryUser.model_validate(each, by_name=False, extra="forbid")]
    }
    assert found == {each.id: _shown(each) for each in rows}


def _shown(row: StoredRow) -> DirectoryUser:
    names = DirectoryUser.model_fields
    return DirectoryUser.model_validate({name: getattr(row, name) for name in names})


@settings(max_examples=1000)
@given(text=texts)
@example("")
@example("'")
@example("''=1")
def test_each_text_is_another_cell_and_can_be_restored(text: str) -> None:
    cell = defuse(text)

    assert cell
    assert restore(cell) == text
    assert cell in {text, f"'{text}"}


@settings(max_examples=1000)
@given(text=texts)
def test_no_cell_begins_with_what_a_spreadsheet_would_run(text: str) -> None:
    cell = defuse(text)

    assert not cell.startswith(tuple(DANGEROUS))
    visible = unicodedata.normalize("NFKC", cell.strip().strip("\ufeff\u200b"))
    assert not visible.startswith(tuple(SIGNS))


@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u3000\t", "\ufeff", "\u200b ", "\x1f"])
def test_every_character_that_is_a_formula_sign_in_some_form_is_defused(before: str) -> None:
    signs = [
        each
        for each in map(chr, range(0x110000))
        if unicodedata.normalize("NFKC", each)[:1] in {*SIGNS, "\u2212"}
    ]
    assert len(signs) > 20
    for sign in (*signs, *DANGEROUS):
        assert defuse(f"{before}{sign}1") == f"'{before}{sign}1"


@pytest.mark.parametrize("text", ["Anna", "a=b", "1-2", "“quoted”", "(x)", "#1", "é", " a"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert defuse(text) == text


@settings(max_examples=200, deadline=None)
@given(text=texts)
def test_files_hold_cells_as_they_are_defused_here(text: str) -> None:
    row = cells_of({"id": "usr_1", "bio": text})
    assert row == ["usr_1", defuse(text)]


def cells_of(fields: dict[str, Any]) -> list[str]:
    """The cells of the one user that a database has."""
    database = _emptied()
    user_id = fields.pop("id")
    database.replace({user_id: make_row(user_id, **fields)})
    content = write(select(database, columns=choose("id", *fields)))
    _, cells = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    return cells


@cache
def _emptied() -> Database:
    return open_database([])


def test_csv_is_as_spreadsheets_take_it() -> None:
    row = make_row(
        "usr_1",
        name='Anna "the Great", Weiß',
        bio="one\ntwo",
        phone="+4915112345678",
        groups=("grp_1", "a;b", "c\\d"),
        resources={"workspace": 2, "persona": 1},
        is_admin=True,
        birth_date=date(1990, 2, 3),
    )
    names = ("id", "name", "bio", "phone", "groups", "resources", "isAdmin", "birthDate", "city")
    content = write(select(open_database([row]), columns=choose(*names, "createdAt", "loginCount")))

    head, line = (
        '\ufeff"id","name","bio","phone","groups","resources","isAdmin","birthDate","city",'
        '"createdAt","loginCount"\r\n',
        '"usr_1","Anna ""the Great"", Weiß","one\ntwo","\'+4915112345678",'
        '"grp_1;a\\;b;c\\\\d","workspace=2;persona=1",true,1990-02-03,,'
        "2026-03-15T12:00:00.000Z,0\r\n",
    )
    assert content.decode() == head + line


def test_absent_and_empty_are_not_the_same() -> None:
    names = {"name": "", "userTypes": (), "groups": ("",), "roles": ("", "")}
    given = {"name": "", "user_types": (), "groups": ("",), "roles": ("", "")}
    database = open_database([make_row("usr_1", **given), make_row("usr_2")])

    lines = write(select(database, columns=choose(*names))).decode().splitlines()

    assert lines[1:] == ['"\'",,"\'",";"', ",,,"]


def test_a_single_column_may_be_empty() -> None:
    database = open_database([make_row("usr_1"), make_row("usr_2", city="Rome")])
    content = write(select(database, columns=choose("city")))
    read = list(read_export(ExportFormat.CSV, io.BytesIO(content)))
    assert read == [{}, {"city": "Rome"}]


def test_line_of_json_has_every_column_under_its_name_in_lists() -> None:
    row = make_row("usr_1", name="Åsa", resources={"workspace": 2}, groups=("grp_1",))
    content = write(select(open_database([row]), ExportFormat.JSONL))

    (line,) = content.decode().splitlines()
    assert list(json.loads(line)) == [each.name for each in ALL]
    shown = {name: value for name, value in json.loads(line).items() if value is not None}
    assert shown == _shown(row).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert "Åsa" in line


def test_nobody_is_a_file_with_a_head_alone() -> None:
    database = open_database([])
    assert write(select(database, columns=choose("id"))) == '\ufeff"id"\r\n'.encode()
    assert write(select(database, ExportFormat.JSONL)) == b""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'"id"\r\n"usr_1', "not well-formed"),
        (b'"id"\r\n"usr_1","more"\r\n', "argument 2 is longer"),
        (b'"id","shoeSize"\r\n', "no column shoeSize"),
        (b'"id"\r\n"\xff"\r\n', "invalid start byte"),
        (b'"loginCount"\r\nmany\r\n', "many"),
    ],
)
def test_what_is_no_export_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(read_export(ExportFormat.CSV, io.BytesIO(content)))


def test_files_of_programs_without_a_byte_order_mark_are_read_likewise() -> None:
    (read,) = read_export(ExportFormat.CSV, io.BytesIO(b"id,isAdmin\nusr_1,false\n"))
    assert read == {"id": "usr_1", "isAdmin": False}


MANY = 60_000
"""More than are read at once."""


@cache
def many() -> Database:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return open_database(
        make_row(
            f"usr_{number * 7919 % MANY:05}",
            email=f"{number % 997}@example.com" if number % 5 else None,
            created_at=start + timedelta(seconds=number * 31 % 5_000),
        )
        for number in range(MANY)
    )


@pytest.mark.parametrize("sort_by", ["createdAt", "email"])
@pytest.mark.parametrize("descending", [False, True])
def test_order_is_that_of_lists_and_nobody_is_missing(sort_by: str, descending: bool) -> None:
    selected = select(many(), columns=choose("id"), sort_by=sort_by, descending=descending)

    ids = [each["id"] for each in read_export(ExportFormat.CSV, io.BytesIO(write(selected)))]

    sql = f"SELECT id FROM users ORDER BY {selected.order.sql}"  # noqa: S608 (a fixed text)
    assert ids == [user_id for (user_id,) in many().fetch(sql)]


@pytest.mark.parametrize("sort_by", [each.name for each in sortable_columns()])
@pytest.mark.parametrize("descending", [False, True])
def test_parts_written_one_by_one_are_the_whole(sort_by: str, descending: bool) -> None:
    selected = select(many(), columns=choose("id"), sort_by=sort_by, descending=descending)

    content, parts = write_in_parts(selected)

    assert content == write(selected)
    assert len(parts) > 1
    written = 0
    for part in parts:
        assert part.left == MANY - written
        written += part.rows
    assert written == MANY


def write_in_parts(selected: Selected) -> tuple[bytes, list[Part]]:
    """A file that is enough after each step, and how far each one came."""
    file, parts = io.BytesIO(), list[Part]()
    while not parts or not parts[-1].is_last:
        after = json.loads(json.dumps(parts[-1].after)) if parts else None
        parts.append(write_part(file, selected, after, lambda _: True))
    return file.getvalue(), parts


def test_one_part_shows_one_moment_whatever_changes_meanwhile() -> None:
    database = open_database(make_row(f"usr_{number:05}", city="Rome") for number in range(55_000))
    gone = {f"usr_{number:05}": None for number in range(0, 55_000, 2)}
    changes: list[int] = []

    def change(_: int) -> bool:
        """Called between two reads."""
        worker = Thread(target=database.replace, args=(gone,))
        worker.start()
        worker.join()
        changes.append(database.count())
        return False

    file = io.BytesIO()
    part = write_part(file, select(database, columns=choose("id")), None, change)

    assert set(changes) == {27_500}
    assert part == Part(55_000, 55_000, None)
    assert len(file.getvalue().splitlines()) == 55_001
