"""Random expressions, and the users they describe, evaluated without SQL."""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from rollcall.directory.columns import Kind, find_column
from rollcall.directory.expressions import (
    And,
    Comparison,
    Expression,
    Not,
    Operator,
    Or,
    Presence,
    TextSearch,
    Value,
    ValuePath,
)
from rollcall.directory.rows import StoredRow
from rollcall.directory.search_text import base_form
from rollcall.users.statuses import Status
from tests.directory.population import NOW, make_facts, make_row

TEXTS = (
    "Zoë Weiß",
    "zoë weiß",
    "Ann",
    "ANN",
    "an",
    "50%",
    "a_b",
    "",
    "O'Hara",
    'say "hi"',
    "\\",
    "Ø",
    "Jos\u00e9",
    "Jose\u0301",
    "STRASSE",
    "Straße",
    "\u0130d",
    "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
    "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3",
)
PIECES = (*TEXTS, "nn", "eiß", "ra", "%", "_", "zoë ", "e\u0301", "SS", "\u03c2", "\u03a3")
GROUPS = ("grp_1", "grp_2", "GRP_1", "grp_10")
SKILLS = ("SQL", "sql", "Python", "Łódź", "p%")
TIMES = tuple((NOW + timedelta(hours=hours)).isoformat() for hours in (-48, -1, 0, 1, 48))
DAYS = ("1990-02-28", "1992-02-29", "2000-12-31")
NUMBERS = (-1, 0, 1, 2, 1.5, 10**12)
TYPES = ("workspace", "api_key", "nothing")
FACTS = ("progress", "programIds", "lastActivityAt")
EXACT = {"id", "groups"}


def make_population(size: int) -> list[StoredRow]:
    """Users with all combinations of values in expressions; the same users each time."""
    chance = Random(7)  # noqa: S311 (test data)
    return [_make_one(chance, number) for number in range(size)]


def _make_one(chance: Random, number: int) -> StoredRow:
    def perhaps(values: Sequence[Any]) -> Any:
        return chance.choice([None, *values])

    texts = [each for each in TEXTS if each]
    facts = {
        "progress": chance.choice([0, 1, 1.5, True, "1", [1, "Ann"]]),
        "programIds": chance.sample([*SKILLS, "Ann", 2], k=chance.randrange(4)),
        "lastActivityAt": chance.choice([*TIMES, "2026-03-15", "soon"]),
    }
    known = {name: value for name, value in facts.items() if chance.random() < 0.6}
    return make_row(
        f"usr_{number}",
        name=perhaps(texts),
        email=perhaps(["ann@example.com", "zoe@example.com"]),
        phone=perhaps(["+4915112345", "+4912"]),
        city=perhaps(texts),
        country=perhaps(["DE", "FR"]),
        status=chance.choice(list(Status)),
        is_admin=chance.random() < 0.5,
        groups=chance.sample(GROUPS, k=chance.randrange(4)),
        expertise=chance.sample(SKILLS, k=chance.randrange(3)),
        group_count=chance.choice([0, 1, 2, 10**12]),
        last_login_at=perhaps(TIMES),
        birth_date=perhaps(DAYS),
        resources={each: chance.randrange(3) for each in TYPES if chance.random() < 0.5},
        facts=make_facts("learning", **{name: _as_fact(value) for name, value in known.items()}),
    )


