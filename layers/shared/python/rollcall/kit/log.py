"""One structured log line per call, without events, bodies, tokens or values (I17)."""

from __future__ import annotations

import traceback

from aws_lambda_powertools.logging import Logger

logger = Logger(service="rollcall", utc=True)


def log_call(name: str, *, outcome: str, request_id: str, actor_id: str = "") -> None:
    """Log the outcome of a call."""
    logger.info(name, outcome=outcome, request_id=request_id, actor_id=actor_id)


def log_failure(name: str, error: BaseException, *, request_id: str) -> None:
    """Log an unexpected error: its type, the AWS error code if it has one, and its traceback. Its
    message is left out, because it can contain user input.
    """
    where = [line.strip() for line in traceback.format_tb(error.__traceback__)]
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    outcome = " ".join(filter(None, (type(error).__name__, code)))
    logger.error(name, outcome=outcome, request_id=request_id, where=where)
