"""Exported files: read back exactly as written, and harmless in spreadsheets (B3)."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollcall.directory.columns import Kind, read_columns
from rollcall.directory.database import Database
from rollcall.directory.export_formats import ExportFormat, defuse, read_export, restore
from rollcall.directory.rows import AuthMethod, DirectoryUser, StoredRow
from rollcall.grants.permissions import Permission
from rollcall.kit.model import camel_case
from rollcall.users.statuses import Status
from tests.directory.exporting import ALL_COLUMNS, choose, select, write
from tests.directory.population import make_row, open_database

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
    if read_columns()[camel_case(name).lower()].kind is Kind.TIME:
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


@settings(max_examples=60, deadline=None)
@given(fields=st.lists(users, max_size=4), file_format=st.sampled_from(FORMATS))
def test_file_is_read_back_as_it_was_exported(
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
def test_different_texts_have_different_cells_and_can_be_restored(text: str) -> None:
    cell = defuse(text)

    assert cell
    assert restore(cell) == text
    assert cell in {text, f"'{text}"}


@settings(max_examples=1000)
@given(text=texts)
def test_no_cell_starts_with_what_a_spreadsheet_would_run(text: str) -> None:
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
def test_harmless_text_is_not_changed(text: str) -> None:
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


def test_csv_is_written_as_spreadsheets_read_it() -> None:
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

    assert lines[1:] == ['"\'",,"\'","\';\'"', ",,,"]


def test_single_column_can_be_empty() -> None:
    database = open_database([make_row("usr_1"), make_row("usr_2", city="Rome")])
    content = write(select(database, columns=choose("city")))
    read = list(read_export(ExportFormat.CSV, io.BytesIO(content)))
    assert read == [{}, {"city": "Rome"}]
    assert content.decode("utf-8-sig").splitlines() == ['"city"', '""', '"Rome"']


def test_file_of_any_one_column_has_a_row_for_each_user() -> None:
    database = open_database([make_row("usr_1"), make_row("usr_2", city="Rome")])
    for column in ALL_COLUMNS:
        content = write(select(database, columns=(column,)))
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        assert [len(each) for each in lines] == [1, 1, 1], column.name


@settings(max_examples=200, deadline=None)
@given(elements=st.lists(texts, min_size=1, max_size=3), count=counts)
def test_each_element_of_a_list_is_defused(elements: list[str], count: int) -> None:
    """A spreadsheet whose separator is a semicolon shows each element as a cell (CWE-1236)."""
    fields = {"groups": elements, "resources": dict.fromkeys(elements, count)}
    _, listed, counted = cells_of({"id": "usr_1", **fields})

    assert listed == ";".join(map(as_element, elements))
    names = [f"{as_element(each)}={count}" for each in dict.fromkeys(elements)]
    assert counted == ";".join(names)
    for cell in (*map(defuse, elements), listed, counted):
        assert not cell.startswith((*SIGNS, *DANGEROUS))


def as_element(text: str) -> str:
    return defuse(text).replace("\\", "\\\\").replace(";", "\\;")


def test_line_of_json_has_every_column_under_its_name_in_lists() -> None:
    row = make_row("usr_1", name="Åsa", resources={"workspace": 2}, groups=("grp_1",))
    content = write(select(open_database([row]), ExportFormat.JSONL))

    (line,) = content.decode().splitlines()
    assert list(json.loads(line)) == [each.name for each in ALL_COLUMNS]
    shown = {name: value for name, value in json.loads(line).items() if value is not None}
    assert shown == _shown(row).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert "Åsa" in line


def test_export_of_no_users_has_only_the_header() -> None:
    database = open_database([])
    assert write(select(database, columns=choose("id"))) == '\ufeff"id"\r\n'.encode()
    assert write(select(database, ExportFormat.JSONL)) == b""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'"id"\r\n"usr_1', "is malformed"),
        (b'"id"\r\n"usr_1","more"\r\n', "argument 2 is longer"),
        (b'"id","shoeSize"\r\n', "column shoeSize does not exist"),
        (b'"id"\r\n"\xff"\r\n', "invalid start byte"),
        (b'"loginCount"\r\nmany\r\n', "many"),
    ],
)
def test_file_that_is_not_an_export_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(read_export(ExportFormat.CSV, io.BytesIO(content)))


def test_files_without_a_byte_order_mark_are_read() -> None:
    (read,) = read_export(ExportFormat.CSV, io.BytesIO(b"id,isAdmin\nusr_1,false\n"))
    assert read == {"id": "usr_1", "isAdmin": False}
