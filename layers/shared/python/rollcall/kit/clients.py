"""botocore clients, made once for each process and tuned for a short cold start."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.handlers import (
    add_recursion_detection_header,
    add_retry_headers,
    generate_idempotent_uuid,
)
from botocore.session import Session

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 1, 3, 3
"""Together less than an operation's 15 seconds, so that it can answer 503 in its own words."""
CONFIG = Config(
    user_agent="rollcall",
    parameter_validation=False,
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    tcp_keepalive=True,
)
"""A fixed user agent and no parameter validation take a third off each request (pydantic has
validated already)."""


HANDLERS: tuple[tuple[str, Callable[..., None]], ...] = (
    # The token by which DynamoDB knows a transaction that is sent again.
    ("before-parameter-build", generate_idempotent_uuid),
    ("before-call", add_recursion_detection_header),  # carries the X-Ray trace on
    ("request-created", add_retry_headers),
)
"""Those of botocore's 120 built-in event handlers that concern our services; most are about S3,
EC2 and documentation, and registering them is 4 % of a cold start's instructions."""


@cache
def _session() -> Session:
    session = Session(include_builtin_handlers=False)
    for event, handler in HANDLERS:
        session.register(event, handler)
    return session


@cache
def make_client(service: str) -> Any:
    """A client of one AWS service in the function's own region, which botocore finds in the
    environment, with the credentials.
    """
    return _session().create_client(service, config=CONFIG)