def _as_fact(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


ORDERS = (Operator.EQ, Operator.NE, Operator.GT, Operator.GE, Operator.LT, Operator.LE)


def _compare(
    path: str, operators: Sequence[Operator], values: Sequence[Value]
) -> SearchStrategy[Expression]:
    compared = st.builds(
        Comparison, st.just(path), st.sampled_from(operators), st.sampled_from(values)
    )
    absent = st.builds(
        Comparison, st.just(path), st.sampled_from((Operator.EQ, Operator.NE)), st.none()
    )
    return st.one_of(compared, compared, absent, st.just(Presence(path)))


EVERY = tuple(Operator)
SUBSTRINGS = (Operator.CO, Operator.SW, Operator.EW)
FACT_VALUES: tuple[Value, ...] = (*NUMBERS, True, False, *PIECES, *SKILLS, *TIMES, "2026-03-15")


def _compare_fact(path: str) -> SearchStrategy[Expression]:
    texts = [each for each in FACT_VALUES if isinstance(each, str)]
    numbers = [each for each in FACT_VALUES if not isinstance(each, str | bool)]
    return st.one_of(
        _compare(path, EVERY, texts),
        _compare(path, ORDERS, numbers),
        _compare(path, (Operator.EQ, Operator.NE), [True, False]),
    )


def _combine(leaves: SearchStrategy[Expression]) -> SearchStrategy[Expression]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
            st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=6,
    )


def _one_and_the_same(path: str, leaves: SearchStrategy[Expression]) -> SearchStrategy[Expression]:
    return st.builds(ValuePath, st.just(path), _combine(leaves))


LEAVES: SearchStrategy[Expression] = st.one_of(
    *(_compare(path, EVERY, PIECES) for path in ("name", "CITY", "email")),
    _compare("status", EVERY, (*Status, "ACTIVE")),
    _compare("country", EVERY, ("de", "DE", "fr")),
    _compare("country", (*SUBSTRINGS, Operator.GE, Operator.LT), ("F", "e")),
    _compare("isAdmin", (Operator.EQ, Operator.NE), (True, False)),
    _compare("groupCount", ORDERS, NUMBERS),
    _compare("lastLoginAt", ORDERS, (*TIMES, "2026-03-15", "2026-03-15T12:00:00-11:30")),
    _compare("birthDate", ORDERS, DAYS),
    *(_compare(path, EVERY, GROUPS) for path in ("groups", "groups.value")),
    *(_compare(path, SUBSTRINGS, ("1", "rp_")) for path in ("groups", "groups.value")),
    _compare("expertise", EVERY, (*SKILLS, "Q", "n")),
    *(_compare(f"resources.{each}", ORDERS, NUMBERS) for each in TYPES),
    *(_compare_fact(f"facts.learning.{each}") for each in FACTS),
    _one_and_the_same("groups", _compare("value", EVERY, GROUPS)),
    _one_and_the_same("groups", _compare("value", SUBSTRINGS, ("1", "rp_"))),
    _one_and_the_same("expertise", _compare("value", EVERY, SKILLS)),
    *(_one_and_the_same(f"facts.learning.{each}", _compare_fact("value")) for each in FACTS),
)
UNKNOWN: SearchStrategy[Expression] = st.one_of(
    _compare_fact("facts.learning.neverPushed"), _compare_fact("facts.nobody.progress")
)
EXPRESSIONS = _combine(st.one_of(LEAVES, LEAVES, UNKNOWN))
SEARCHES: SearchStrategy[Expression] = st.builds(
    TextSearch,
    st.sampled_from(
        (
            *TEXTS,
            "zoë ANN",
            "ann example",
            "WEISS",
            " 50%  ",
            "zoe",
            "jose",
            "0151 12",
            "ann +49 (0)1",
        )
    ),
)


def holds(row: StoredRow, expression: Expression) -> bool:
    """Whether an expression holds for a user. Unknown facts are ignored."""
    return _judge(row, expression) is not False


def _judge(row: StoredRow, expression: Expression) -> bool | None:
    match expression:
        case And(operands):
            judged = [each for each in (_judge(row, o) for o in operands) if each is not None]
            return all(judged) if judged else None
        case Or(operands):
            judged = [each for each in (_judge(row, o) for o in operands) if each is not None]
            return any(judged) if judged else None
        case Not(operand):
            judgement = _judge(row, operand)
            return None if judgement is None else not judgement
        case TextSearch(text):
            return _is_found(row, base_form(text).split())
        case Comparison(path=path) | Presence(path=path) | ValuePath(path=path):
            asked = path.lower().startswith("facts.")
            if asked and path.split(".")[1:] not in [["learning", each] for each in FACTS]:
                return None
            return _judge_values(row, path.removesuffix(".value"), expression)


