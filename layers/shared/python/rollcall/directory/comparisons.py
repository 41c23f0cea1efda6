"""Comparisons of single values as SQL: the operators and values that each kind of column supports.

Fragments consist only of column names and of the text in this module; values are bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from math import isfinite
from typing import NamedTuple, NoReturn

from rollcall.directory.asked_texts import write_as_stored
from rollcall.directory.columns import Case, Column, Kind
from rollcall.directory.expressions import Operator, Value
from rollcall.kit.errors import Invalid
from rollcall.kit.model import format_time
from rollcall.kit.text import fold
from rollcall.kit.times import read_date, read_time_or_date


class Part(NamedTuple):
    """A piece of SQL with the values of its placeholders."""

    sql: str
    parameters: tuple[object, ...] = ()


class Term(NamedTuple):
    """The left side of a comparison: a column, an element of a list or a count."""

    path: str
    """Its name in the filter."""
    kind: Kind
    sql: str
    parameters: tuple[object, ...] = ()
    case: Case = Case.FOLDED
    """How its texts are stored."""
    placeholder: str = "?"
    """The SQL of the value to compare with."""
    optional: bool = True
    """Whether it can be absent."""
    values: frozenset[str] = frozenset()
    """All possible values; empty: any."""

    @classmethod
    def of(cls, column: Column) -> Term:
        """A column, or the one with its texts in the form in which they are compared."""
        return cls(
            column.name,
            column.kind,
            (column.folded or column).sql,
            case=Case.FOLDED if column.case is Case.ANY else column.case,
            optional=column.optional,
            values=column.values,
        )


def compare(term: Term, operator: Operator, value: Value) -> Part:
    """The comparison; NULL if the value is absent.

    Raises Invalid for an operator or a type of value that the term does not support.
    """
    rule = _RULES[term.kind]
    if operator not in rule.operators:
        refuse_operator(term.path, operator, f"{', '.join(sorted(rule.operators))} or pr")
    bound = _read(term, operator, value)
    if operator in {Operator.EQ, Operator.NE}:
        _check_known(term, bound)
    comparison = _SQL[operator] if term.optional else _SQL_OF_PRESENT[operator]
    sql, bound = _in_one_case(term, operator, bound)
    return Part(comparison.format(sql, term.placeholder), (*term.parameters, bound))


def compare_any(term: Term, values: Sequence[Value]) -> Part:
    """The term equals one of the values. Many values take no longer than few.

    Raises Invalid for a type of value that the term does not support.
    """
    bound = [_read(term, Operator.EQ, each) for each in values]
    for each in bound:
        _check_known(term, each)
    bound = [_in_one_case(term, Operator.EQ, each)[1] for each in bound]
    placeholders = ", ".join([term.placeholder] * len(values))
    return Part(f"{term.sql} IN ({placeholders})", (*term.parameters, *bound))


def _read(term: Term, operator: Operator, value: Value) -> object:
    """The value to bind, written as the stored ones are."""
    rule = _RULES[term.kind]
    bound = rule.read(value)
    if bound is None:
        refuse_value(term.path, rule.takes)
    if isinstance(bound, str):
        written = write_as_stored(term.path, operator, bound)
        return written if term.case is Case.EXACT else fold(written)
    return bound


def _in_one_case(term: Term, operator: Operator, bound: object) -> tuple[str, object]:
    """The SQL of the term, and the value to bind. Upper case has an order of its own."""
    if term.case is not Case.UPPER or not isinstance(bound, str):
        return term.sql, bound
    if operator in _INEQUALITIES:
        return f"lower({term.sql})", bound
    return term.sql, bound.upper() if bound.isascii() else bound


class _Form(NamedTuple):
    """What all values of a column look like, in the form in which they are compared."""

    pattern: str
    words: str


def _id_form(prefix: str) -> _Form:
    words = f"ids, which start with {prefix}. Names are not accepted"
    return _Form(rf"(?is:{prefix}.*)", words)


_FORMS: Mapping[str, _Form] = {
    "roles": _id_form("rol_"),
    "groups": _id_form("grp_"),
    "organizations": _id_form("org_"),
    "country": _Form(r"[a-z]{2}", "a code of two letters (ISO 3166-1 alpha-2), such as DE"),
    "locale": _Form(r"[a-z0-9-]+", "a language tag (BCP 47), such as de-DE"),
    "timezone": _Form(r"[a-z0-9_+/-]+", "the name of a time zone, such as Europe/Berlin"),
}
"""Only the form is checked, because stored values can be unknown to the present lists."""


def _check_known(term: Term, value: object) -> None:
    """Raise Invalid for a value that no user can have: a comparison with it would silently find no
    user, or all.
    """
    if not isinstance(value, str):
        return
    if term.values and value.lower() not in term.values:
        known = ", ".join(sorted(term.values))
        refuse_value(term.path, f"one of {known}", "filter_unknown_value")
    form = _FORMS.get(term.path)
    if form and not re.fullmatch(form.pattern, value):
        refuse_value(term.path, form.words, "filter_unknown_value")


def compare_fact(path: str, operator: Operator, value: Value) -> Part:
    """The comparison of one value of a fact, which is a row of the table ``facts``. Numbers and
    booleans are compared as numbers; texts as times if both are times, and as texts otherwise.

    Raises Invalid for an operator that such a value does not support.
    """
    if isinstance(value, bool | int | float):
        kind = Kind.BOOLEAN if isinstance(value, bool) else Kind.NUMBER
        return compare(Term(path, kind, "facts.number"), operator, value)._replace(
            parameters=(float(value),)
        )
    text = format_time(value) if isinstance(value, datetime) else str(value)
    plain = compare(Term(path, Kind.TEXT, "facts.text"), operator, text)
    if operator in _SUBSTRING:
        return plain
    earlier = f"facts.moment {_SYMBOLS[operator]} ?"
    return Part(f"coalesce({earlier}, {plain.sql})", (_read_time(text), *plain.parameters))


def negate(part: Part) -> Part:
    """The negation, which treats NULL as false."""
    return Part(f"NOT coalesce({part.sql}, FALSE)", part.parameters)


def refuse_attribute(path: str, advice: str = "", hint: str = "") -> NoReturn:
    """Raise Invalid: the attribute does not exist. ``hint`` names the one that may be meant."""
    message = f"{hint}The attribute {_shown(path)} does not exist. {advice}".strip()
    raise Invalid.field("filter", message, "filter_unknown_attribute")


def refuse_value(path: str, takes: str, code: str = "filter_wrong_type") -> NoReturn:
    """Raise Invalid: the attribute requires another value."""
    raise Invalid.field("filter", f"{_shown(path)} requires {takes}.", code)


def refuse_operator(path: str, operator: str, takes: str) -> NoReturn:
    """Raise Invalid: the attribute supports other operators."""
    message = f"{_shown(path)} does not support {operator}. Use {takes}."
    raise Invalid.field("filter", message, "filter_unsupported_operator")


def _shown(path: str) -> str:
    return path[:100].encode(errors="replace").decode()


_SYMBOLS: Mapping[Operator, str] = {
    Operator.EQ: "=",
    Operator.NE: "<>",
    Operator.GT: ">",
    Operator.GE: ">=",
    Operator.LT: "<",
    Operator.LE: "<=",
}
_SQL_OF_PRESENT: Mapping[Operator, str] = {
    **{operator: f"{{}} {symbol} {{}}" for operator, symbol in _SYMBOLS.items()},
    Operator.CO: "contains({}, {})",
    Operator.SW: "starts_with({}, {})",
    Operator.EW: "ends_with({}, {})",
}
_SQL: Mapping[Operator, str] = {**_SQL_OF_PRESENT, Operator.NE: "coalesce({} <> {}, TRUE)"}
_SUBSTRING = frozenset({Operator.CO, Operator.SW, Operator.EW})
_INEQUALITIES = _SQL_OF_PRESENT.keys() - _SUBSTRING - {Operator.EQ, Operator.NE}


class _Rule(NamedTuple):
    takes: str
    """The description of its values."""
    operators: frozenset[Operator]
    read: Callable[[Value], object]
    """Returns the value to bind, or None for a value of another type."""


def _read_text(value: Value) -> str | None:
    """The text. None also for text with lone surrogates, which UTF-8 cannot encode."""
    if not isinstance(value, str) or any("\ud800" <= each <= "\udfff" for each in value):
        return None
    return value


def _read_number(value: Value) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isfinite(value) else None


def _read_boolean(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def _read_date(value: Value) -> date | None:
    try:
        found = read_date(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return found if isinstance(found, date) and not isinstance(found, datetime) else None


def _read_time(value: Value) -> datetime | None:
    """In UTC but without a time zone, as the columns are. A date means its start in UTC."""
    try:
        moment = read_time_or_date(value) if isinstance(value, str) else value
    except (ValueError, OverflowError):
        return None
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else None
    return datetime.combine(moment, time.min) if isinstance(moment, date) else None


_ALL, _ORDERS = frozenset(Operator), frozenset(_SYMBOLS)
_NUMBER = _Rule("a number", _ORDERS, _read_number)
_RULES: Mapping[Kind, _Rule] = {
    Kind.TEXT: _Rule("text in double quotation marks", _ALL, _read_text),
    Kind.NUMBER: _NUMBER,
    Kind.COUNTS: _NUMBER,
    Kind.BOOLEAN: _Rule("true or false", frozenset({Operator.EQ, Operator.NE}), _read_boolean),
    Kind.TIME: _Rule(
        'a date, or a time with an offset, such as "2026-01-31T09:00:00Z"', _ORDERS, _read_time
    ),
    Kind.DATE: _Rule('a date, such as "1990-01-31"', _ORDERS, _read_date),
}
