"""Compiles expressions to SQL conditions over the directory's tables, with every value bound.

The SQL consists only of column names of the row's model and of fragments in this module and in
``comparisons``, ``connectives`` and ``multi_valued``. It never contains any input.

Texts are compared in the form of :func:`rollcall.kit.text.fold`, except for ids. A list, or a fact
that is a list, meets a comparison if at least one element does. An absent value meets ``ne`` and no
other comparison. So ``groups ne "x"`` holds for users in no group or in another group, and
``not (groups eq "x")`` for users who are not in x. ``groups eq null`` holds for users in no group.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from rollcall.directory.columns import Column, Kind, find_column, read_columns
from rollcall.directory.comparisons import Part, Term, refuse_attribute
from rollcall.directory.connectives import Leaf, OfAttribute, OneOf, combine, join
from rollcall.directory.expressions import Expression, TextSearch
from rollcall.directory.lookups import ONE_BY_ONE_AT_MOST, InOnePass, Lookups, OneByOne
from rollcall.directory.multi_valued import ELEMENT, compile_column, compile_fact, compile_value
from rollcall.directory.scim_filter import parse_filter, write_filter
from rollcall.directory.search_text import Sought, read_search
from rollcall.kit.error_messages import clean
from rollcall.kit.errors import Invalid
from rollcall.kit.model import Answer
from rollcall.kit.near_misses import spelling, suggest

type Reason = Literal["unknown_source", "unknown_fact", "stale_source", "unknown_resource_type"]


class SkippedFilter(Answer):
    """A part of a filter that was ignored, because the fact in it is unknown or out of date, or
    because there is no such type of resources.
    """

    filter: str
    reason: Reason


@dataclass(frozen=True)
class KnownSource:
    """What one source of facts has pushed."""

    names: frozenset[str]
    """The facts that it has pushed about any user."""
    pushed_at: datetime
    """The time of its last push."""


@dataclass(frozen=True)
class KnownFacts:
    """The facts that conditions can use."""

    sources: Mapping[str, KnownSource]
    stale_before: datetime
    """Sources that have pushed nothing since this time are ignored."""
    resource_types: frozenset[str] | None = None
    """The types of resources; None: any."""

    def names_of(self, source: str, name: str) -> tuple[str, ...]:
        """The names that a source has pushed for a fact. Names of attributes are case-insensitive
        (RFC 7643 section 2.1), but services can spell one in several ways.
        """
        known = self.sources.get(source)
        names = known.names if known else ()
        return tuple(sorted(each for each in names if each.lower() == name.lower()))

    def why_not(self, source: str, name: str) -> Reason | None:
        """Why a condition cannot use a fact; None if it can."""
        known = self.sources.get(source)
        if known is None:
            return "unknown_source"
        if known.pushed_at < self.stale_before:
            return "stale_source"
        return None if self.names_of(source, name) else "unknown_fact"


NO_FACTS = KnownFacts({}, datetime.max.replace(tzinfo=UTC))
"""For conditions that use no facts."""


@dataclass(frozen=True)
class Condition:
    """For ``WHERE``, over ``users`` and ``facts``. False and NULL both exclude a user."""

    sql: str
    parameters: tuple[object, ...] = ()
    """The values of the placeholders, in order."""
    skipped: tuple[SkippedFilter, ...] = ()
    segment: str | None = None
    """The filter of the segment that the condition uses. The segment can get another filter
    later."""


NO_USERS = Condition("FALSE")
PLANNED_AT_MOST = 50
"""Up to this many comparisons are planned one by one, so that a scan skips rows. DuckDB compares
each operand of a top-level ``AND`` with all others. That takes a second for 500 operands, and a
tenth of it if they are one operand."""


def both(first: Condition, second: Condition) -> Condition:
    """Both conditions hold."""
    parameters = (*first.parameters, *second.parameters)
    return replace(first, sql=f"{first.sql} AND {second.sql}", parameters=parameters)


def compile_condition(expression: Expression | None, known: KnownFacts) -> Condition:
    """The condition for an expression. None selects all users.

    Parts with facts that are not known are ignored and listed in ``skipped``. Raises Invalid for
    unknown attributes, and for comparisons that an attribute does not support.
    """
    compiler = _Compiler(known, one_by_one := OneByOne())
    part = compiler.compile(expression) if expression else None
    if part and expression and one_by_one.number > ONE_BY_ONE_AT_MOST:
        in_one_pass = InOnePass()
        part = _Compiler(known, in_one_pass).compile(expression)
        part = part and in_one_pass.join(part)
    skipped = tuple(dict.fromkeys(compiler.skipped))
    return Condition(part.sql, part.parameters, skipped) if part else Condition("TRUE", (), skipped)


def read_filter(text: str, resource_types: Collection[str] | None = None) -> Expression:
    """The expression of a filter, which may use any fact. ``resource_types`` are those that it may
    use; None: any. Raises Invalid as :func:`parse_filter` and :func:`compile_condition` do.
    """
    expression = parse_filter(text)
    types = None if resource_types is None else frozenset(resource_types)
    for each in compile_condition(expression, replace(NO_FACTS, resource_types=types)).skipped:
        if each.reason == "unknown_resource_type":
            advice = f"Use one of: {', '.join(resource_types or ())}."
            message = f"The type of resources in {clean(each.filter)} does not exist. {advice}"
            raise Invalid.field("filter", message, "filter_unknown_resource_type")
    return expression


class _Compiler:
    """Its methods return None for the parts to ignore."""

    def __init__(self, known: KnownFacts, lookups: Lookups) -> None:
        self._known, self._lookups = known, lookups
        self._leaves = 0
        self.skipped: list[SkippedFilter] = []

    def compile(self, expression: Expression) -> Part | None:
        part = combine(expression, self._compile_leaf)
        if part and self._leaves > PLANNED_AT_MOST:
            return Part(f"coalesce({part.sql}, FALSE)", part.parameters)
        return part

    def _compile_leaf(self, leaf: Leaf) -> Part | None:
        self._leaves += 1
        if isinstance(leaf, TextSearch):
            return _search(leaf.text)
        first, _, rest = leaf.path.partition(".")
        match first.lower():
            case "facts":
                return self._compile_fact(leaf, *_split_fact(leaf.path, rest))
            case "resources":
                return self._compile_count(leaf, rest.lower())
            case _:
                return compile_column(leaf, _find(leaf.path), self._lookups)

    def _compile_fact(self, leaf: OfAttribute, source: str, name: str) -> Part | None:
        names = self._known.names_of(source, name) or (name,)
        compiled = compile_fact(leaf, source, names, self._lookups)
        reason = self._known.why_not(source, name)
        if reason:
            self._skip(leaf, reason)
            return None
        return compiled

    def _compile_count(self, leaf: OfAttribute, resource_type: str) -> Part | None:
        compiled = compile_value(leaf, _count_of(leaf.path, resource_type))
        types = self._known.resource_types
        if types is not None and resource_type not in types:
            self._skip(leaf, "unknown_resource_type")
            return None
        return compiled

    def _skip(self, leaf: OfAttribute, reason: Reason) -> None:
        asked = leaf.spell_out(leaf.path) if isinstance(leaf, OneOf) else leaf
        self.skipped.append(SkippedFilter(filter=write_filter(asked), reason=reason))


def _search(text: str) -> Part | None:
    return join(" AND ", [_find_part(each) for each in read_search(text)])


def _find_part(part: Sought) -> Part | None:
    has_word = [Part('contains("searchText", ?)', (word,)) for word in part.words]
    has_digits = Part('contains("phone", ?)', (part.digits,)) if part.digits else None
    return join(" OR ", [join(" AND ", has_word), has_digits])


def _find(path: str) -> Column:
    """The column that a path names. The path of a list may end in ``.value``."""
    name, _, part = path.partition(".")
    column = find_column(spelling(name))
    if column is None or (part and (column.kind is not Kind.TEXTS or part.lower() != ELEMENT)):
        known = (each.name for each in read_columns().values())
        refuse_attribute(path, hint="" if column else suggest(name, known))
    return column


def _count_of(path: str, resource_type: str) -> Term:
    if not resource_type:
        refuse_attribute(path, "Add a resource type, as in resources.workspace.")
    return Term(path, Kind.COUNTS, 'coalesce("resources"[?], 0)', (resource_type,))


def _split_fact(path: str, rest: str) -> tuple[str, str]:
    source, _, name = rest.partition(".")
    if not name:
        refuse_attribute(path, "Add a source and a fact, as in facts.learning.progress.")
    return source.lower(), name
