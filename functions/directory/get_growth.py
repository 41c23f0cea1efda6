"""GET /admin/analytics/growth (A4)."""

from __future__ import annotations

from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.growth import Growth, GrowthRequest, count_growth
from rollcall.directory.segment import Segment
from rollcall.directory.selections import select_users
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.operations import operation


@operation(
    "GET /admin/analytics/growth",
    permission=Permission.USER_LIST,
    timeout=29,
    reads=[*DIRECTORY, Segment],
)
def get_growth(request: GrowthRequest, call: Call) -> Growth:
    """Count the users created in each day, week, month, quarter or year, and the total at its end.

    Counts the users that match the filters now, as in the list. Users who have been deleted since
    are not counted for the past. Soft-deleted users are counted only when a filter selects them.
    """
    starts = request.starts(call.now)
    database = open_directory(call)
    condition = select_users(call, database, request)
    return Growth(
        interval=request.interval,
        calendar_time_zone=request.calendar_time_zone,
        items=count_growth(database, condition, starts, request.zone),
        skipped_filters=condition.skipped or None,
    )
