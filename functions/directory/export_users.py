"""GET /admin/users/export (B3)."""

from __future__ import annotations

from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.export import Export, ExportFile
from rollcall.directory.export_files import Selected
from rollcall.directory.export_steps import Exporter, ExportProgress, ExportRequest, UsersFile
from rollcall.directory.segment import Segment
from rollcall.directory.selections import select_users
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.operations import operation


@operation(
    "GET /admin/users/export",
    permission=Permission.USER_EXPORT,
    timeout=29,
    reads=[*DIRECTORY, Segment],
    writes=[Export, ExportFile],
)
def export_users(request: ExportRequest, call: Call) -> UsersFile | ExportProgress:
    """Take users away as a file: all columns and filters of the list, and any number of users.

    Up to 1,000 users are the answer's own body, if that is not too large. For more, 202 says how
    many are written: while it is running, send the same request again with its cursor; when it is
    complete, the file is at the link for 15 minutes. Who has exported what is in the journal.

    In CSV an apostrophe stands before what a spreadsheet would run, before an apostrophe at the
    beginning, and alone for a text that is empty; a cell without anything says that there is no
    value. Lists have semicolons between their elements; within one, a backslash comes before
    semicolons and backslashes.
    """
    database = open_directory(call)
    condition = select_users(call, database, request)
    selected = Selected(database, condition, request.order, request.chosen, request.format)
    return Exporter(call, selected, request).go_on(database.folder)
