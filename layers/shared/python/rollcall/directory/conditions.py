"""Expressions become SQL over the directory's tables, with every value bound.

The text of the SQL is put together from column names of the row's model and the fragments that
stand here and in :mod:`rollcall.directory.comparisons`: nothing that anybody sends is ever a part
of it.

Comparisons of texts know no case, but for ids. A list, or a fact that is one, fulfils a comparison
when one of its elements does. Whatever is absent fulfils ``ne``, and no other comparison. So
``groups ne "x"`` holds for whoever is in no group or in another one; ``not (groups eq "x")`` for
whoever is not in x. ``groups eq null`` says that there are none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Literal

from rollcall.directory.columns import NUMBER_OF, Column, Kind, find_column
from rollcall.directory.comparisons import (
    Folding,
    Part,
    Term,
    compare,
    compare_any,
    compare_fact,
    negate,
    refuse_attribute,
    refuse_operator,
)
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
    disjoin,
)
from rollcall.directory.rows import fold
from rollcall.directory.scim_filter import parse_filter, write_filter
from rollcall.kit.model import Answer

type Reason = Literal["unknown_source", "unknown_fact", "stale_source"]
LOOKED_UP_AT_MOST = 3
"""Of so many values each is looked up by itself in a list; of more, each element among them."""
ELEMENT = "value"
"""What an element of a list is called between brackets, and behind a dot."""


@dataclass(frozen=True)
class _OneOf:
    """An attribute equals one of several values: one look at it, however many they are."""

    path: str
    values: tuple[Value, ...]

    def spell_out(self, path: str) -> Expression:
        """The same, asked of a path."""
        return disjoin(tuple(Comparison(path, Operator.EQ, value) for value in self.values))


type _Plain = Comparison | Presence | _OneOf
type _OfAttribute = _Plain | ValuePath
type _Leaf = _OfAttribute | TextSearch


class SkippedFilter(Answer):
    """A part of a filter that was left out of account: nobody knows, or nobody any longer, what it
    asks about.
    """

    filter: str
    reason: Reason


@dataclass(frozen=True)
class KnownSource:
    """What one source of facts has pushed."""

    names: frozenset[str]
    """The facts that it has pushed about anybody."""
    pushed_at: datetime
    """When it last pushed anything."""


@dataclass(frozen=True)
class KnownFacts:
    """Which facts can be asked about."""

    sources: Mapping[str, KnownSource]
    stale_before: datetime
    """Sources that have pushed nothing since then are left out of account."""

    def why_not(self, source: str, name: str) -> Reason | None:
        """Why a fact cannot be asked about; None when it can."""
        known = self.sources.get(source)
        if known is None:
            return "unknown_source"
        if known.pushed_at < self.stale_before:
            return "stale_source"
        return None if name in known.names else "unknown_fact"


_NO_FACTS = KnownFacts({}, datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)
class Condition:
    """For ``WHERE``, over the tables ``users`` and ``facts``: true for the users that it holds
    for; false or NULL, which is the same there, for all others.
    """

    sql: str
    parameters: tuple[object, ...] = ()
    """The values of the placeholders, in their order."""
    skipped: tuple[SkippedFilter, ...] = ()
    segment: str | None = None
    """The filter of the segment that it comes of, which may be another one tomorrow."""


def compile_condition(expression: Expression | None, known: KnownFacts) -> Condition:
    """The condition that an expression stands for; None holds for everybody.

    What asks about a fact that is not known is left out, as if it had not been written, and named
    in ``skipped``. Raises Invalid for attributes that there are not, and for comparisons that they
    do not take.
    """
    compiler = _Compiler(known)
    part = compiler.compile(expression) if expression else None
    skipped = tuple(dict.fromkeys(compiler.skipped))
    return Condition(part.sql, part.parameters, skipped) if part else Condition("TRUE", (), skipped)


def read_filter(text: str) -> Expression:
    """The expression that a filter stands for, whoever may push facts. Raises Invalid as
    :func:`parse_filter` and :func:`compile_condition` do.
    """
    expression = parse_filter(text)
    compile_condition(expression, _NO_FACTS)
    return expression


class _Compiler:
    """Its methods answer None for what is left out of account."""

    def __init__(self, known: KnownFacts) -> None:
        self._known = known
        self.skipped: list[SkippedFilter] = []

    def compile(self, expression: Expression) -> Part | None:
        return _combine(expression, self._compile_leaf)

    def _compile_leaf(self, leaf: _Leaf) -> Part | None:
        if isinstance(leaf, TextSearch):
            return _search(leaf.text)
        first, _, rest = leaf.path.partition(".")
        match first.lower():
            case "facts":
                return self._compile_fact(leaf, *_split_fact(leaf.path, rest))
            case "resources":
                return _compile_value(leaf, _count_of(leaf.path, rest))
            case _:
                return _compile_column(leaf, _find(leaf.path))

    def _compile_fact(self, leaf: _OfAttribute, source: str, name: str) -> Part | None:
        compiled = _FactValues(leaf.path, source, name).compile(leaf)
        reason = self._known.why_not(source, name)
        if reason:
            asked = leaf.spell_out(leaf.path) if isinstance(leaf, _OneOf) else leaf
            self.skipped.append(SkippedFilter(filter=write_filter(asked), reason=reason))
        return None if reason else compiled


def _combine(
    expression: Expression | _OneOf, compile_leaf: Callable[[_Leaf], Part | None]
) -> Part | None:
    match expression:
        case And(operands):
            return _join(" AND ", [_combine(each, compile_leaf) for each in operands])
        case Or(operands):
            return _join(" OR ", [_combine(each, compile_leaf) for each in _gather(operands)])
        case Not(operand):
            part = _combine(operand, compile_leaf)
            return part and negate(part)
        case Comparison(path, operator, None):
            return _combine(_ask_for_presence(path, operator), compile_leaf)
        case _:
            return compile_leaf(expression)


def _gather(operands: Sequence[Expression]) -> Iterator[Expression | _OneOf]:
    """The same alternatives, with those as one that ask for several values of one attribute."""
    equals: dict[str, list[Comparison]] = {}
    for each in operands:
        match each:
            case Comparison(path, Operator.EQ, value) if value is not None:
                equals.setdefault(path, []).append(each)
            case _:
                yield each
    for path, found in equals.items():
        values = tuple(each.value for each in found)
        yield _OneOf(path, values) if len(found) > 1 else found[0]


def _join(word: str, parts: Sequence[Part | None]) -> Part | None:
    found = [each for each in parts if each]
    if len(found) < 2:
        return found[0] if found else None
    parameters = tuple(chain.from_iterable(each.parameters for each in found))
    return Part(f"({word.join(each.sql for each in found)})", parameters)


def _ask_for_presence(path: str, operator: Operator) -> Expression:
    """What a comparison with null means."""
    if operator not in {Operator.EQ, Operator.NE}:
        refuse_operator(path, f"{operator} null", "eq null and ne null")
    return Presence(path) if operator is Operator.NE else Not(Presence(path))


def _search(text: str) -> Part | None:
    words = fold(text).split()
    return _join(" AND ", [Part('contains("searchText", ?)', (word,)) for word in words])


def _find(path: str) -> Column:
    """The column that a path names; that of a list, with ``.value`` behind it, too."""
    name, _, part = path.partition(".")
    column = find_column(name)
    if column is None or (part and (column.kind is not Kind.TEXTS or part.lower() != ELEMENT)):
        refuse_attribute(path)
    return column


def _count_of(path: str, resource_type: str) -> Term:
    if not resource_type:
        refuse_attribute(path, "Name a type of what users own, as in resources.workspace.")
    return Term(path, Kind.COUNTS, 'coalesce("resources"[?], 0)', (resource_type,))


def _split_fact(path: str, rest: str) -> tuple[str, str]:
    source, _, name = rest.partition(".")
    if not name:
        refuse_attribute(path, "Name a source and its fact, as in facts.learning.progress.")
    return source, name


def _compile_column(leaf: _OfAttribute, column: Column) -> Part | None:
    if column.kind is Kind.TEXTS:
        elements = _IndexedElements if column.indexed else _Elements
        return elements(column).compile(leaf)
    return _compile_value(leaf, Term.of(column))


def _compile_value(leaf: _Leaf, term: Term) -> Part:
    match _check_plain(leaf, term.path):
        case Comparison(_, operator, value):
            return compare(term, operator, value)
        case _OneOf(_, values):
            return compare_any(term, values)
        case Presence():
            has = "{} > 0" if term.kind is Kind.COUNTS else "{} IS NOT NULL"
            return Part(has.format(term.sql), term.parameters)


def _check_plain(leaf: _Leaf, path: str) -> _Plain:
    """What is asked of a single value. Raises Invalid when it has brackets."""
    if isinstance(leaf, ValuePath | TextSearch):
        refuse_operator(path, "brackets", "comparisons")
    return leaf


class _Values(ABC):
    """What has any number of values: a list, or a fact."""

    def compile(self, leaf: _OfAttribute) -> Part | None:
        match leaf:
            case Presence():
                return self.has_any()
            case ValuePath(_, condition):
                return self.any_of(condition)
            case _OneOf():
                return self.any_of(leaf.spell_out(ELEMENT))
            case Comparison(_, Operator.NE, value):
                same = self.compile_value(Comparison(ELEMENT, Operator.EQ, value))
                return same and negate(self.all_where(same))
            case Comparison(_, operator, value):
                return self.any_of(Comparison(ELEMENT, operator, value))

    def any_of(self, condition: Expression) -> Part | None:
        """That one of the values fulfils the condition."""
        compiled = _combine(condition, self._compile_leaf)
        return compiled and self.any_where(compiled)

    def _compile_leaf(self, leaf: _Leaf) -> Part | None:
        if not isinstance(leaf, TextSearch) and leaf.path.lower() != ELEMENT:
            refuse_attribute(leaf.path, f"Between brackets, an element is called {ELEMENT}.")
        return self.compile_value(leaf)

    @abstractmethod
    def has_any(self) -> Part:
        """That there is a value."""

    @abstractmethod
    def any_where(self, condition: Part) -> Part:
        """That this holds for one of the values."""

    @abstractmethod
    def all_where(self, condition: Part) -> Part:
        """That there are values, and this holds for all of them."""

    @abstractmethod
    def compile_value(self, leaf: _Leaf) -> Part | None:
        """What is asked about one value."""


class _Elements(_Values):
    """Those of a list."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._term = Term.of(column)._replace(kind=Kind.TEXT, sql="element")
        self._folding = self._term.folding

    def has_any(self) -> Part:
        return Part(f"len({self._column.sql}) > 0")

    def any_of(self, condition: Expression) -> Part | None:
        """``or`` is taken apart, and ``eq`` looked up: both are faster so, for a few."""
        if isinstance(condition, Or) and len(condition.operands) <= LOOKED_UP_AT_MOST:
            return _join(" OR ", [self.any_of(each) for each in condition.operands])
        found = super().any_of(condition)
        match condition:
            case Comparison(_, Operator.EQ, str()) if found and self._folding.takes_as_stored:
                sql = f"list_contains({self._column.sql}, {self._folding.value})"
                return Part(sql, found.parameters)
            case _:
                return found

    def any_where(self, condition: Part) -> Part:
        return Part(f"list_contains({self._each(condition)}, TRUE)", condition.parameters)

    def all_where(self, condition: Part) -> Part:
        no_other = f"NOT list_contains({self._each(condition)}, FALSE)"
        return Part(f"({self.has_any().sql} AND {no_other})", condition.parameters)

    def _each(self, condition: Part) -> str:
        return f"list_transform({self._column.sql}, lambda element: {condition.sql})"

    def compile_value(self, leaf: _Leaf) -> Part | None:
        return _compile_value(leaf, self._term)


