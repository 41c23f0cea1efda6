"""Parameters that are short for a filter in SCIM's language.

Each is declared once, with the filter that it is short for. The API document and the expression
derive from that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from rollcall.directory.expressions import And, Comparison, Expression, Not, Or, Value
from rollcall.directory.scim_filter import parse_filter

_PLACEHOLDER = "{}"


class Reading(NamedTuple):
    """How a parameter's value becomes the value in the filter."""

    words: str
    """What the filter has in place of the value, for the API document."""
    read: Callable[[Any, datetime], Value]


def _years_before(day: date, years: int) -> date:
    """The latest birth date with this age in years. People born on 29 February get older on
    1 March in other years.
    """
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


ITSELF = Reading("the value", lambda value, _: value)
NOW = Reading("now", lambda _, now: now)
DAYS_AGO = Reading("this many days ago", lambda days, now: now - timedelta(days=days))
YEARS_AGO = Reading(
    "this many years ago today",
    lambda years, now: _years_before(now.astimezone(UTC).date(), years),
)
A_YEAR_MORE_AGO = Reading(
    "this many years and one more ago today",
    lambda years, now: _years_before(now.astimezone(UTC).date(), years + 1),
)


class ShortFor(NamedTuple):
    """Marks a parameter with the filter that it is short for. ``{}`` stands for the value;
    ``false`` negates the filter. Parameters with the same filter count as one.
    """

    filter: str
    reading: Reading = ITSELF
    words: str = ""
    """More about the parameter, for the API document."""

    def expression(self, value: Any, now: datetime) -> Expression:
        """The expression for a value."""
        filled = _fill(_parse(self.filter), self.reading.read(value, now))
        return Not(filled) if value is False else filled

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The parameter's schema, with the filter in its description."""
        described = handler(schema)
        meant = self.filter.replace(_PLACEHOLDER, f"<{self.reading.words}>")
        more = [_describe(each) for each in described.get("anyOf", ())]
        words = " ".join(each for each in (f"Short for `{meant}`.", *more, self.words) if each)
        return {**described, "description": words}


def _describe(alternative: dict[str, Any]) -> str:
    """What a type says about its values; moved from there to the parameter."""
    if alternative.get("type") == "boolean":
        return "false negates the filter."
    return str(alternative.pop("description", "")) if alternative.get("type") == "array" else ""


@cache
def _parse(shorthand: str) -> Expression:
    return parse_filter(shorthand.replace(_PLACEHOLDER, f'"{_PLACEHOLDER}"'))


def _fill(expression: Expression, value: Value) -> Expression:
    match expression:
        case And(operands) | Or(operands):
            return type(expression)(tuple(_fill(each, value) for each in operands))
        case Not(operand):
            return Not(_fill(operand, value))
        case Comparison(value=found) if found == _PLACEHOLDER:
            return replace(expression, value=value)
        case _:
            return expression