def _is_found(row: StoredRow, words: Sequence[str]) -> bool | None:
    """Whether a search finds a user. Neighbouring words of a phone number are judged together."""
    values = (row.name, row.email, row.username, row.phone, row.unique_id)
    lines = [base_form(each) for each in values if each]
    judged: list[bool] = []
    while words:
        number = next(
            (n for n, word in enumerate(words) if re.search(r"[^0-9+()./-]", word)), len(words)
        )
        taken = max(number, 1)
        found = all(any(word in line for line in lines) for word in words[:taken])
        digits = re.sub(r"\(0\)|[^0-9]", "", "".join(words[:number])).lstrip("0")
        judged.append(found or bool(digits and row.phone and digits in row.phone))
        words = words[taken:]
    return all(judged) if judged else None


def in_one_case(text: str) -> str:
    """The text as comparisons see it: canonical caseless matching (The Unicode Standard, D145)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _judge_values(row: StoredRow, path: str, leaf: Comparison | Presence | ValuePath) -> bool:
    values, present = _values(row, path)
    match leaf:
        case Presence() | Comparison(operator=Operator.NE, value=None):
            return present
        case Comparison(value=None):
            return not present
        case Comparison(operator=operator, value=value):
            found = any(_compares(path, each, operator, value) for each in values)
            return found or (operator is Operator.NE and not values)
        case ValuePath(condition=condition):
            return any(_element_holds(path, each, condition) for each in values)


def _element_holds(path: str, element: Any, condition: Expression) -> bool:
    match condition:
        case And(operands):
            return all(_element_holds(path, element, each) for each in operands)
        case Or(operands):
            return any(_element_holds(path, element, each) for each in operands)
        case Not(operand):
            return not _element_holds(path, element, operand)
        case Comparison(operator=operator, value=None):
            return operator is Operator.NE
        case Comparison(operator=operator, value=value):
            return _compares(path, element, operator, value)
        case _:
            return True


def _values(row: StoredRow, path: str) -> tuple[list[Any], bool]:
    """The value of a user at a path, and whether it counts as present."""
    first, *rest = path.split(".")
    if first == "facts":
        cells = [each for each in row.facts if [each.source, each.name] == rest]
        return cells, bool(cells)
    if first == "resources":
        count = row.resources.get(rest[0], 0)
        return [count], count > 0
    column = find_column(path)
    assert column
    value = row.model_dump(by_alias=True)[column.name]
    values = list(value) if column.kind is Kind.TEXTS else [value]
    present = [each for each in values if each is not None]
    return present, bool(present)


def _compares(path: str, found: Any, how: Operator, value: Any) -> bool:
    if path.startswith("facts."):
        found, value = _alike(found, how, value)
        if found is None:
            return how is Operator.NE
    if isinstance(found, datetime):
        return _COMPARISONS[how](found, _as_time(value))
    if isinstance(found, date):
        return _COMPARISONS[how](found, date.fromisoformat(value))
    if isinstance(found, str) and path.lower() not in EXACT:
        return _COMPARISONS[how](in_one_case(found), in_one_case(value))
    return _COMPARISONS[how](found, value)


def _alike(cell: Any, how: Operator, value: Any) -> tuple[Any, Any]:
    """A fact's value in the form in which it can be compared with another; None for no form."""
    if not isinstance(value, str):
        return cell.number, value
    is_time = how in ORDERS and cell.moment is not None and _as_time(value) is not None
    return (cell.moment, value) if is_time else (cell.text, value)


def _as_time(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_COMPARISONS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.CO: lambda found, value: value in found,
    Operator.SW: lambda found, value: found.startswith(value),
    Operator.EW: lambda found, value: found.endswith(value),
}
