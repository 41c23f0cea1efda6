"""Shorthand in requests: the value of one field for a whole object, as ``"rol_1"`` for
``{"roleId": "rol_1"}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from rollcall.kit.model import Request

ALTERNATIVE = re.compile(r"<[a-z]+>")
"""The names of a union's alternatives, which are not part of a field's path."""
VALUE, OBJECT = "<value>", "<object>"
"""The two alternatives."""


@dataclass(frozen=True)
class Shorthand:
    """Allows the shorthand, as ``Annotated[RoleAssignment, Shorthand("role_id")]``. Errors refer to
    the alternative that the caller has used. The API document shows both.
    """

    field: str
    """The field whose value is the shorthand."""

    def __get_pydantic_core_schema__(
        self, source: type[Request], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The schema of the object or of the field, depending on the input. Both validate JSON. A
        BeforeValidator would turn the input into Python objects, and strict mode does not parse
        times from those.
        """
        value = handler.generate_schema(source.model_fields[self.field].rebuild_annotation())
        written_out = core_schema.no_info_after_validator_function(
            lambda sent: source.model_validate({self.field: sent}), value
        )
        return core_schema.tagged_union_schema(
            {VALUE: written_out, OBJECT: handler(source)},
            discriminator=lambda sent: VALUE if isinstance(sent, str) else OBJECT,
        )
