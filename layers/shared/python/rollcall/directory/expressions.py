"""Filter expressions: conditions on a user's columns, resources and facts.

A path is the name of a column in any case, ``resources.<type>`` for the number of resources of a
type that the user owns, or ``facts.<source>.<name>`` for a fact that a service has pushed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

type Value = str | int | float | bool | datetime | date | None
"""The value to compare with. None means absent."""


class Operator(StrEnum):
    """The comparison operators (RFC 7644 section 3.4.2.2)."""

    EQ = "eq"
    NE = "ne"
    CO = "co"
    SW = "sw"
    EW = "ew"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


@dataclass(frozen=True)
class Comparison:
    """An attribute compared with a value."""

    path: str
    operator: Operator
    value: Value


@dataclass(frozen=True)
class Presence:
    """An attribute has a value."""

    path: str


@dataclass(frozen=True)
class ValuePath:
    """A single element of a list meets the condition, in which it is called ``value``."""

    path: str
    condition: Expression


@dataclass(frozen=True)
class TextSearch:
    """Each word of the text occurs in the user's searchable values."""

    text: str


@dataclass(frozen=True)
class Not:
    """The negation: for each user, either an expression or its negation holds."""

    operand: Expression


@dataclass(frozen=True)
class And:
    """All of two or more operands hold."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    """At least one of two or more operands holds."""

    operands: tuple[Expression, ...]


type Expression = And | Or | Not | Comparison | Presence | ValuePath | TextSearch


def paths_in(expression: Expression | None) -> frozenset[str]:
    """The attributes in an expression, in lower case."""
    return frozenset(_paths_in(expression)) if expression else frozenset()


def conjoin(*expressions: Expression | None) -> Expression | None:
    """All of the expressions hold. None is ignored."""
    asked = tuple(each for each in expressions if each is not None)
    return And(asked) if len(asked) > 1 else next(iter(asked), None)


def disjoin(expressions: tuple[Expression, ...]) -> Expression:
    """At least one of the expressions holds. There must be at least one."""
    return Or(expressions) if len(expressions) > 1 else expressions[0]


def _paths_in(expression: Expression) -> Iterator[str]:
    match expression:
        case And(operands) | Or(operands):
            for each in operands:
                yield from _paths_in(each)
        case Not(operand):
            yield from _paths_in(operand)
        case Comparison(path=path) | Presence(path=path) | ValuePath(path=path):
            yield path.lower()
        case TextSearch():
            pass
