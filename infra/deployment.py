"""What a deployment is told: the context of ``cdk.json``, or ``-c name=value`` in its place."""

from __future__ import annotations

from typing import Literal, NamedTuple

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays
from constructs import Node
from pydantic import Field
from pydantic.alias_generators import to_camel

from infra.layers import Architecture
from rollcall.kit.model import Model


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


class Deployment(Model):
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
    mail_sender: str
    """An address verified in SES; empty: no mail is sent, except Cognito's own."""
    product_name: str
    allowed_origin: str
    waf: bool

    @classmethod
    def from_context(cls, node: Node) -> Deployment:
        """Read and check the context; raises ``pydantic.ValidationError`` naming what is wrong."""
        names = [to_camel(name) for name in cls.model_fields]
        return cls.model_validate({name: node.try_get_context(name) for name in names})

    @property
    def size(self) -> Size:
        """What the stage stands for."""
        return SIZES[self.stage]

    def function_name(self, declaration_name: str) -> str:
        """A function's physical name, known without a reference to its stack."""
        return f"{self.prefix}-{declaration_name}"
