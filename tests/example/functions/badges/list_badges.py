"""GET /admin/users/{userId}/badges: an operation of the shop's own."""

from __future__ import annotations

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.paging import Page, PageRequest, paginate
from rollcall.operations import operation
from rollcall.users.user import User
from shop.badge import Badge, BadgeAnswer, find_badges


class ListBadges(PageRequest):
    """The user, and the page of the badges."""

    user_id: Id


class BadgePage(Page[BadgeAnswer]):
    """A page of badges, oldest first."""


@operation(
    "GET /admin/users/{user_id}/badges", permission=Permission.USER_ANNOTATE, reads=[User, Badge]
)
def list_badges(request: ListBadges, call: Call) -> BadgePage:
    """List the badges of a user, oldest first."""
    user = call.table.load(User, request.user_id)
    badges, pagination = paginate(find_badges(call.table, user.id), request)
    return BadgePage(items=tuple(map(BadgeAnswer.of, badges)), pagination=pagination)
