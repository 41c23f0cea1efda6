"""Bulk work: each row has its own transaction and its own result (207 Multi-Status)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from rollcall.kit.call import Call
from rollcall.kit.errors import Problem, StillContended, Unavailable
from rollcall.kit.model import Answer, Model
from rollcall.kit.retry import retry_contended


class RowError(Model):
    """The error of one field of a row."""

    field: str
    message: str
    code: str


class RowProblem(Model):
    """Why a row failed: the problem details (RFC 9457) of a request for this row alone."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[RowError, ...]
    request_id: str


class RowResult(Model):
    """The result of one row."""

    id: str
    status: Annotated[int, Field(description="The status of a request for this row alone.")]
    problem: RowProblem | None = None


class RowResults(Answer):
    """The result of each row, in the order of the request."""

    results: tuple[RowResult, ...]


def process_row(call: Call, row_id: str, action: Callable[[Call], int]) -> RowResult:
    """Run the action for one row; it returns the row's status. A Problem becomes the row's result.

    Raises the errors that affect all rows: Unavailable, and Unauthenticated or Forbidden when the
    caller's permissions were revoked. The caller then sends all rows again, so the action must be
    idempotent.
    """

    def attempt() -> RowResult:
        part = call.part()
        try:
            return RowResult(id=row_id, status=action(part))
        except Unavailable:
            raise
        except Problem as problem:
            return _refused(call, row_id, problem)

    try:
        return retry_contended(attempt)
    except StillContended as problem:
        return _refused(call, row_id, problem)


def _refused(call: Call, row_id: str, problem: Problem) -> RowResult:
    body = RowProblem.model_validate(problem.body(call.request_id))
    return RowResult(id=row_id, status=problem.status, problem=body)
