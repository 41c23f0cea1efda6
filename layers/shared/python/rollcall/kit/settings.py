"""The environment of a function: the only place that names its variables.

The CDK app and the local runtime fill this same model, so a name is written once.
"""

from __future__ import annotations

import os
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

LOGIN_URL = r"^(https?://[^\s<>\"]+)?$"
"""What a deployment may say about where users sign in."""


class Settings(BaseModel):
    """What a function is told by its environment."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    table_name: str = Field(alias="TABLE_NAME")
    user_pool_id: str = Field(alias="USER_POOL_ID")
    bucket_name: str = Field("", alias="BUCKET_NAME", description="Where files are kept.")
    client_ids: str = Field(
        "",
        alias="CLIENT_IDS",
        description="App clients whose tokens count, with commas between; empty: all of the pool.",
    )
    mail_sender: str = Field("", alias="MAIL_SENDER", description="Empty: no mail is sent.")
    mail_templates: str = Field(
        "",
        alias="MAIL_TEMPLATES",
        description="A folder whose templates replace ours; in Lambda they do so in the layer.",
    )
    login_url: str = Field(
        "",
        alias="LOGIN_URL",
        pattern=LOGIN_URL,
        description="Where users sign in, for mails; empty: they do not say.",
    )
    first_admin_email: str = Field("", alias="FIRST_ADMIN_EMAIL")
    product_name: str = Field("Rollcall", alias="PRODUCT_NAME")
    resource_types: str = Field(
        "",
        alias="RESOURCE_TYPES",
        description="Further types of owned things with their rule: invoice=refuse,draft=cascade.",
    )
    unique_id_pattern: str = Field(
        "U########",
        alias="UNIQUE_ID_PATTERN",
        description="For generated unique ids: # becomes a digit, ? a letter.",
        pattern=r"^[A-Za-z0-9._-]*[#?][A-Za-z0-9._#?-]*$",
        max_length=64,
    )
    facts_fresh_days: int = Field(
        7,
        alias="FACTS_FRESH_DAYS",
        ge=1,
        description="A source of facts that has pushed nothing for longer is left out of account.",
    )
    invitation_url: str = Field(
        "",
        alias="INVITATION_URL",
        description="The page where people accept: ?token=… is put behind it, or the token in the "
        "place of {token}. Empty: the mail holds the token alone.",
    )
    verification_url: str = Field(
        "", alias="VERIFICATION_URL", description="Likewise, where they confirm their address."
    )
    allow_registration: bool = Field(
        False, alias="ALLOW_REGISTRATION", description="Whether people may register by themselves."
    )
    clean_up_schedule: str = Field(
        "cron(0 3 * * ? *)",
        alias="CLEAN_UP_SCHEDULE",
        description="When accounts that nobody uses are looked for, in UTC: a cron expression.",
    )
    allowed_origin: str = Field("*", alias="ALLOWED_ORIGIN", description="For CORS.")
    time_scale: int = Field(
        1, alias="TIME_SCALE", ge=1, description="How fast time passes; 1 wherever it is real."
    )
    time_origin: int = Field(
        0, alias="TIME_ORIGIN", description="Epoch seconds: since when it has passed so fast."
    )

    @property
    def facts_fresh_for(self) -> timedelta:
        """How long what a source has pushed counts."""
        return timedelta(days=self.facts_fresh_days)

    @classmethod
    def from_environment(cls) -> Settings:
        """Read and check the variables; raises ``pydantic.ValidationError`` when one is missing."""
        return cls.model_validate(dict(os.environ))

    def to_environment(self) -> dict[str, str]:
        """The variables that make :meth:`from_environment` return this."""
        return {name: str(value) for name, value in self.model_dump(by_alias=True).items()}


def in_lambda() -> bool:
    """Whether this process is a Lambda function, where clients are made at init."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


KEYS = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}
"""The variables by which Lambda gives a function its credentials, by botocore's names for them."""


def own_credentials() -> dict[str, str]:
    """The credentials of this function; none outside Lambda, and none where it gives others."""
    if not in_lambda() or "AWS_ACCESS_KEY_ID" not in os.environ:
        return {}
    return {name: os.environ[key] for name, key in KEYS.items() if key in os.environ}


def has_no_proxy() -> bool:
    """Whether this is a function, and no variable names a proxy that its requests go through."""
    return in_lambda() and not any(name.lower().endswith("_proxy") for name in os.environ)
