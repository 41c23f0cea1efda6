"""``and``, ``or`` and ``not`` as SQL, over comparisons that another module compiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from rollcall.directory.comparisons import Part, negate, refuse_operator
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


@dataclass(frozen=True)
class OneOf:
    """An attribute equals one of several values. It is evaluated once, not once per value."""

    path: str
    values: tuple[Value, ...]

    def spell_out(self, path: str) -> Expression:
        """The same condition on a path, as single comparisons."""
        return disjoin(tuple(Comparison(path, Operator.EQ, value) for value in self.values))


type Simple = Comparison | Presence | OneOf
type OfAttribute = Simple | ValuePath
type Leaf = OfAttribute | TextSearch


def combine(
    expression: Expression | OneOf, compile_leaf: Callable[[Leaf], Part | None]
) -> Part | None:
    """The SQL of an expression. ``compile_leaf`` compiles its leaves and returns None for a leaf
    to ignore; the result is None if all leaves are ignored.
    """
    match expression:
        case And(operands):
            return join(" AND ", [combine(each, compile_leaf) for each in operands])
        case Or(operands):
            return join(" OR ", [combine(each, compile_leaf) for each in _merge_equals(operands)])
        case Not(operand):
            part = combine(operand, compile_leaf)
            return part and negate(part)
        case Comparison(path, operator, None):
            return combine(_compare_with_null(path, operator), compile_leaf)
        case _:
            return compile_leaf(expression)


def join(connective: str, parts: Sequence[Part | None]) -> Part | None:
    """Parts joined by a connective, in parentheses if there are several. None is ignored."""
    found = [each for each in parts if each]
    if len(found) < 2:
        return found[0] if found else None
    parameters = tuple(chain.from_iterable(each.parameters for each in found))
    return Part(f"({connective.join(each.sql for each in found)})", parameters)


def _merge_equals(operands: Sequence[Expression]) -> Iterator[Expression | OneOf]:
    """The same alternatives; those that compare one attribute with several values become one."""
    equals: dict[str, list[Comparison]] = {}
    for each in operands:
        match each:
            case Comparison(path, Operator.EQ, value) if value is not None:
                equals.setdefault(path, []).append(each)
            case _:
                yield each
    for path, found in equals.items():
        values = tuple(each.value for each in found)
        yield OneOf(path, values) if len(found) > 1 else found[0]


def _compare_with_null(path: str, operator: Operator) -> Expression:
    """What a comparison with null means."""
    if operator not in {Operator.EQ, Operator.NE}:
        refuse_operator(path, f"{operator} null", "eq null or ne null")
    return Presence(path) if operator is Operator.NE else Not(Presence(path))
