"""GET /admin/users/stats (A3)."""

from __future__ import annotations

from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.intervals import CalendarRequest
from rollcall.directory.segment import Segment
from rollcall.directory.selections import read_selection
from rollcall.directory.statistics import UserStatistics, count_statistics
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.operations import operation


class GetUserStatistics(CalendarRequest):
    """Filters for the users, and the time zone of today."""


@operation(
    "GET /admin/users/stats",
    permission=Permission.USER_LIST,
    timeout=29,
    reads=[*DIRECTORY, Segment],
)
def get_user_statistics(request: GetUserStatistics, call: Call) -> UserStatistics:
    """Count users by status, type, verification and sign-in.

    Counts the users that match the filters, as in the list. Soft-deleted users count only in
    byStatus, unless a filter selects them. Permanently deleted users are not counted. "Last 7 days"
    is the last 7 times 24 hours; today begins at midnight in calendarTimeZone.
    """
    database = open_directory(call)
    selection = read_selection(call, database, request)
    return count_statistics(database, selection, call.now, request.zone)
