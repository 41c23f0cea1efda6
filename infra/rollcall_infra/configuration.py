"""The settings of operations on AWS and locally: the part of an environment's file that is not
about AWS.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from rollcall.grants.scopes import ANY
from rollcall.kit.cron import CronExpression
from rollcall.kit.model import Model
from rollcall.kit.settings import MINUTES_AT_MOST, PASSWORD_LENGTHS, Mfa
from rollcall.users.resource_types import read_types
from rollcall_infra.client_scopes import ServiceClients

PLACES_AT_LEAST = 4
PLACEHOLDER = "{token}"
_ORIGIN = re.compile(
    r"\*|https://[a-z0-9.-]+(:(?!443$)[0-9]{1,5})?"
    r"|http://(localhost|127\.0\.0\.1)(:(?!80$)[0-9]{1,5})?"
)
"""An origin as browsers serialize it (RFC 6454 section 6.2), or any."""


def _check_types(configured: str) -> str:
    read_types(configured)
    return configured


def _check_pattern(pattern: str) -> str:
    if sum(map(pattern.count, "#?")) < PLACES_AT_LEAST:
        raise ValueError(
            f"The pattern needs at least {PLACES_AT_LEAST} # or ?, or it soon runs out of ids."
        )
    return pattern


def _check_page(url: str) -> str:
    """Tokens are in the fragment, which browsers send neither to servers nor as the referrer (RFC
    9110 sections 7.1 and 10.1.3), so that no log contains them.
    """
    before, separator, fragment = url.partition("#")
    if PLACEHOLDER in before or (separator and fragment.count(PLACEHOLDER) != 1):
        raise ValueError(
            "The token must be behind the #, where no server sees it. Write {token} once behind a "
            "#, as https://app.example.com/#/welcome/{token}, or a URL without # and {token}."
        )
    return url


def _check_origin(origin: str) -> str:
    if origin and not _ORIGIN.fullmatch(origin):
        raise ValueError(
            "This is not an origin as browsers send it. Write https:// and the host in lower case, "
            "with the port unless it is 443, and nothing else, as https://console.example.com."
        )
    return origin


ResourceTypes = Annotated[str, AfterValidator(_check_types)]
UniqueIdPattern = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._#?-]{1,64}$"), AfterValidator(_check_pattern)
]
PageUrl = Annotated[
    str,
    StringConstraints(pattern=r"^(https://[^\s]+)?$", max_length=500),
    AfterValidator(_check_page),
]
Origin = Annotated[str, AfterValidator(_check_origin)]


class Configuration(Model):
    """The settings that a deployment and ``rollcall local`` share, with their defaults."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    resource_types: ResourceTypes = ""
    """Additional resource types with their rules, such as ``invoice=refuse,draft=cascade``."""
    unique_id_pattern: UniqueIdPattern = "U########"
    """For generated unique ids: # becomes a digit, ? a letter."""
    facts_fresh_days: int = Field(7, ge=1)
    """Filters skip a source of facts that has pushed nothing for longer."""
    fresh_sign_in_minutes: int = Field(480, ge=1, le=MINUTES_AT_MOST)
    """How old a sign-in can be for operations that need a recent one."""
    mfa: Mfa = "optional"
    """Who needs a second factor."""
    invitation_url: PageUrl = ""
    """The page to accept invitations. ``#token=`` and the token are appended, or the token replaces
    ``{token}`` behind a ``#``.
    """
    verification_url: PageUrl = ""
    """The page to confirm a registered address, in the same form."""
    allow_registration: bool = False
    """Whether people can register themselves."""
    password_minimum_length: int = Field(
        PASSWORD_LENGTHS[0], ge=PASSWORD_LENGTHS[0], le=PASSWORD_LENGTHS[1]
    )
    """The characters that a password must have at least."""
    clean_up_schedule: CronExpression = "cron(0 3 * * ? *)"
    """When the clean-up of inactive users runs, in UTC, such as ``cron(0 3 * * ? *)``."""
    product_name: str = "Rollcall"
    """The name of the product in mails."""
    allowed_origin: Origin = ""
    """The origin whose pages can call the API, such as ``https://console.example.com``; ``*``: any,
    empty: none.
    """
    service_clients: ServiceClients = Field(default_factory=dict)
    """The services that call the system API, by name."""

    @model_validator(mode="after")
    def _check_services(self) -> Self:
        types = {ANY, *read_types(self.resource_types)}
        for name, client in self.service_clients.items():
            for each in client.resource_types:
                if each not in types:
                    raise ValueError(
                        f"serviceClients.{name}: the type {each} does not exist. Add it to "
                        f"resourceTypes, or use one of: {', '.join(sorted(types))}."
                    )
        return self

    @property
    def shared(self) -> dict[str, Any]:
        """The fields in the form of ``Settings``. The function of a service's call reads from the
        token what the service is allowed to do.
        """
        names = Configuration.model_fields.keys() - {"service_clients"}
        return {name: getattr(self, name) for name in names}
