"""POST /admin/users/{userId}/badges: an operation of the shop's own."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.text import Line
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.users.user import User
from shop.badge import Badge, BadgeAnswer


class AwardBadge(WriteRequest):
    """The user, and the name of the badge."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "First order"}]})

    user_id: Id
    name: Line


@operation(
    "POST /admin/users/{user_id}/badges",
    permission=Permission.USER_ANNOTATE,
    status=201,
    reads=[User],
    writes=[Badge],
)
def award_badge(request: AwardBadge, call: Call) -> BadgeAnswer:
    """Award a badge to a user."""
    badge = Badge(
        id=call.new_id("bdg"),
        created_at=call.now,
        updated_at=call.now,
        user_id=request.user_id,
        name=request.name,
    )
    present = ConditionCheck.exists(User, request.user_id)
    return call.commit(Change(None, badge), answer=BadgeAnswer.of, requires=[present])
