"""GET /admin/users/field-values (U5)."""

from __future__ import annotations

from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.field_values import FieldValuesRequest, find_values
from rollcall.directory.filter_values import CountedValue
from rollcall.directory.segment import Segment
from rollcall.directory.selections import FilteredAnswer, select_users
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.paging import Pagination
from rollcall.operations import operation


class FieldValues(FilteredAnswer):
    """A page of the values of a field."""

    items: tuple[CountedValue, ...]
    pagination: Pagination


@operation(
    "GET /admin/users/field-values",
    permission=Permission.USER_LIST,
    timeout=29,
    reads=[*DIRECTORY, Segment],
)
def list_field_values(request: FieldValuesRequest, call: Call) -> FieldValues:
    """List the values of one field that contain a text, for autocompletion.

    Values that begin with the text are first, then the others, each sorted by the number of users.
    Only users that match the request's filters count, as in the list. Fields whose values belong to
    one person are excluded, because the list's search finds them, and so are ids, which have their
    own lists.
    """
    database = open_directory(call)
    condition = select_users(call, database, request)
    items, pagination = find_values(database, condition, request)
    return FieldValues(
        items=items, pagination=pagination, skipped_filters=condition.skipped or None
    )
