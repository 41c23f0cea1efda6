"""Error messages for invalid fields, because pydantic's are for Python programmers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema
from pydantic_core.core_schema import ErrorType

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

_OURS = "value_error"
"""The type of a ValueError from our own code, which has a finished message."""
_BUILT_IN = frozenset(get_args(ErrorType))
OTHERWISE = "This is not accepted here."
"""For errors that no request can cause."""
MAX_ECHO = 100
"""The length of what an error message repeats of the request."""
UNKNOWN_FIELD = "This field does not exist."
_TEXT, _TRUTH = "This must be text.", "This must be true or false."
_WHOLE, _NUMBER = "This must be a whole number.", "This must be a number."
_TIME = "Write the time with its offset from UTC, as 2030-01-31T12:00:00Z."
_DATE = "Write the date as 2030-01-31."
_TIME_OR_DATE = (
    "Write a date as 2030-01-31, or a time with its offset from UTC, as 2030-01-31T12:00:00Z."
)
_BOUNDS = frozenset({"ge", "gt", "le", "lt"})
_OF_DATE = re.compile(r"datetime\.date\((\d+), (\d+), (\d+)\)")
_LIST, _OBJECT = "This must be a list.", "This must be a JSON object."
_ONE_OF = "This must be {expected}."
_MESSAGES: Mapping[str, str] = {
    "extra_forbidden": UNKNOWN_FIELD,
    "missing": "This field is required.",
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_long": "This can have at most {max_length} character{s}.",
    "string_too_short": "This must have at least {min_length} character{s}.",
    "too_long": "This can have at most {max_length} item{s}.",
    "too_short": "This must have at least {min_length} item{s}.",
    "enum": _ONE_OF,
    "literal_error": _ONE_OF,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "This number has too many digits.",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "greater_than_equal": "This must be at least {ge}.",
    "greater_than": "This must be more than {gt}.",
    "less_than_equal": "This must be at most {le}.",
    "less_than": "This must be less than {lt}.",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "datetime_from_date_parsing": _TIME_OR_DATE,
    "timezone_aware": _TIME,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}


def write_message(error: ErrorDetails) -> str:
    """The message for one pydantic error."""
    context: Mapping[str, Any] = error.get("ctx", {})
    if error["type"] == _OURS:
        return str(context["error"])
    if error["type"] not in _BUILT_IN:
        return error["msg"]
    length = context.get("max_length", context.get("min_length"))
    known = {**context, "s": "" if length == 1 else "s"}
    if "expected" in known:
        known["expected"] = str(known["expected"]).replace("'", "")
    known |= {name: _write_bound(known[name]) for name in _BOUNDS & known.keys()}
    return _MESSAGES.get(error["type"], OTHERWISE).format_map(known)


def _write_bound(bound: object) -> str:
    """A limit as requests write such a value. Pydantic names a date by its Python code."""
    if isinstance(bound, float) and bound.is_integer():
        return str(int(bound))
    return _OF_DATE.sub(lambda found: str(date(*map(int, found.groups()))), str(bound))


def clean(text: str, length: int = MAX_ECHO) -> str:
    """Text of the request for logs, terminals and messages: at most this long, with ``?`` for
    characters that are not printable, such as the escape sequences of terminals.
    """
    cut = text if len(text) <= length else f"{text[: length - 1]}…"
    return "".join(each if each.isprintable() else "?" for each in cut)


@dataclass(frozen=True)
class TextPattern:
    """The pattern of a text, as ``Annotated[str, TextPattern(…)]``: a regular expression, which is
    also in the API document, and an error message.
    """

    pattern: str
    message: str

    def check(self, value: str) -> str:
        """The text, if it matches; raises a PydanticCustomError with the message."""
        if not re.fullmatch(self.pattern, value):
            raise PydanticCustomError("wrong_form", "{message}", {"message": self.message})
        return value

    def __get_pydantic_core_schema__(
        self, source: type[str], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The schema with the check, which runs after those of type and length."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema with the pattern."""
        return {**handler(schema), "pattern": self.pattern}
