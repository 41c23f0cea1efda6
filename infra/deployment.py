"""What a deployment is told: the context of ``cdk.json``, or ``-c name=value`` in its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays
from constructs import Node
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from infra.configuration import Configuration
from infra.layers import Architecture
from rollcall.grants.scopes import SYSTEM_SCOPES, Scope
from rollcall.kit.mail import check_sender
from rollcall.kit.settings import LOGIN_URL
from rollcall.kit.templates import check_templates
from rollcall.mails.letters import LETTERS


class Size(NamedTuple):
    """What differs between a deployment for trying and one for real."""

    removal: RemovalPolicy
    """What happens to the users when the stack is deleted."""
    protected: bool
    """Whether table, user pool and their stack refuse to be deleted."""
    logs_kept: RetentionDays
    requests_per_second: int
    """Of all callers together; API Gateway answers 429 beyond it. An account has 10,000."""
    burst: int


SIZES = {
    "dev": Size(RemovalPolicy.DESTROY, False, RetentionDays.ONE_WEEK, 20, 40),
    "prod": Size(RemovalPolicy.RETAIN, True, RetentionDays.THREE_MONTHS, 200, 400),
}


def _read_json(given: object) -> object:
    """What ``-c`` gives is text; a mapping comes as JSON."""
    try:
        return json.loads(given) if isinstance(given, str) else given
    except json.JSONDecodeError as error:
        raise ValueError(f"This is no JSON: {error}.") from error


def _find_scope(short_name: object) -> Scope:
    """The scope of a service by the name that it has within the resource server."""
    found = {scope.short_name: scope for scope in SYSTEM_SCOPES}
    if short_name not in found:
        raise ValueError(f"Services have the scopes {', '.join(found)}; there is no {short_name}.")
    return found[str(short_name)]


def _check_templates(folder: str) -> str:
    if folder:
        check_templates(Path(folder), LETTERS)
    return folder


ServiceName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$", max_length=40)
]
ServiceScopes = Annotated[
    tuple[Annotated[Scope, BeforeValidator(_find_scope)], ...], Field(min_length=1)
]
ServiceClients = Annotated[dict[ServiceName, ServiceScopes], BeforeValidator(_read_json)]
RESERVED = ("aws", "amazon", "cognito")
"""What the prefix of a user pool's domain may not contain (Cognito, user pool domains)."""


class Deployment(Configuration):
    """One deployment's settings; the defaults stand in ``cdk.json``."""

    prefix: str = Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")
    """Begins the names of stacks and functions; a second prefix is a second Rollcall."""
    stage: Literal["dev", "prod"]
    architecture: Architecture
    first_admin_email: str
    user_pool_id: str
    """An existing pool to use instead of a new one."""
    client_ids: str
    """Further app clients of the pool whose tokens count, with commas between."""
    service_clients: ServiceClients
    """Who calls the system API: a name for each service, with the scopes that it has."""
    user_pool_domain: str = Field(pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$")
    """The domain that an existing pool has already, as ``auth.example.com``."""
    mail_sender: Annotated[str, AfterValidator(check_sender)]
    """An address verified in SES; empty: no mail is sent, except Cognito's own."""
    mail_templates: Annotated[str, AfterValidator(_check_templates)]
    """A folder whose templates of mails replace ours; empty: ours."""
    login_url: str = Field(pattern=LOGIN_URL)
    """Where users sign in, as mails say; empty: they do not."""
    waf: bool

    @model_validator(mode="after")
    def _check_domain(self) -> Self:
        if self.user_pool_domain and not self.user_pool_id:
            raise ValueError("userPoolDomain is that of an existing pool; give userPoolId too.")
        reserved = [word for word in RESERVED if word in self.prefix]
        if self.makes_domain and reserved:
            raise ValueError(
                f"serviceClients need a domain that begins with the prefix, and Cognito takes none "
                f"with {reserved[0]} in it; choose another prefix."
            )
        return self

    @classmethod
    def from_context(cls, node: Node) -> Deployment:
        """Read and check the context; raises ``pydantic.ValidationError`` naming what is wrong."""
        names = [to_camel(name) for name in cls.model_fields]
        return cls.model_validate({name: node.try_get_context(name) for name in names})

    @property
    def size(self) -> Size:
        """What the stage stands for."""
        return SIZES[self.stage]

    @property
    def own_templates(self) -> Path | None:
        """The folder with the deployment's own templates of mails."""
        return Path(self.mail_templates) if self.mail_templates else None

    @property
    def makes_domain(self) -> bool:
        """Whether a domain of our own is where services get their tokens."""
        return bool(self.service_clients) and not self.user_pool_domain

    def function_name(self, declaration_name: str) -> str:
        """A function's physical name, known without a reference to its stack."""
        return f"{self.prefix}-{declaration_name}"
