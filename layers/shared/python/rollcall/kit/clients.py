"""botocore clients, created once per process and configured for a short cold start."""

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

from rollcall.kit.objects import StoredObject
from rollcall.kit.settings import has_no_proxy, own_credentials

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 1, 3, 3
"""In total less than an operation's timeout of 15 seconds, so that it can answer 503 itself."""
CONFIG = Config(
    user_agent="rollcall",
    parameter_validation=False,
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    tcp_keepalive=True,
)
"""A fixed user agent and no parameter validation save a third of the CPU time of each request
(pydantic has validated the values)."""
FILE_CONNECT_SECONDS, FILE_READ_SECONDS = 2, 7
"""For S3. The connect timeout also limits how long sending a request can stall, and storing a large
file takes longer than any other request."""
LINKS = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
"""Presigned links use the bucket's regional address. In a new bucket's first hours, S3 redirects
requests to its global address, and their signature is not valid for the redirect target."""
FILE_CONFIG = CONFIG.merge(
    Config(connect_timeout=FILE_CONNECT_SECONDS, read_timeout=FILE_READ_SECONDS)
).merge(LINKS)


HANDLERS: tuple[tuple[str, Callable[..., None]], ...] = (
    # The token by which DynamoDB recognizes a transaction that is sent again.
    ("before-parameter-build", generate_idempotent_uuid),
    ("before-call", add_recursion_detection_header),  # propagates the X-Ray trace
    ("request-created", add_retry_headers),
)
"""The botocore event handlers that all services except S3 need. Most of the 120 built-in handlers
are for S3, EC2 and documentation, and registering them is 4 % of a cold start's instructions."""


@cache
def _session(service: str) -> Session:
    if service == StoredObject.service:
        return Session()
    session = Session(include_builtin_handlers=False)
    for event, handler in HANDLERS:
        session.register(event, handler)
    return session


def config_for(service: str) -> Config:
    """The configuration of a client of one AWS service."""
    return FILE_CONFIG if service == StoredObject.service else CONFIG


@cache
def make_client(service: str) -> Any:
    """A client of one AWS service. botocore reads the region from the environment.

    The credentials and the absence of a proxy are passed to it. Its own search for them loads every
    provider first: 6 % of a cold start's instructions.
    """
    config = config_for(service)
    if has_no_proxy():
        config = config.merge(Config(proxies={}))
    create: Any = _session(service).create_client
    return create(service, config=config, **own_credentials())
