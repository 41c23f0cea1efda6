"""The schemas of the public OpenAPI document: requests, answers and problems."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core.core_schema import WithDefaultSchema

from rollcall.kit.model import camel_case
from rollcall_infra.gateway import AnyOperation, Json

_REFERENCE = "#/components/schemas/{model}"

_PROBLEM_SCHEMA: Json = {
    "type": "object",
    "description": "RFC 9457 problem details. The code is stable and for programs.",
    "required": ["type", "title", "status", "detail", "code", "errors", "requestId"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "requestId": {"type": "string"},
        "maxAge": {
            "type": "integer",
            "description": "With the code fresh_sign_in_required: how many seconds old the sign-in "
            "can be.",
        },
        "existingUserId": {
            "type": "string",
            "description": "The user who has the email, phone number, username or unique id that "
            "is taken. Only for callers who are allowed to see users.",
        },
        "existingStatus": {"type": "string", "description": "The status of that user."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message", "code"],
                "properties": {
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
    },
}


class _Plain(GenerateJsonSchema):
    """Generates schemas without titles of fields, which would only repeat their names, and without
    null as a default: a client that sends the documented default would clear fields that it does
    not mean to change.
    """

    def default_schema(self, schema: WithDefaultSchema) -> dict[str, Any]:
        """The schema of an optional field."""
        described = super().default_schema(schema)
        if described.get("default", ...) is None:
            del described["default"]
        return described

    def field_title_should_be_set(self, schema: object) -> bool:
        """False: fields have no titles."""
        return False


class Schemas:
    """The JSON schemas of all requests and answers, and the components that they share."""

    def __init__(self, operations: tuple[AnyOperation, ...]) -> None:
        models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
        for operation in operations:
            models.append((operation.request_model, "validation"))
            models.append((operation.answer_model, "serialization"))
        # ``by_alias`` gives the camelCase names of the API.
        self._references, document = models_json_schema(
            list(dict.fromkeys(models)),
            by_alias=True,
            ref_template=_REFERENCE,
            schema_generator=_Plain,
        )
        self._definitions: Json = document["$defs"]
        requests = {self._name(each.request_model, "validation") for each in operations}
        shared = {name: each for name, each in self._definitions.items() if name not in requests}
        self.components: Json = {"Problem": _PROBLEM_SCHEMA, **shared}

    def answer(self, operation: AnyOperation) -> Json:
        """A reference to the schema of an operation's answer."""
        return {"$ref": self._references[(operation.answer_model, "serialization")]["$ref"]}

    def request(self, operation: AnyOperation) -> Json:
        """The schema of the request without its path variables."""
        schema = self._definitions[self._name(operation.request_model, "validation")]
        in_path = {camel_case(name) for name in operation.path_variables}
        properties = {k: v for k, v in schema.get("properties", {}).items() if k not in in_path}
        required = [name for name in schema.get("required", []) if name not in in_path]
        sent = {**schema, "properties": properties, "required": required}
        return sent if required else {k: v for k, v in sent.items() if k != "required"}

    def variable(self, operation: AnyOperation, name: str) -> Json:
        """The schema of a path variable."""
        schema = self._definitions[self._name(operation.request_model, "validation")]
        found: Json = schema["properties"][camel_case(name)]
        return found

    def _name(self, model: type[BaseModel], mode: JsonSchemaMode) -> str:
        reference: str = self._references[(model, mode)]["$ref"]
        return reference.rpartition("/")[2]
