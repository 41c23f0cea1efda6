"""Members of groups and organizations: the rows of an index, with their users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

from rollcall.grants.grant import MEMBERS, Period
from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.model import Answer
from rollcall.kit.paging import Listing, ListRequest, Pagination, read_page
from rollcall.kit.table import Table
from rollcall.users.statuses import Status
from rollcall.users.user import User


class Member(NamedTuple):
    """One user in a group or an organization."""

    row: Item
    """The stored membership."""
    user: User
    """The user, without grants."""


class MemberAnswer(Period, Answer):
    """A user in a group or an organization, with the period. Subclasses add the role."""

    user_id: str
    name: str | None = None
    email: str | None = None
    username: str | None = None
    status: Status

    @classmethod
    def of(cls, member: Member) -> Self:
        """The answer for a member, from the membership and the user."""
        shown = ("name", "email", "username", "status")
        user = {name: getattr(member.user, name) for name in shown}
        return cls.model_validate({**member.row, **user})


def read_members(
    call: Call, subject_id: str, request: ListRequest, total: int
) -> tuple[list[Member], Pagination]:
    """A page of the members of a group or an organization, sorted by id, without soft-deleted
    users: one Query and one BatchGetItem for any page size, unless users are left out.
    """
    listing = Listing("gsi1", f"{MEMBERS}{subject_id}", without="hidden")
    rows, pagination = read_page(call, listing, request, total)
    users = load_users(call.table, (str(row["userId"]) for row in rows))
    known = [Member(row, users[row["userId"]]) for row in rows if row["userId"] in users]
    return known, pagination


def load_users(table: Table, ids: Iterable[str]) -> dict[str, User]:
    """The users who exist, by id, without their grants."""
    items = table.get_items([User.key_of(each) for each in dict.fromkeys(ids)])
    users = (User.model_validate(item) for item in items.values())
    return {user.id: user for user in users if user.exists}
