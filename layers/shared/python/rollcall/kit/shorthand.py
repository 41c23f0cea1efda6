"""In requests, the value of one field may stand for a whole object, as ``"rol_1"`` for
``{"roleId": "rol_1"}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from rollcall.kit.model import Request

ALTERNATIVE = re.compile(r"<[a-z]+>")
"""How the alternatives of a union are called, which are no part of a field's path."""
VALUE, OBJECT = "<value>", "<object>"
"""The two ways to write it."""


@dataclass(frozen=True)
class Shorthand:
    """Beside the type of a field, as ``Annotated[RoleAssignment, Shorthand("role_id")]``. Errors
    read as if there were only the way that the caller has chosen; the API document shows both.
    """

    field: str
    """The field of the object whose value is enough."""

    def __get_pydantic_core_schema__(
        self, source: type[Request], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The object's schema, or that of the one field, by what was sent. Both see JSON: what a
        BeforeValidator makes is no JSON any more, in which strictness takes no times.
        """
        value = handler.generate_schema(source.model_fields[self.field].rebuild_annotation())
        written_out = core_schema.no_info_after_validator_function(
            lambda sent: source.model_validate({self.field: sent}), value
        )
        return core_schema.tagged_union_schema(
            {VALUE: written_out, OBJECT: handler(source)},
            discriminator=lambda sent: VALUE if isinstance(sent, str) else OBJECT,
        )
