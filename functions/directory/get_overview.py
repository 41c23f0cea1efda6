"""GET /admin/analytics/overview (A4)."""

from __future__ import annotations

from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.overview import Overview, OverviewRequest, count_overview
from rollcall.directory.segment import Segment
from rollcall.directory.selections import select_users
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.operations import operation


@operation(
    "GET /admin/analytics/overview",
    permission=Permission.USER_LIST,
    timeout=29,
    reads=[*DIRECTORY, Segment],
)
def get_overview(request: OverviewRequest, call: Call) -> Overview:
    """Compare the users of the present period with those of the previous one.

    Counts the users that match the filters now, as in the list. Users who have been deleted since
    are not counted for the past. Soft-deleted users are counted only when a filter selects them. A
    figure has no comparison where the previous one cannot be determined exactly.
    """
    database = open_directory(call)
    condition = select_users(call, database, request)
    return count_overview(database, condition, request.periods(call.now))
