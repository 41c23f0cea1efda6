"""The environment variables of a function.

Only this module names them. The CDK app and the local server fill the same model.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PASSWORD_LENGTHS = (8, 99)
"""The range of the minimum length of passwords: the policy's own, and the largest that a user pool
can have (Amazon Cognito API reference, PasswordPolicyType).
"""
LOGIN_URL = r"^(https?://[^\s<>\"]+)?$"
"""The format of the sign-in page's address."""

type Mfa = Literal["off", "optional", "required", "required-for-admins"]
"""Who has a second factor: no user, each user by choice, every user, or every platform admin."""
MINUTES_AT_MOST = 366 * 24 * 60
"""A year: the longest time that a sign-in can count as recent."""


class Settings(BaseModel):
    """The settings of a function, from its environment."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    table_name: str = Field(alias="TABLE_NAME")
    key_table_name: str = Field("", alias="KEY_TABLE_NAME", description="For the signing keys.")
    user_pool_id: str = Field(alias="USER_POOL_ID")
    bucket_name: str = Field("", alias="BUCKET_NAME", description="The bucket for files.")
    client_ids: str = Field(
        "",
        alias="CLIENT_IDS",
        description="App clients whose tokens are accepted, separated by commas; empty: all.",
    )
    mail_sender: str = Field("", alias="MAIL_SENDER", description="Empty: no mail is sent.")
    mail_configuration_set: str = Field(
        "",
        alias="MAIL_CONFIGURATION_SET",
        description="The configuration set of SES that mails are sent with, which reports bounces.",
    )
    mail_templates: str = Field(
        "",
        alias="MAIL_TEMPLATES",
        description="A folder of templates that replace ours. In Lambda the layer contains them.",
    )
    login_url: str = Field(
        "",
        alias="LOGIN_URL",
        pattern=LOGIN_URL,
        description="The sign-in page, for mails; empty: mails do not name it.",
    )
    sms: bool = Field(
        False, alias="SMS", description="Whether the user pool can send text messages."
    )
    first_admin_email: str = Field("", alias="FIRST_ADMIN_EMAIL")
    product_name: str = Field("Rollcall", alias="PRODUCT_NAME")
    resource_types: str = Field(
        "",
        alias="RESOURCE_TYPES",
        description="Additional resource types and their rules: invoice=refuse,draft=cascade.",
    )
    unique_id_pattern: str = Field(
        "U########",
        alias="UNIQUE_ID_PATTERN",
        description="The pattern of generated unique ids: # is a digit, ? a letter.",
        pattern=r"^[A-Za-z0-9._-]*[#?][A-Za-z0-9._#?-]*$",
        max_length=64,
    )
    facts_fresh_days: int = Field(
        7,
        alias="FACTS_FRESH_DAYS",
        ge=1,
        description="Facts are ignored when their source has sent nothing for longer.",
    )
    fresh_sign_in_minutes: int = Field(
        480,
        alias="FRESH_SIGN_IN_MINUTES",
        ge=1,
        le=MINUTES_AT_MOST,
        description="How old a sign-in can be for operations that need a recent one.",
    )
    mfa: Mfa = Field(
        "optional",
        alias="MFA",
        description="Who needs a second factor. Cognito enforces it, and for admins the trigger.",
    )
    invitation_url: str = Field(
        "",
        alias="INVITATION_URL",
        description="The page to accept an invitation. The token replaces {token} behind a #, or "
        "#token=… is appended. Empty: the mail contains only the token.",
    )
    verification_url: str = Field(
        "",
        alias="VERIFICATION_URL",
        description="The page to confirm an address, as INVITATION_URL.",
    )
    allow_registration: bool = Field(
        False, alias="ALLOW_REGISTRATION", description="Whether self-registration is allowed."
    )
    password_minimum_length: int = Field(
        PASSWORD_LENGTHS[0],
        alias="PASSWORD_MINIMUM_LENGTH",
        ge=PASSWORD_LENGTHS[0],
        le=PASSWORD_LENGTHS[1],
        description="The characters that a password must have at least.",
    )
    clean_up_schedule: str = Field(
        "cron(0 3 * * ? *)",
        alias="CLEAN_UP_SCHEDULE",
        description="The schedule of the clean-up of inactive accounts: a cron expression in UTC.",
    )
    reconciliation_schedule: str = Field(
        "cron(0 1 * * ? *)",
        alias="RECONCILIATION_SCHEDULE",
        description="When the comparison of all accounts with their users begins: a cron "
        "expression in UTC.",
    )
    allowed_origin: str = Field(
        "",
        alias="ALLOWED_ORIGIN",
        description="The origin whose pages can call the API (CORS). Empty: none; *: any.",
    )
    subscriptions: str = Field(
        "",
        alias="SUBSCRIPTIONS",
        description="The functions that react to journal entries, with the kinds of their targets: "
        "notify_user=user,finish_deletion=user+group.",
    )
    dead_letter_queue_url: str = Field(
        "", alias="DEAD_LETTER_QUEUE_URL", description="Where entries go that cannot be delivered."
    )
    time_scale: int = Field(
        1, alias="TIME_SCALE", ge=1, description="The speed of the clock; 1: real time."
    )
    time_origin: int = Field(
        0, alias="TIME_ORIGIN", description="When the accelerated clock started, in epoch seconds."
    )

    @property
    def facts_fresh_for(self) -> timedelta:
        """How long facts of a source are used after its last update."""
        return timedelta(days=self.facts_fresh_days)

    @classmethod
    def from_environment(cls) -> Settings:
        """Read and validate the variables; raises ``pydantic.ValidationError``."""
        return cls.model_validate(dict(os.environ))

    def to_environment(self) -> dict[str, str]:
        """The variables from which :meth:`from_environment` returns these settings."""
        return {name: str(value) for name, value in self.model_dump(by_alias=True).items()}


def in_lambda() -> bool:
    """Whether this process is a Lambda function, which creates its clients at init."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


KEYS = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}
"""The environment variables that hold a function's credentials, by botocore's parameter names."""


def own_credentials() -> dict[str, str]:
    """The credentials of this function. Empty outside Lambda, and if the environment has none."""
    if not in_lambda() or "AWS_ACCESS_KEY_ID" not in os.environ:
        return {}
    return {name: os.environ[key] for name, key in KEYS.items() if key in os.environ}


def has_no_proxy() -> bool:
    """Whether this is a Lambda function, and no environment variable configures a proxy."""
    return in_lambda() and not any(name.lower().endswith("_proxy") for name in os.environ)
