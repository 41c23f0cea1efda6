"""The directory's columns, derived from the row's model. Filters, sorting and exports use them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from rollcall.directory.rows import DirectoryUser, Indexed, Sortable, StoredRow
from rollcall.kit.model import camel_case


class Kind(StrEnum):
    """The type of a column; the value is its type in DuckDB."""

    TEXT = "VARCHAR"
    NUMBER = "BIGINT"
    BOOLEAN = "BOOLEAN"
    TIME = "TIMESTAMP"
    DATE = "DATE"
    TEXTS = "VARCHAR[]"
    COUNTS = "MAP(VARCHAR, BIGINT)"
    FACTS = (
        "STRUCT(source VARCHAR, name VARCHAR, number DOUBLE, text VARCHAR, moment TIMESTAMP, "
        '"pushedAt" TIMESTAMP)[]'
    )


NUMBER_OF = "md5_number({})"
"""The number of an element, in SQL. Of texts, DuckDB knows only the range of the first eight bytes
in a row group, and ids start alike. By number, it skips the rows of other elements."""


class Case(StrEnum):
    """How the texts of a column are stored, and so how they are compared."""

    EXACT = "exact"
    """As they are asked for."""
    FOLDED = "folded"
    """In the form of :func:`fold`."""
    UPPER = "upper"
    """In upper-case ASCII."""
    ANY = "any"
    """As they were written."""


_CASES: Mapping[str, Case] = {
    **dict.fromkeys(("id", "roles", "groups", "organizations", "phone"), Case.EXACT),
    **dict.fromkeys(
        ("email", "username", "status", "userTypes", "authMethods", "permissions"), Case.FOLDED
    ),
    "country": Case.UPPER,
}
"""The text columns whose texts are always stored in one form, and compared as they are."""


class Column(NamedTuple):
    """One column."""

    name: str
    """Its name in filters, answers and SQL."""
    kind: Kind
    description: str = ""
    sort_key: str | None = None
    """The column to sort lists by instead. None: lists cannot be sorted by this column."""
    optional: bool = True
    """Whether the value can be absent."""
    indexed: bool = False
    """Whether it is a list whose elements are also in a separate table."""
    values: frozenset[str] = frozenset()
    """All possible values or elements; empty: any."""
    case: Case = Case.EXACT
    """How its texts are stored."""

    @property
    def folded(self) -> Column | None:
        """The hidden column with the same texts in the form of :func:`fold`. Only columns with any
        case have one. To store it takes a few percent more space; to convert a million texts in
        each query would take longer than to compare them, and DuckDB has no full case folding.
        """
        return Column(f"{self.name}Folded", self.kind) if self.case is Case.ANY else None

    @property
    def is_sorted_by_key(self) -> bool:
        """Whether lists are sorted by another column than this one."""
        return self.sort_key not in {None, self.name}

    @property
    def sql(self) -> str:
        """The quoted column name. Names come from the model, never from input."""
        return f'"{self.name}"'


@cache
def read_columns() -> Mapping[str, Column]:
    """The columns that requests can use, by their names in lower case: SCIM's attribute names are
    case-insensitive (RFC 7643 section 2.1).
    """
    return {each.name.lower(): each for each in _columns_of(DirectoryUser)}


@cache
def read_stored_columns() -> tuple[Column, ...]:
    """All columns of a snapshot's rows, in order: those of the model, and those derived from them
    when rows are written.
    """
    keys = (Column(name, Kind.TEXT) for name in derived_sort_keys().values())
    folded = (each.folded for each in read_columns().values())
    return (*_columns_of(StoredRow), *keys, *(each for each in folded if each))


@cache
def derived_sort_keys() -> Mapping[str, str]:
    """The columns that are sorted by a derived column, with the names of both."""
    return {each.name: str(each.sort_key) for each in sortable_columns() if each.is_sorted_by_key}


def find_column(name: str) -> Column | None:
    """The column with this name, ignoring case."""
    return read_columns().get(name.lower())


def sortable_columns() -> tuple[Column, ...]:
    """The columns that lists can be sorted by."""
    return tuple(each for each in read_columns().values() if each.sort_key)


def indexed_columns() -> tuple[Column, ...]:
    """The list columns whose elements are also in a separate table."""
    return tuple(each for each in read_columns().values() if each.indexed)


def _columns_of(model: type[DirectoryUser]) -> list[Column]:
    return [_make_column(name, field) for name, field in model.model_fields.items()]


def _make_column(name: str, field: FieldInfo) -> Column:
    alias, kind = camel_case(name), _kind_of(field.annotation)
    written = Case.ANY if kind in {Kind.TEXT, Kind.TEXTS} else Case.EXACT
    marks = [each for each in field.metadata if isinstance(each, Sortable)]
    return Column(
        alias,
        kind,
        field.description or "",
        (marks[0].key or alias) if marks else None,
        NoneType in get_args(field.annotation),
        any(isinstance(each, Indexed) for each in field.metadata),
        _values_of(field.annotation),
        _CASES.get(alias, written),
    )


_KINDS = {
    str: Kind.TEXT,
    bool: Kind.BOOLEAN,
    int: Kind.NUMBER,
    AwareDatetime: Kind.TIME,
    date: Kind.DATE,
}


def _values_of(annotation: Any) -> frozenset[str]:
    """The members of an enumeration."""
    item = get_args(annotation)[0] if get_origin(annotation) is tuple else annotation
    is_enumeration = isinstance(item, type) and issubclass(item, StrEnum)
    return frozenset(each.value for each in item) if is_enumeration else frozenset()


def _kind_of(annotation: Any) -> Kind:
    if get_origin(annotation) is tuple:
        return Kind.TEXTS if issubclass(get_args(annotation)[0], str) else Kind.FACTS
    if get_origin(annotation) is Mapping:
        return Kind.COUNTS
    if isinstance(annotation, type):
        return next(kind for python, kind in _KINDS.items() if issubclass(annotation, python))
    # Either "X | None" or an annotated type.
    return _kind_of(next(each for each in get_args(annotation) if each is not NoneType))
