"""What is wrong with a field, for people: pydantic speaks to whoever writes Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema
from pydantic_core.core_schema import ErrorType

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

_OURS = "value_error"
"""The type of what our own code has raised as a ValueError: a sentence already."""
_BUILT_IN = frozenset(get_args(ErrorType))
OTHERWISE = "This is not what belongs here."
"""For what no request of ours can meet."""
_TEXT, _TRUTH = "This must be text.", "This must be true or false."
_WHOLE, _NUMBER = "This must be a whole number.", "This must be a number."
_TIME = "Write the time with its offset from UTC, as 2030-01-31T12:00:00Z."
_DATE = "Write the date as 2030-01-31."
_LIST, _OBJECT = "This must be a list.", "This must be a JSON object."
_ONE_OF = "This must be {expected}."
_SENTENCES: Mapping[str, str] = {
    "extra_forbidden": "There is no such field.",
    "missing": "This field is needed.",
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_long": "This may have at most {max_length} character{s}.",
    "string_too_short": "This must have at least {min_length} character{s}.",
    "too_long": "This may hold at most {max_length} item{s}.",
    "too_short": "This must hold at least {min_length} item{s}.",
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
    "datetime_from_date_parsing": _TIME,
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


def write_sentence(error: ErrorDetails) -> str:
    """The sentence about one error of pydantic's."""
    context: Mapping[str, Any] = error.get("ctx", {})
    if error["type"] == _OURS:
        return str(context["error"])
    if error["type"] not in _BUILT_IN:
        return error["msg"]
    length = context.get("max_length", context.get("min_length"))
    known = {**context, "s": "" if length == 1 else "s"}
    if "expected" in known:
        known["expected"] = str(known["expected"]).replace("'", "")
    return _SENTENCES.get(error["type"], OTHERWISE).format_map(known)


@dataclass(frozen=True)
class Form:
    """How a text must be written, beside its type, as ``Annotated[str, Form(…)]``: the pattern for
    programs and the API document, the sentence for people.
    """

    pattern: str
    sentence: str

    def check(self, value: str) -> str:
        """The text, when it is in the form; raises a PydanticCustomError with the sentence."""
        if not re.fullmatch(self.pattern, value):
            raise PydanticCustomError("wrong_form", "{sentence}", {"sentence": self.sentence})
        return value

    def __get_pydantic_core_schema__(
        self, source: type[str], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Looked at last, when the text is known to be one and not over-long."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema with the pattern."""
        return {**handler(schema), "pattern": self.pattern}
