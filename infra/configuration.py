"""The settings of operations on AWS and locally: the part of ``cdk.json`` that is not about AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints

from rollcall.kit.cron import CronExpression
from rollcall.kit.model import Model
from rollcall.kit.settings import MINUTES_AT_MOST, Mfa
from rollcall.users.resource_types import read_types

CDK_JSON = Path(__file__).parents[1] / "cdk.json"
PLACES_AT_LEAST = 4


def _check_types(configured: str) -> str:
    read_types(configured)
    return configured


def _check_pattern(pattern: str) -> str:
    if sum(map(pattern.count, "#?")) < PLACES_AT_LEAST:
        raise ValueError(
            f"The pattern needs at least {PLACES_AT_LEAST} # or ?, or it soon runs out of ids."
        )
    return pattern


ResourceTypes = Annotated[str, AfterValidator(_check_types)]
UniqueIdPattern = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._#?-]{1,64}$"), AfterValidator(_check_pattern)
]
PageUrl = Annotated[str, StringConstraints(pattern=r"^(https://[^\s]+)?$", max_length=500)]


class Configuration(Model):
    """The settings that a deployment and ``rollcall local`` share. The defaults are in
    ``cdk.json``.
    """

    resource_types: ResourceTypes
    """Additional resource types with their rules, such as ``invoice=refuse,draft=cascade``."""
    unique_id_pattern: UniqueIdPattern
    """For generated unique ids: # becomes a digit, ? a letter."""
    facts_fresh_days: int = Field(ge=1)
    """Filters skip a source of facts that has pushed nothing for longer."""
    fresh_sign_in_minutes: int = Field(ge=1, le=MINUTES_AT_MOST)
    """How old a sign-in can be for operations that need a recent one."""
    mfa: Mfa
    """Who needs a second factor."""
    invitation_url: PageUrl
    """The page to accept invitations. The token is appended, or replaces {token}."""
    verification_url: PageUrl
    """The page to confirm a registered address, in the same form."""
    allow_registration: bool
    """Whether people can register themselves."""
    clean_up_schedule: CronExpression
    """When the clean-up of inactive users runs, in UTC, such as ``cron(0 3 * * ? *)``."""
    product_name: str
    allowed_origin: str

    @classmethod
    def read(cls, file: Path) -> Self:
        """The context of ``cdk.json``. Raises ``pydantic.ValidationError``, which names what is
        wrong.
        """
        return cls.model_validate(json.loads(file.read_text())["context"])

    @property
    def shared(self) -> dict[str, Any]:
        """The fields in the form of ``Settings``."""
        return {name: getattr(self, name) for name in Configuration.model_fields}
