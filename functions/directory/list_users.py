"""GET /admin/users (U2, U3, U4)."""

from __future__ import annotations

from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.pages import DirectoryPage, DirectoryRequest, read_users_page
from rollcall.directory.segment import Segment
from rollcall.directory.selections import select_users
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.operations import operation


@operation(
    "GET /admin/users", permission=Permission.USER_LIST, timeout=29, reads=[*DIRECTORY, Segment]
)
def list_users(request: DirectoryRequest, call: Call) -> DirectoryPage:
    """List users, filtered, sorted and paged, with the exact total.

    All filters can be combined. Soft-deleted users are excluded unless a filter names their status.
    Pagination by cursor has no gaps while users change.
    """
    database = open_directory(call)
    return read_users_page(call, database, select_users(call, database, request), request)
