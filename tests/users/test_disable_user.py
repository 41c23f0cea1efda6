"""POST /admin/users/{userId}/disable and /suspend, two statuses of one kind (U9, I4, I10, I13)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.users.disable_user import disable_user
from functions.users.get_me import get_me
from functions.users.suspend_user import suspend_user
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.kit.operation import Operation
from rollcall.users.user import ADMINS
from tests.world.aws_edge import failing, watched
from tests.world.gateway import Reply
from tests.world.world import World

BOTH = pytest.mark.parametrize(
    ("operation", "status"),
    [(disable_user, "inactive"), (suspend_user, "suspended")],
    ids=["disable", "suspend"],
)
type Closing = Operation[Any, Any]


def close(world: World, operation: Closing, user_id: str, caller: str = "") -> Reply:
    return world.invoke(operation, caller=caller, path={"user_id": user_id})


@BOTH
def test_disabled_user_keeps_all_data(world: World, operation: Closing, status: str) -> None:
    group_id = world.add_group("Readers")
    user = world.add_user(name="Some Name", permissions=(Permission.USER_VIEW,))
    user = world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))

    reply = close(world, operation, user.id)

    assert (reply.status, reply.body["status"]) == (200, status)
    kept = world.user(user.id)
    assert (kept.name, kept.group_ids) == ("Some Name", (group_id,))
    assert [each.permission for each in kept.permission_grants] == [Permission.USER_VIEW]


@BOTH
def test_sign_in_is_disabled_and_sessions_end(
    world: World, operation: Closing, status: str
) -> None:
    user = world.add_user()

    with watched(world.aws) as seen:
        close(world, operation, user.id)

    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is False
    assert "AdminUserGlobalSignOut" in {call.operation for call in seen}
    assert world.user(user.id).in_step


@BOTH
def test_issued_token_is_refused_immediately(world: World, operation: Closing, status: str) -> None:
    user = world.add_user()
    assert world.invoke(get_me, caller=user.id).status == 200

    close(world, operation, user.id)

    refused = world.invoke(get_me, caller=user.id)
    assert (refused.status, refused.code) == (403, "account_not_active")
    assert refused.body["detail"] == f"Your account is {status}."


@BOTH
def test_own_account_cannot_be_disabled(world: World, operation: Closing, status: str) -> None:
    world.add_user(is_admin=True)
    reply = close(world, operation, world.admin_id)
    assert (reply.status, reply.code) == (409, "own_account")


@BOTH
def test_last_admin_cannot_be_disabled(world: World, operation: Closing, status: str) -> None:
    caller = world.add_user(permissions=(Permission.ADMIN_ACCESS,))

    reply = close(world, operation, world.admin_id, caller=caller.id)

    assert (reply.status, reply.code) == (409, "last_admin")
    assert world.count(ADMINS) == 1


@BOTH
def test_disabling_twice_creates_one_journal_entry(
    world: World, operation: Closing, status: str
) -> None:
    user = world.add_user()
    close(world, operation, user.id)
    stored = world.stored()

    assert close(world, operation, user.id).status == 200
    assert world.stored() == stored


@BOTH
def test_journal_has_both_statuses(world: World, operation: Closing, status: str) -> None:
    user = world.add_user()
    close(world, operation, user.id)

    entry = world.journal(user.id)[-1]

    assert entry.action == operation.name
    assert (entry.changes["status"].before, entry.changes["status"].after) == ("active", status)


@BOTH
def test_account_is_disabled_in_the_table_during_an_outage_of_cognito(
    world: World, operation: Closing, status: str
) -> None:
    user = world.add_user()

    with failing(world.aws, "cognito-idp"):
        assert close(world, operation, user.id).status == 503
        assert world.invoke(get_me, caller=user.id).code == "account_not_active"

    world.drain()
    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is False


def test_disabled_user_can_be_suspended_and_the_other_way_round(world: World) -> None:
    user = world.add_user()
    for operation, status in ((disable_user, "inactive"), (suspend_user, "suspended")) * 2:
        assert close(world, operation, user.id).body["status"] == status
