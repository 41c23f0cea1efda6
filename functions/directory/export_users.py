"""GET /admin/users/export (B3)."""

from __future__ import annotations

from rollcall.directory.directory import ALL_READ_WITHIN, DIRECTORY, open_directory
from rollcall.directory.export import Export, ExportFile
from rollcall.directory.export_files import Selected
from rollcall.directory.export_steps import Exporter, ExportProgress, ExportRequest, UsersFile
from rollcall.directory.segment import Segment
from rollcall.directory.selections import refuse_skipped, select_users
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.operations import operation


@operation(
    "GET /admin/users/export",
    permission=Permission.USER_EXPORT,
    fresh_sign_in=True,
    timeout=29,
    reads=[*DIRECTORY, Segment],
    writes=[Export, ExportFile],
)
def export_users(request: ExportRequest, call: Call) -> UsersFile | ExportProgress:
    """Export users to a file, with all columns and filters of the list and any number of users.

    Up to 1,000 users are the body of the response, if it is not too large. For more users, the
    response 202 has the number of users written so far. While the export is running, repeat the
    request with its cursor; when it is complete, the file is at the link for 15 minutes. The
    journal records who exported what. Filters that lists skip, because their facts are unknown or
    out of date, are refused unless allowSkipped is true.

    In CSV, an apostrophe precedes a value that a spreadsheet would run as a formula and a value
    that begins with an apostrophe; a lone apostrophe is an empty text, and an empty cell has no
    value. The elements of lists are separated by semicolons; within an element, a backslash
    precedes semicolons and backslashes.
    """
    database = open_directory(call, answers_within=ALL_READ_WITHIN)
    condition = select_users(call, database, request)
    if not request.allow_skipped:
        refuse_skipped(condition)
    selected = Selected(database, condition, request.order, request.chosen, request.format)
    return Exporter(call, selected, request).go_on(database.folder)
