"""What is asked of the directory: conditions on a user's columns, and on what is known beside them.

A path names a column in whatever case, ``resources.<type>`` how many things of a type the user
owns, and ``facts.<source>.<name>`` what a service has pushed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

type Value = str | int | float | bool | datetime | date | None
"""What is compared with; None stands for being absent."""


class Operator(StrEnum):
    """How an attribute is compared (RFC 7644 section 3.4.2.2)."""

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
    """One and the same element of a list fulfils the condition, which calls it ``value``."""

    path: str
    condition: Expression


@dataclass(frozen=True)
class TextSearch:
    """Each word of the text occurs in what users are searched by."""

    text: str


@dataclass(frozen=True)
class Not:
    """The contrary: of every two contrary questions, one holds for each user."""

    operand: Expression


@dataclass(frozen=True)
class And:
    """All hold; two operands at least."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    """One holds at least; two operands at least."""

    operands: tuple[Expression, ...]


type Expression = And | Or | Not | Comparison | Presence | ValuePath | TextSearch


def paths_in(expression: Expression | None) -> frozenset[str]:
    """The attributes that an expression asks about, in lower case."""
    return frozenset(_paths_in(expression)) if expression else frozenset()


def conjoin(*expressions: Expression | None) -> Expression | None:
    """All of them at once; those that are None ask for nothing."""
    asked = tuple(each for each in expressions if each is not None)
    return And(asked) if len(asked) > 1 else next(iter(asked), None)


def disjoin(expressions: tuple[Expression, ...]) -> Expression:
    """Any of them, which are one at least."""
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
