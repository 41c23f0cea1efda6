"""A deployment on AWS, as commands see it: by its prefix, with the credentials of the shell."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

READ_SECONDS = 75
"""A function that a command invokes answers after a minute at most."""


@cache
def connect_to_aws(service: str) -> Any:
    """The client of an AWS service."""
    config = Config(
        user_agent="rollcall",
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 8},
    )
    return botocore.session.get_session().create_client(service, config=config)


def read_outputs(connect: Callable[[str], Any], stack: str) -> dict[str, str]:
    """The outputs of a stack, by name."""
    described = connect("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return {each["OutputKey"]: each["OutputValue"] for each in described}
