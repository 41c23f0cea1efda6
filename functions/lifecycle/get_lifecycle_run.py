"""GET /admin/lifecycle-runs/{runId} (L1)."""

from __future__ import annotations

from itertools import islice
from typing import Self

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Answer, Time
from rollcall.kit.paging import Page, PageRequest, Pagination
from rollcall.lifecycle.runs import (
    LifecycleRun,
    LifecycleRunAnswer,
    Outcome,
    Step,
    read_steps,
)
from rollcall.operations import operation


class GetLifecycleRun(PageRequest):
    """The run, and the page of its actions."""

    run_id: Id


class StepAnswer(Answer):
    """The action of the run for one user."""

    number: int
    user_id: str
    outcome: Outcome
    at: Time

    @classmethod
    def of(cls, step: Step) -> Self:
        """The answer about this action."""
        return cls(**dict(step))


class LifecycleRunDetail(LifecycleRunAnswer, Page[StepAnswer]):
    """A run, and a page of its actions, in their order."""


@operation(
    "GET /admin/lifecycle-runs/{run_id}",
    permission=Permission.LIFECYCLE_VIEW,
    reads=[LifecycleRun],
)
def get_lifecycle_run(request: GetLifecycleRun, call: Call) -> LifecycleRunDetail:
    """Show a run of the clean-up: its numbers, and its action for each user."""
    run = call.table.load(LifecycleRun, request.run_id)
    skipped = (request.page - 1) * request.limit
    steps = islice(read_steps(call.table, run.id, skipped), request.limit)
    return LifecycleRunDetail(
        **dict(LifecycleRunAnswer.of(run)),
        items=tuple(map(StepAnswer.of, steps)),
        pagination=Pagination.of(request.page, request.limit, run.steps),
    )
