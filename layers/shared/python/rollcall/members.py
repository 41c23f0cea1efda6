"""Users by what they have been given: the rows of an index, with the users whom they name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rollcall.grants import MEMBERS
from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.paging import Listing, ListRequest, Pagination, read_page
from rollcall.kit.table import Table
from rollcall.users import User


class Member(NamedTuple):
    """One user in a group or an organization."""

    row: Item
    """The membership as it is stored."""
    user: User
    """The user's own item, without any grants."""


def read_members(
    call: Call, subject_id: str, request: ListRequest, total: int
) -> tuple[list[Member], Pagination]:
    """A page of the members of a group or an organization, in the order of their ids: one Query
    and one BatchGetItem, whatever its size.
    """
    rows, pagination = read_page(call, Listing("gsi1", f"{MEMBERS}{subject_id}"), request, total)
    users = load_users(call.table, (str(row["userId"]) for row in rows))
    known = [Member(row, users[row["userId"]]) for row in rows if row["userId"] in users]
    return known, pagination


def load_users(table: Table, ids: Iterable[str]) -> dict[str, User]:
    """Those of the users who exist, by id, without their grants."""
    items = table.get_items([User.key_of(each) for each in dict.fromkeys(ids)])
    users = (User.model_validate(item) for item in items.values())
    return {user.id: user for user in users if user.exists}
