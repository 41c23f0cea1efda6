"""The services that call the system API, as the setting ``serviceClients`` declares them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from rollcall.grants.scopes import ANY, LIMITED_SCOPES, SYSTEM_SCOPES, Scope
from rollcall.kit.model import Model
from rollcall.users.fact_set import Source

EXAMPLE = '{"scopes": ["facts", "users"], "factSources": ["learning"]}'
SCOPES_AT_MOST, SCOPES_PER_CLIENT_AT_MOST = 100, 50
"""Of a resource server and of an app client (Cognito, CreateResourceServer and
CreateUserPoolClient).
"""
_SOURCE: TypeAdapter[str] = TypeAdapter(Source)


def _read_json(given: object) -> object:
    """A mapping can also be given as the text of a JSON object."""
    try:
        return json.loads(given) if isinstance(given, str) else given
    except json.JSONDecodeError as error:
        raise ValueError(f"This is not JSON: {error}.") from error


def _find_scope(given: object) -> object:
    """The scope of a service by its name within the resource server."""
    found = {scope.short_name: scope for scope in SYSTEM_SCOPES}
    if given not in (*found, *SYSTEM_SCOPES):
        raise ValueError(f"{given} is not a scope of services. Use one of: {', '.join(found)}.")
    return found.get(str(given), given)


def _check_source(name: str) -> str:
    return name if name == ANY else _SOURCE.validate_python(name)


class ServiceClient(Model):
    """One service: the scopes of its app client, and the sources of facts and the types of
    resources that it has.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    scopes: Annotated[
        tuple[
            Annotated[
                Scope,
                BeforeValidator(_find_scope),
                WithJsonSchema({"enum": [each.short_name for each in SYSTEM_SCOPES]}),
            ],
            ...,
        ],
        Field(min_length=1),
    ]
    fact_sources: tuple[Annotated[str, AfterValidator(_check_source)], ...] = ()
    """The sources that it can push facts of. ``*``: all."""
    resource_types: tuple[str, ...] = ()
    """The types of the resources that it can register, update and remove. ``*``: all."""

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            raise ValueError(f"A service is an object, such as {EXAMPLE}.")  # noqa: TRY004 (pydantic reports a ValueError)
        fields = cls.model_fields
        known = [str(field.alias) for field in fields.values()]
        for key in given:
            if key not in (*known, *fields):
                raise ValueError(f"A service has no key {key}. Use {', '.join(known)}.")
        return given

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        for scope, key in LIMITED_SCOPES.items():
            if (scope in self.scopes) is not bool(self._limits[scope]):
                raise ValueError(
                    f"The scope {scope.short_name} applies to the {key} only. Name both, or none."
                )
        if len(self.allowed_scopes) > SCOPES_PER_CLIENT_AT_MOST:
            raise ValueError(
                f"The service has {len(self.allowed_scopes)} scopes, counting each source and type."
                f' Cognito accepts {SCOPES_PER_CLIENT_AT_MOST}. Use ["{ANY}"] for all of a kind.'
            )
        return self

    @property
    def _limits(self) -> Mapping[Scope, tuple[str, ...]]:
        return {Scope.FACTS: self.fact_sources, Scope.RESOURCES: self.resource_types}

    @property
    def limited_scopes(self) -> Mapping[str, str]:
        """The scopes for single sources and types, with their descriptions."""
        return {
            scope.limited_to(name): f"{scope.__doc__} Only for: {name}."
            for scope, names in self._limits.items()
            for name in names
        }

    @property
    def allowed_scopes(self) -> list[str]:
        """The scopes of the app client."""
        return sorted({*(scope.value for scope in self.scopes), *self.limited_scopes})


EVERYTHING = ServiceClient(scopes=SYSTEM_SCOPES, fact_sources=(ANY,), resource_types=(ANY,))
"""A service with all scopes for all sources and types."""


def describe_scopes(clients: Collection[ServiceClient]) -> list[dict[str, Any]]:
    """The scopes of the resource server, as Cognito's CreateResourceServer takes them."""
    described = {scope.value: str(scope.__doc__) for scope in Scope}
    for client in clients:
        described |= client.limited_scopes
    return [
        {"ScopeName": scope.partition("/")[2], "ScopeDescription": text}
        for scope, text in described.items()
    ]


def _check_number(clients: Mapping[str, ServiceClient]) -> Mapping[str, ServiceClient]:
    number = len(describe_scopes(clients.values()))
    if number > SCOPES_AT_MOST:
        raise ValueError(
            f"The services have {number} scopes, counting each source and type. Cognito accepts "
            f'{SCOPES_AT_MOST}. Use ["{ANY}"] for all of a kind.'
        )
    return clients


ServiceName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$", max_length=40)
]
ServiceClients = Annotated[
    dict[ServiceName, ServiceClient], BeforeValidator(_read_json), AfterValidator(_check_number)
]
