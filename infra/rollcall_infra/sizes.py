"""The differences between a deployment for development and one for production."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays


class Size(NamedTuple):
    """What the stage of a deployment decides."""

    removal: RemovalPolicy
    """What happens to the users when the stack is deleted. Both stages delete what a failed first
    deployment has created (RetainExceptOnCreate), so that nothing is left over from it.
    CloudFormation cannot delete what has deletion protection; the failed stack then lists it.
    """
    protected: bool
    """Whether the table, the user pool and their stack have deletion protection."""
    logs_kept: RetentionDays
    requests_per_second: int
    """Across all callers; above it, API Gateway responds with 429. An account has 10,000."""
    burst: int


SIZES = {
    "dev": Size(RemovalPolicy.DESTROY, False, RetentionDays.ONE_WEEK, 20, 40),
    "prod": Size(
        RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, True, RetentionDays.THREE_MONTHS, 200, 400
    ),
}
