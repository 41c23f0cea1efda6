"""GET /system/users/by-ids (Y1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rollcall.directory.answers import find_users
from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.filters import SEPARATED
from rollcall.directory.rows import DirectoryUser
from rollcall.grants.scopes import Scope
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Answer, Request
from rollcall.system_operations import system_operation

IDS_AT_MOST = 100


class ListUsersByIds(Request):
    """The ids of the users."""

    ids: Annotated[
        tuple[Id, ...],
        Field(
            max_length=IDS_AT_MOST,
            description="Repeated, or separated by commas.",
        ),
        SEPARATED,
    ]


class UsersByIds(Answer):
    """The users that exist, and the ids of those that do not, both in the order of the request."""

    items: tuple[DirectoryUser, ...]
    missing: tuple[str, ...]


@system_operation("GET /system/users/by-ids", permission=Scope.USERS, timeout=29, reads=DIRECTORY)
def list_users_by_ids(request: ListUsersByIds, call: Call) -> UsersByIds:
    """Show up to 100 users by their ids, each once, including soft-deleted ones."""
    asked = tuple(dict.fromkeys(request.ids))
    found = find_users(open_directory(call), asked)
    return UsersByIds(
        items=tuple(found[each] for each in asked if each in found),
        missing=tuple(each for each in asked if each not in found),
    )