class _ValuesBeside(_Values):
    """Those that are rows of a table of their own, each with the key of its user."""

    def __init__(self, table: str, which: Part) -> None:
        self._key = f"{table}.key"
        self._has = f"key IN (SELECT {self._key} FROM {table} WHERE {which.sql}{{}})"
        self._parameters = which.parameters

    def has_any(self) -> Part:
        return Part(self._has.format(""), self._parameters)

    def any_where(self, condition: Part) -> Part:
        return self._select(f" AND {condition.sql}", condition)

    def all_where(self, condition: Part) -> Part:
        every = f"bool_and(coalesce({condition.sql}, FALSE))"
        return self._select(f" GROUP BY {self._key} HAVING {every}", condition)

    def _select(self, which: str, condition: Part) -> Part:
        return Part(self._has.format(which), (*self._parameters, *condition.parameters))


class _IndexedElements(_ValuesBeside):
    """Those of a list whose elements are in the table ``elements``."""

    def __init__(self, column: Column) -> None:
        super().__init__("elements", Part("elements.list = ?", (column.name,)))
        term = Term.of(column)._replace(kind=Kind.TEXT)
        self._by_value = term._replace(sql="elements.value")
        number = Folding("{}", NUMBER_OF.format(term.folding.value))
        self._by_number = term._replace(sql="elements.number", folding=number)

    def compile_value(self, leaf: _Leaf) -> Part | None:
        # Numbers are of texts as they are stored, and say nothing of the same in another case.
        as_stored = self._by_value.folding.takes_as_stored
        match leaf:
            case _OneOf() | Comparison(_, Operator.EQ, _) if as_stored:
                return _compile_value(leaf, self._by_number)
            case _:
                return _compile_value(leaf, self._by_value)


class _FactValues(_ValuesBeside):
    """Those of a fact."""

    def __init__(self, path: str, source: str, name: str) -> None:
        super().__init__("facts", Part("facts.source = ? AND facts.name = ?", (source, name)))
        self._path = path

    def compile_value(self, leaf: _Leaf) -> Part | None:
        match _check_plain(leaf, self._path):
            case Comparison(_, operator, value):
                return compare_fact(self._path, operator, value)
            case _OneOf(_, values):
                return _join(
                    " OR ", [compare_fact(self._path, Operator.EQ, each) for each in values]
                )
            case Presence():
                return Part("TRUE")
