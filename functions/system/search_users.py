"""GET /system/users/search (Y1)."""

from __future__ import annotations

from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.pages import DirectoryPage, DirectoryRequest, read_users_page
from rollcall.directory.segment import Segment
from rollcall.directory.selections import select_users
from rollcall.grants.scopes import Scope
from rollcall.kit.call import Call
from rollcall.system_operations import system_operation


@system_operation(
    "GET /system/users/search", permission=Scope.USERS, timeout=29, reads=[*DIRECTORY, Segment]
)
def search_users(request: DirectoryRequest, call: Call) -> DirectoryPage:
    """Search users, with the filters, sort orders, pages and cursors of GET /admin/users."""
    database = open_directory(call)
    return read_users_page(call, database, select_users(call, database, request), request)
