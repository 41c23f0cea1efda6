"""Work that is done row by row: each row in a transaction of its own, with an outcome of its own
(207 Multi-Status).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from rollcall.kit.call import Call
from rollcall.kit.errors import Problem, StillContended, Unavailable
from rollcall.kit.model import Answer, Model
from rollcall.kit.retry import retry_contended


class RowError(Model):
    """What is wrong with one field of a row."""

    field: str
    message: str
    code: str


class RowProblem(Model):
    """Why a row was refused: the problem details (RFC 9457) of its own request."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[RowError, ...]
    request_id: str


class RowResult(Model):
    """What became of one row."""

    id: str
    status: Annotated[int, Field(description="What a request for this row alone would answer.")]
    problem: RowProblem | None = None


class RowResults(Answer):
    """What became of each row, in the order in which they were sent."""

    results: tuple[RowResult, ...]


def do_row(call: Call, row_id: str, deed: Callable[[Call], int]) -> RowResult:
    """Do the work for one row, which tells its status; a refusal is the row's own.

    Raises what concerns all rows alike: Unavailable, and Unauthenticated or Forbidden when the
    caller has lost the right to go on. Rows must be safe to do again, because then all are sent
    again.
    """

    def attempt() -> RowResult:
        part = call.part()
        try:
            return RowResult(id=row_id, status=deed(part))
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
