"""GET /admin/lifecycle-runs (L1)."""

from __future__ import annotations

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.paging import Listing, ListRequest, Page, read_page
from rollcall.lifecycle.runs import RUNS, LifecycleRun, LifecycleRunAnswer
from rollcall.operations import operation


class ListLifecycleRuns(ListRequest):
    """The page of the runs."""


class LifecycleRunPage(Page[LifecycleRunAnswer]):
    """A page of runs, the latest first."""


@operation("GET /admin/lifecycle-runs", permission=Permission.LIFECYCLE_VIEW, reads=[LifecycleRun])
def list_lifecycle_runs(request: ListLifecycleRuns, call: Call) -> LifecycleRunPage:
    """List the runs of the clean-up with their numbers, the latest first."""
    items, pagination = read_page(call, Listing("gsi1", RUNS, newest_first=True), request)
    runs = (LifecycleRunAnswer.of(LifecycleRun.model_validate(item)) for item in items)
    return LifecycleRunPage(items=tuple(runs), pagination=pagination)
