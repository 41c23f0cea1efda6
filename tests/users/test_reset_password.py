"""POST /admin/users/{userId}/reset-password (U10, I17, R4)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.users.get_me import get_me
from functions.users.reset_password import reset_password
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.aws_edge import failing, watched
from tests.world.gateway import Reply
from tests.world.world import World

TEMPORARY = "TempPass123!"


def reset(world: World, user: User, caller: str = "", key: str = "", **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return world.invoke(
        reset_password,
        caller=caller,
        path={"user_id": user.id},
        body=body or None,
        headers=headers,
    )


def confirmed(world: World, **fields: Any) -> User:
    """A user who has chosen a password."""
    user = world.add_user(**fields)
    world.runtime.identity.set_password(user.id, "Chosen-Before-1", permanent=True)
    return user


@pytest.mark.parametrize(
    ("permanent", "status"), [(False, "FORCE_CHANGE_PASSWORD"), (True, "CONFIRMED")]
)
def test_documented_request_sets_the_password(world: World, permanent: bool, status: str) -> None:
    user = confirmed(world)

    with watched(world.aws) as seen:
        reply = reset(world, user, newPassword=TEMPORARY, permanent=permanent)

    assert (reply.status, reply.body["id"], reply.body["version"]) == (200, user.id, 2)
    (told,) = (call.parameters for call in seen if call.operation == "AdminSetUserPassword")
    assert (told["Password"], told["Permanent"]) == (TEMPORARY, permanent)
    account = world.account(user.id)
    assert account is not None
    assert account["status"] == status
    assert world.user(user.id).in_step


def test_without_a_body_a_reset_code_is_mailed(world: World) -> None:
    user = confirmed(world)

    reply = reset(world, user)

    assert reply.status == 200
    account = world.account(user.id)
    assert account is not None
    assert account["status"] == "RESET_REQUIRED"
    assert world.user(user.id).pending_credential is None


def test_user_who_never_chose_a_password_gets_the_invitation_again(world: World) -> None:
    user = world.add_user()

    with watched(world.aws) as seen:
        assert reset(world, user).status == 200

    (sent,) = (call.parameters for call in seen if call.operation == "AdminCreateUser")
    assert (sent["MessageAction"], sent["DesiredDeliveryMediums"]) == ("RESEND", ["EMAIL"])


def test_federated_user_is_refused_with_a_clear_error(world: World) -> None:
    user = world.add_user()
    world.federate(user.id)
    stored = world.stored()

    for body in ({}, {"newPassword": TEMPORARY}):
        reply = reset(world, user, **body)
        assert (reply.status, reply.code) == (409, "federated_user")
        assert "another provider" in reply.body["detail"]
    assert world.stored() == stored


@pytest.mark.parametrize("body", [{}, {"newPassword": TEMPORARY}])
def test_reset_ends_the_sessions_unless_told_otherwise(world: World, body: dict[str, str]) -> None:
    user = confirmed(world)
    before = world.clock.now
    world.clock.advance(minutes=1)

    assert reset(world, user, **body, endSessions=False).status == 200
    assert world.invoke(get_me, caller=user.id, signed_in_at=before).status == 200

    with watched(world.aws) as seen:
        assert reset(world, user, **body).status == 200
    assert world.invoke(get_me, caller=user.id, signed_in_at=before).code == "session_ended"
    assert world.invoke(get_me, caller=user.id).status == 200, "signed in again right after"
    assert "AdminUserGlobalSignOut" in {call.operation for call in seen}


def test_permanent_requires_a_password(world: World) -> None:
    user = world.add_user()
    reply = reset(world, user, permanent=True)
    assert (reply.status, reply.code) == (422, "invalid")
    assert "newPassword" in reply.body["errors"][0]["message"]


def test_weak_password_is_refused_before_any_write(world: World) -> None:
    user = world.add_user()
    reply = reset(world, user, newPassword="password")
    assert (reply.status, reply.fields) == (422, ["newPassword"])
    assert world.user(user.id) == user


def test_password_of_a_superior_cannot_be_reset(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_RESET_PASSWORD,))
    reply = reset(world, world.user(world.admin_id), caller=caller.id, newPassword=TEMPORARY)
    assert (reply.status, reply.code) == (403, "target_outranks_caller")


def test_password_is_not_in_any_entry_or_row(world: World) -> None:
    user = confirmed(world)

    reset(world, user, key="key-1", newPassword=TEMPORARY)

    assert world.journal(user.id)[-1].action == "reset_password"
    assert TEMPORARY not in str(world.items())


@pytest.mark.parametrize("status", [Status.INACTIVE, Status.SUSPENDED])
def test_no_reset_is_mailed_to_a_user_who_cannot_sign_in(world: World, status: Status) -> None:
    user = confirmed(world, status=status)

    refused = reset(world, user)

    assert (refused.status, refused.code) == (409, "sign_in_closed")
    assert world.user(user.id) == user
    assert reset(world, user, newPassword=TEMPORARY).status == 200


def test_reset_to_an_unverified_address_is_undone(world: World) -> None:
    user = confirmed(world, status=Status.PENDING_VERIFICATION)

    reply = reset(world, user)

    assert (reply.status, reply.code) == (422, "identity_refused")
    assert world.user(user.id).in_step


def test_password_reaches_cognito_when_the_request_is_sent_again(world: World) -> None:
    user = confirmed(world)
    with failing(world.aws, "cognito-idp", "AdminSetUserPassword"):
        assert reset(world, user, key="key-1", newPassword=TEMPORARY).status == 503
    world.drain()
    assert world.user(user.id).pending_credential == "password"

    assert reset(world, user, key="key-1", newPassword=TEMPORARY).status == 200

    assert world.user(user.id).in_step
    assert [entry.action for entry in world.journal(user.id)] == ["add_user", "reset_password"]


def test_mailed_reset_is_finished_by_the_stream(world: World) -> None:
    user = confirmed(world)
    with failing(world.aws, "cognito-idp", "AdminResetUserPassword"):
        assert reset(world, user).status == 503

    world.drain()

    account = world.account(user.id)
    assert account is not None
    assert account["status"] == "RESET_REQUIRED"
    assert world.user(user.id).in_step


def test_stale_version_is_refused(world: World) -> None:
    user = world.add_user()
    reply = world.invoke(reset_password, path={"user_id": user.id}, headers={"If-Match": '"9"'})
    assert (reply.status, reply.code) == (412, "stale_version")


def test_unknown_and_deleted_users_are_refused(world: World) -> None:
    user = world.add_user()
    deleted = world.change_user(user, user.as_deleted(world.clock.now))
    assert reset(world, deleted).code == "user_deleted"
    assert world.invoke(reset_password, path={"user_id": "usr_x"}).code == "user_not_found"
