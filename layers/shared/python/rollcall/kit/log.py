"""One structured line a call; never an event, a body, a token or a value (I17)."""

from __future__ import annotations

import traceback

from aws_lambda_powertools.logging import Logger

logger = Logger(service="rollcall", utc=True)


def log_call(name: str, *, outcome: str, request_id: str, actor_id: str = "") -> None:
    """The line that every call leaves."""
    logger.info(name, outcome=outcome, request_id=request_id, actor_id=actor_id)


def log_failure(name: str, error: BaseException, *, request_id: str) -> None:
    """An error that nobody foresaw: its type, AWS's code when it is a refusal of theirs, and where
    it arose. Its message may hold what a user typed, so it is left out.
    """
    where = [line.strip() for line in traceback.format_tb(error.__traceback__)]
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    outcome = " ".join(filter(None, (type(error).__name__, code)))
    logger.error(name, outcome=outcome, request_id=request_id, where=where)
