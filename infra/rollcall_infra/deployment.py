"""The settings of a deployment: the fields of an environment's file, with their defaults.

The CDK is imported only where a deployment needs it: ``rollcall local`` reads these files without.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from rollcall.kit.mail import check_sender
from rollcall.kit.mail_templates import check_templates
from rollcall.kit.settings import LOGIN_URL
from rollcall.mails.catalog import MAIL_TEMPLATES
from rollcall_infra.configuration import Configuration

if TYPE_CHECKING:
    from rollcall_infra.sizes import Size


Architecture = Literal["arm64", "x86_64"]


def _check_templates(folder: str) -> str:
    if folder:
        check_templates(Path(folder), MAIL_TEMPLATES)
    return folder


RATE_AT_MOST = 2_000_000_000
"""The highest limit of a rate-based rule; the lowest is 10 (AWS WAF, RateBasedStatement)."""
RESERVED = ("aws", "amazon", "cognito")
"""What the prefix of a user pool's domain cannot contain (Cognito, user pool domains)."""
type CognitoPlan = Literal["lite", "essentials", "plus"]
"""The feature plan of a user pool (Amazon Cognito Developer Guide, "User pool feature plans")."""


class Deployment(Configuration):
    """The settings of one deployment, with their defaults."""

    prefix: str = Field("rollcall", pattern=r"^[a-z][a-z0-9-]{0,19}$")
    """The prefix of the names of stacks and functions. A second prefix is a second deployment."""
    stage: Literal["dev", "prod"] = "prod"
    """``prod`` retains and protects data; ``dev`` can be destroyed."""
    architecture: Architecture = "arm64"
    """The processor of the functions."""
    first_admin_email: str = ""
    """The first platform admin, who is invited by mail. Empty: none is created."""
    user_pool_id: str = ""
    """An existing pool to use instead of a new one."""
    table_name: str = Field("", pattern=r"^([A-Za-z0-9_.-]{3,255})?$")
    """The name of the table (DynamoDB naming rules). Empty: CloudFormation generates it. Another
    name creates another, empty table and keeps the former one; ``rollcall restore`` fills it."""
    client_ids: str = ""
    """Additional app clients of the pool whose tokens are accepted, separated by commas."""
    user_pool_domain: str = Field("", pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$")
    """The domain of an existing pool, such as ``auth.example.com``."""
    cognito_plan: CognitoPlan = "lite"
    """The feature plan of the new user pool, which decides its price per active user."""
    mail_sender: Annotated[str, AfterValidator(check_sender)] = ""
    """An address verified in SES. Empty: only Cognito sends mail."""
    mail_templates: Annotated[str, AfterValidator(_check_templates)] = ""
    """A folder of mail templates that replace the built-in ones. Empty: the built-in ones."""
    login_url: str = Field("", pattern=LOGIN_URL)
    """The sign-in page for mails. Empty: mails do not mention one."""
    waf: bool = False
    """Whether AWS WAF limits the requests per IP address."""
    requests_per_address: int = Field(2000, ge=10, le=RATE_AT_MOST)
    """How many requests WAF accepts from one IP address in five minutes."""
    public_requests_per_address: int = Field(100, ge=10, le=RATE_AT_MOST)
    """How many of them in one minute for the routes that need no token."""
    reserved_concurrency: int = Field(0, ge=0, le=1000)
    """The executions that each public operation has for itself, and cannot exceed. 0: it shares
    those of the account.
    """
    replaces: tuple[str, ...] = ()
    """The former prefix, table or user pool that the next deployment gives up; without it, a
    deployment that would use another one fails.
    """
    api_gateway_account: bool = False
    """Whether this deployment sets the role that API Gateway writes logs with. It applies to all
    APIs of the account and region.
    """

    @model_validator(mode="after")
    def _check_mfa(self) -> Self:
        if self.user_pool_id and self.mfa in {"off", "required"}:
            raise ValueError(
                f"mfa={self.mfa} is a setting of the user pool, and a deployment does not change "
                "an existing pool. Set it there, and leave mfa out."
            )
        return self

    @model_validator(mode="after")
    def _check_domain(self) -> Self:
        if self.user_pool_domain and not self.user_pool_id:
            raise ValueError(
                "userPoolDomain is the domain of an existing pool. Give userPoolId too."
            )
        reserved = [word for word in RESERVED if word in self.prefix]
        if self.makes_domain and reserved:
            raise ValueError(
                f"serviceClients need a domain that begins with the prefix, and Cognito accepts no "
                f"domain with {reserved[0]} in it. Choose another prefix."
            )
        return self

    @property
    def size(self) -> Size:
        """The size of the stage."""
        from rollcall_infra.sizes import SIZES  # noqa: PLC0415 (rollcall local has no CDK)

        return SIZES[self.stage]

    @property
    def own_templates(self) -> Path | None:
        """The folder with the deployment's own mail templates."""
        return Path(self.mail_templates) if self.mail_templates else None

    @property
    def makes_domain(self) -> bool:
        """Whether the deployment creates a domain for the token endpoint."""
        return bool(self.service_clients) and not self.user_pool_domain

    def function_name(self, declaration_name: str) -> str:
        """A function's physical name, without a reference to its stack."""
        return f"{self.prefix}-{declaration_name}"
