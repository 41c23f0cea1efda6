"""The SCIM filter language (RFC 7644 section 3.4.2.2): parses filters and writes them.

Beyond the RFC, the path of an attribute can have more than two parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from math import isinf
from typing import NamedTuple, NoReturn

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
from rollcall.kit.errors import Invalid
from rollcall.kit.model import format_time

LENGTH_AT_MOST = 8_000
DEPTH_AT_MOST = 50
_CORE = "urn:ietf:params:scim:schemas:core:2.0:user:"
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<bracket>[()\[\]])
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<number>-?[0-9][0-9.eE+-]*)
    | (?P<word>(?:urn:[A-Za-z0-9:._-]+:)?[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE | re.ASCII,
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_LARGEST = 2**63 - 1


def parse_filter(text: str) -> Expression:
    """The expression of a filter.

    Raises Invalid for a filter that is malformed (with the position), too long or too deeply
    nested.
    """
    if len(text) > LENGTH_AT_MOST:
        _refuse(f"A filter can have at most {LENGTH_AT_MOST:,} characters.")
    return _Parser(_read_tokens(text)).parse()


def write_filter(expression: Expression) -> str:
    """The filter of an expression. Raises ValueError for one with a search."""
    match expression:
        case And(operands):
            written = " and ".join(map(_write_operand, operands))
        case Or(operands):
            written = " or ".join(map(_write_operand, operands))
        case Not(operand):
            written = f"not ({write_filter(operand)})"
        case Comparison(path, operator, value):
            written = f"{path} {operator} {_write_value(value)}"
        case Presence(path):
            written = f"{path} pr"
        case ValuePath(path, condition):
            written = f"{path}[{write_filter(condition)}]"
        case TextSearch():
            raise ValueError("A filter cannot express a search, which compares texts differently.")
    return written


def _write_operand(expression: Expression) -> str:
    written = write_filter(expression)
    return f"({written})" if isinstance(expression, And | Or) else written


def _write_value(value: Value) -> str:
    if isinstance(value, datetime):
        return json.dumps(format_time(value))
    return json.dumps(value.isoformat() if isinstance(value, date) else value, ensure_ascii=False)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int
    """Starts at 1."""


def _read_tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found or not found.lastgroup:
            _refuse(f"Unexpected character at position {position + 1}.")
        if found.lastgroup != "space":
            tokens.append(_Token(found.lastgroup, found[0], position + 1))
        position = found.end()
    return [*tokens, _Token("end", "", len(text) + 1)]


class _Parser:
    """A recursive descent parser. Each method parses the grammar rule that it is named after."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self._depth = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._index]

    def parse(self) -> Expression:
        expression = self._read_or()
        if self._next.kind != "end":
            self._expect("and, or, or the end")
        return expression

    def _read_or(self) -> Expression:
        operands = [self._read_and()]
        while self._take("or"):
            operands.append(self._read_and())
        return disjoin(tuple(operands))

    def _read_and(self) -> Expression:
        operands = [self._read_term()]
        while self._take("and"):
            operands.append(self._read_term())
        return And(tuple(operands)) if len(operands) > 1 else operands[0]

    def _read_term(self) -> Expression:
        if self._take("("):
            return self._read_within(self._read_or, ")")
        if self._next.text.lower() == "not" and self._tokens[self._index + 1].text == "(":
            self._index += 2
            return Not(self._read_within(self._read_or, ")"))
        if self._next.text.lower() == "not" and self._tokens[self._index + 1].kind == "word":
            self._explain_not()
        return self._read_attribute()

    def _explain_not(self) -> None:
        """Refuse ``not`` before an attribute, unless it is an attribute itself."""
        if self._tokens[self._index + 1].text.lower() not in {"pr", *Operator}:
            self._advance()
            self._expect('parentheses after not, as in not (status eq "active")')

    def _read_attribute(self) -> Expression:
        if self._next.kind != "word":
            self._expect("an attribute")
        path = _without_schema(self._advance().text)
        if self._take("["):
            return ValuePath(path, self._read_within(self._read_or, "]"))
        if self._take("pr"):
            return Presence(path)
        operator = self._next.text.lower()
        if operator not in set(Operator):
            self._expect(f"one of pr, {', '.join(Operator)}")
        self._advance()
        return Comparison(path, Operator(operator), self._read_value())

    def _read_within(self, read: Callable[[], Expression], closing: str) -> Expression:
        self._depth += 1
        if self._depth > DEPTH_AT_MOST:
            _refuse(f"A filter can have at most {DEPTH_AT_MOST} levels of nesting.")
        expression = read()
        if not self._take(closing):
            self._expect(closing)
        self._depth -= 1
        return expression

    def _read_value(self) -> Value:
        token = self._next
        if token.kind == "word" and token.text.lower() in _CONSTANTS:
            return _CONSTANTS[self._advance().text.lower()]
        if token.kind not in {"string", "number"}:
            self._expect('a value: "text", a number, true, false or null')
        return _read_literal(self._advance())

    def _take(self, text: str) -> bool:
        found = self._next.text.lower() == text
        self._index += found
        return found

    def _advance(self) -> _Token:
        self._index += 1
        return self._tokens[self._index - 1]

    def _expect(self, wanted: str) -> NoReturn:
        found = self._next
        what = repr(found.text[:40]) if found.text else "end of the filter"
        _refuse(f"Unexpected {what} at position {found.position}. Expected {wanted}.")


def _read_literal(token: _Token) -> str | int | float:
    try:
        value = json.loads(token.text)
    except ValueError:
        _refuse(f"The value at position {token.position} is not valid JSON.")
    if isinstance(value, str):
        return value
    if isinf(float(token.text)):
        _refuse(f"The number at position {token.position} is too large.")
    return float(value) if abs(value) > _LARGEST else value


def _without_schema(path: str) -> str:
    return path[len(_CORE) :] if path.lower().startswith(_CORE) else path


def _refuse(message: str) -> NoReturn:
    raise Invalid.field("filter", message, "filter_malformed")
