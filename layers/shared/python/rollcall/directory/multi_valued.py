"""Conditions on multi-valued attributes (RFC 7643 section 2.4): lists, and facts that are lists."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from rollcall.directory.columns import NUMBER_OF, Column, Kind
from rollcall.directory.comparisons import (
    Part,
    Term,
    compare,
    compare_any,
    compare_fact,
    negate,
    refuse_attribute,
    refuse_operator,
)
from rollcall.directory.connectives import Leaf, OfAttribute, OneOf, Simple, combine, join
from rollcall.directory.expressions import (
    Comparison,
    Expression,
    Operator,
    Or,
    Presence,
    TextSearch,
    ValuePath,
)
from rollcall.directory.lookups import Lookups, Values

LOOKED_UP_AT_MOST = 3
"""Up to this many values are looked up in a list one by one. With more, each element is compared
with all of them."""
ELEMENT = "value"
"""The name of an element in brackets, and after a dot."""


def compile_column(leaf: OfAttribute, column: Column, lookups: Lookups) -> Part | None:
    """A condition on a column."""
    if column.indexed:
        return _IndexedElements(column, lookups).compile(leaf)
    if column.kind is Kind.TEXTS:
        return _Elements(column).compile(leaf)
    return compile_value(leaf, Term.of(column))


def compile_fact(
    leaf: OfAttribute, source: str, names: Sequence[str], lookups: Lookups
) -> Part | None:
    """A condition on a fact, in all the spellings of its name."""
    return _FactValues(leaf.path, source, names, lookups).compile(leaf)


def compile_value(leaf: Leaf, term: Term) -> Part:
    """A condition on a single value."""
    match _check_simple(leaf, term.path):
        case Comparison(_, operator, value):
            return compare(term, operator, value)
        case OneOf(_, values):
            return compare_any(term, values)
        case Presence():
            has = "{} > 0" if term.kind is Kind.COUNTS else "{} IS NOT NULL"
            return Part(has.format(term.sql), term.parameters)


def _check_simple(leaf: Leaf, path: str) -> Simple:
    """The condition, which must not have brackets. Raises Invalid if it has."""
    if isinstance(leaf, ValuePath | TextSearch):
        refuse_operator(path, "brackets", "a comparison without brackets")
    return leaf


class _Values(ABC):
    """An attribute with any number of values: a list, or a fact."""

    def compile(self, leaf: OfAttribute) -> Part | None:
        match leaf:
            case Presence():
                return self.has_any()
            case ValuePath(_, condition):
                return self.any_of(condition)
            case OneOf():
                return self.any_of(leaf.spell_out(ELEMENT))
            case Comparison(_, Operator.NE, value):
                same = self.compile_value(Comparison(ELEMENT, Operator.EQ, value))
                return same and negate(self.all_where(same))
            case Comparison(_, operator, value):
                return self.any_of(Comparison(ELEMENT, operator, value))

    def any_of(self, condition: Expression) -> Part | None:
        """At least one value meets the condition."""
        compiled = combine(condition, self._compile_leaf)
        return compiled and self.any_where(compiled)

    def _compile_leaf(self, leaf: Leaf) -> Part | None:
        if not isinstance(leaf, TextSearch) and leaf.path.lower() != ELEMENT:
            refuse_attribute(leaf.path, f"In brackets, an element is called {ELEMENT}.")
        return self.compile_value(leaf)

    @abstractmethod
    def has_any(self) -> Part:
        """There is at least one value."""

    @abstractmethod
    def any_where(self, condition: Part) -> Part:
        """The condition holds for at least one value."""

    @abstractmethod
    def all_where(self, condition: Part) -> Part:
        """There is at least one value, and the condition holds for all values."""

    @abstractmethod
    def compile_value(self, leaf: Leaf) -> Part | None:
        """A condition on one value."""


class _Elements(_Values):
    """The elements of a list column."""

    def __init__(self, column: Column) -> None:
        term = Term.of(column)
        self._list = term.sql
        self._term = term._replace(kind=Kind.TEXT, sql="element")

    def has_any(self) -> Part:
        return Part(f"len({self._list}) > 0")

    def any_of(self, condition: Expression) -> Part | None:
        """Splits a short ``or`` and looks up the value of ``eq``, which is faster."""
        if isinstance(condition, Or) and len(condition.operands) <= LOOKED_UP_AT_MOST:
            return join(" OR ", [self.any_of(each) for each in condition.operands])
        found = super().any_of(condition)
        match condition:
            case Comparison(_, Operator.EQ, str()) if found:
                return Part(f"list_contains({self._list}, ?)", found.parameters)
            case _:
                return found

    def any_where(self, condition: Part) -> Part:
        return Part(f"list_contains({self._each(condition)}, TRUE)", condition.parameters)

    def all_where(self, condition: Part) -> Part:
        no_other = f"NOT list_contains({self._each(condition)}, FALSE)"
        return Part(f"({self.has_any().sql} AND {no_other})", condition.parameters)

    def _each(self, condition: Part) -> str:
        return f"list_transform({self._list}, lambda element: {condition.sql})"

    def compile_value(self, leaf: Leaf) -> Part | None:
        return compile_value(leaf, self._term)


class _ValuesInTable(_Values):
    """Values that are rows of a separate table."""

    def __init__(self, values: Values, lookups: Lookups) -> None:
        self._values, self._lookups = values, lookups

    def has_any(self) -> Part:
        return self.any_where(Part("TRUE"))

    def any_where(self, condition: Part) -> Part:
        return self._lookups.any_where(self._values, condition)

    def all_where(self, condition: Part) -> Part:
        return self._lookups.all_where(self._values, condition)


class _IndexedElements(_ValuesInTable):
    """The elements of a list column that are in the table ``elements``."""

    def __init__(self, column: Column, lookups: Lookups) -> None:
        super().__init__(Values("elements", Part("elements.list = ?", (column.name,))), lookups)
        term = Term.of(column)._replace(kind=Kind.TEXT)
        self._by_value = term._replace(sql="elements.value")
        self._by_number = term._replace(
            sql="elements.number", placeholder=NUMBER_OF.format(term.placeholder)
        )

    def compile_value(self, leaf: Leaf) -> Part | None:
        match leaf:
            case OneOf() | Comparison(_, Operator.EQ, _):
                return compile_value(leaf, self._by_number)
            case _:
                return compile_value(leaf, self._by_value)


class _FactValues(_ValuesInTable):
    """The values of a fact."""

    def __init__(self, path: str, source: str, names: Sequence[str], lookups: Lookups) -> None:
        named = f"facts.name IN ({', '.join('?' * len(names))})"
        which = "facts.name = ?" if len(names) == 1 else named
        these = Part(f"facts.source = ? AND {which}", (source, *names))
        super().__init__(Values("facts", these), lookups)
        self._path = path

    def compile_value(self, leaf: Leaf) -> Part | None:
        match _check_simple(leaf, self._path):
            case Comparison(_, operator, value):
                return compare_fact(self._path, operator, value)
            case OneOf(_, values):
                return join(
                    " OR ", [compare_fact(self._path, Operator.EQ, each) for each in values]
                )
            case Presence():
                return Part("TRUE")
