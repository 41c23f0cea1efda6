"""POST /invitations/{token}/accept (I3, I14, I17)."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest

from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.cancel_invitation import cancel_invitation
from functions.invitations.resend_invitation import resend_invitation
from functions.users.delete_user import delete_user
from functions.users.disable_user import disable_user
from functions.users.get_me import get_me
from functions.users.suspend_user import suspend_user
from rollcall.invitations.invitation import Invitation
from rollcall.kit.operation import Operation
from rollcall.users.statuses import Status
from tests.world.aws_edge import failing, watched
from tests.world.gateway import Reply
from tests.world.world import World

PASSWORD = "TempPass123!"
BODY = {"name": "Invited User", "password": PASSWORD}


def accept(world: World, token: str, key: str = "", **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return world.invoke(
        accept_invitation, path={"token": token}, body={**BODY, **body}, headers=headers
    )


def invited(world: World, **fields: Any) -> tuple[Invitation, str]:
    """An invitation and its token."""
    invitation = world.add_invitation(**fields)
    return invitation, world.token_of(invitation)


def test_accepting_user_is_active_and_can_sign_in_immediately(world: World) -> None:
    group_id = world.add_group("Editors")
    invitation, token = invited(world)
    world.join_group(invitation.user_id, group_id)

    with watched(world.aws) as seen:
        reply = accept(world, token, username="chosen")

    assert reply.status == 200
    assert (reply.body["status"], reply.body["username"]) == ("active", "chosen")
    user = world.user(invitation.user_id)
    assert (user.status, user.name, user.username) == (Status.ACTIVE, "Invited User", "chosen")
    assert user.group_ids == (group_id,)
    assert user.in_step
    (told,) = (call.parameters for call in seen if call.operation == "AdminSetUserPassword")
    assert (told["Password"], told["Permanent"]) == (PASSWORD, True)
    account = world.account(user.id)
    assert account is not None
    assert (account["status"], account["preferred_username"]) == ("CONFIRMED", "chosen")
    assert world.invoke(get_me, caller=user.id).status == 200


def test_session_from_before_the_acceptance_has_ended(world: World) -> None:
    invitation, token = invited(world)
    before = world.clock.now
    world.sign_in(invitation.user_id)

    with watched(world.aws) as seen:
        assert accept(world, token).status == 200

    old = world.invoke(get_me, caller=invitation.user_id, signed_in_at=before)
    assert (old.status, old.code) == (401, "session_ended")
    assert "AdminUserGlobalSignOut" in {call.operation for call in seen}
    world.clock.advance(seconds=1)
    assert world.invoke(get_me, caller=invitation.user_id).status == 200


def test_default_username_is_that_of_the_invitation(world: World) -> None:
    invitation, token = invited(world, username="proposed")

    assert accept(world, token).body["username"] == "proposed"
    assert world.user(invitation.user_id).username == "proposed"


def test_journal_has_the_accepting_user_and_the_address(world: World) -> None:
    invitation, token = invited(world)

    accept(world, token)

    for target in (invitation.id, invitation.user_id):
        entry = world.journal(target)[-1]
        assert (entry.action, entry.actor.kind) == ("accept_invitation", "user")
        assert (entry.actor.id, entry.actor.ip_address) == (invitation.user_id, "192.0.2.7")


def test_link_works_once(world: World) -> None:
    invitation, token = invited(world)
    first = accept(world, token)

    again = accept(world, token, password="Another-Word-8", name="Somebody Else")

    assert (first.status, again.status, again.code) == (200, 410, "invitation_accepted")
    assert world.user(invitation.user_id).name == "Invited User"
    assert world.invitation(invitation.id).version == 2


def test_resent_link_invalidates_the_previous_one(world: World) -> None:
    invitation, token = invited(world)
    world.invoke(resend_invitation, path={"invitation_id": invitation.id})

    reply = accept(world, token)

    assert (reply.status, reply.code) == (404, "link_not_found")
    assert accept(world, world.token_of(world.invitation(invitation.id))).status == 200


def test_link_expires_to_the_millisecond(world: World) -> None:
    invitation, token = invited(world)
    world.clock.now = invitation.ends_at

    assert accept(world, token).code == "invitation_expired"

    world.clock.advance(milliseconds=-1)
    assert accept(world, token).status == 200


def by_admin(operation: Operation[Any, Any]) -> Callable[[World, Invitation], object]:
    """What an admin does about the user."""
    return lambda world, invitation: world.invoke(operation, path={"user_id": invitation.user_id})


def cancel(world: World, invitation: Invitation) -> object:
    return world.invoke(cancel_invitation, path={"invitation_id": invitation.id})


def delete_softly(world: World, invitation: Invitation) -> object:
    return world.invoke(delete_user, path={"user_id": invitation.user_id}, query={"mode": "soft"})


ENDINGS = {
    "cancelled": cancel,
    "user disabled": by_admin(disable_user),
    "user suspended": by_admin(suspend_user),
    "user deleted": by_admin(delete_user),
    "user deleted softly": delete_softly,
}


@pytest.mark.parametrize("drained", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_link_is_invalid_when_the_user_is_no_longer_invited(
    world: World, ending: str, drained: bool
) -> None:
    invitation, token = invited(world)
    ENDINGS[ending](world, invitation)
    if drained:
        world.drain()

    reply = accept(world, token)

    assert (reply.status, reply.code) == (410, "invitation_cancelled")
    assert world.user(invitation.user_id).status is not Status.ACTIVE


def test_weak_password_is_refused_first_and_the_link_still_works(world: World) -> None:
    _, token = invited(world)
    stored = [item for item in world.items() if not item["pk"].startswith("THROTTLE#")]

    reply = accept(world, token, password="short")

    assert (reply.status, reply.fields) == (422, ["password"])
    assert [i for i in world.items() if not i["pk"].startswith("THROTTLE#")] == stored
    assert accept(world, token).status == 200


def test_taken_username_is_refused_and_the_link_still_works(world: World) -> None:
    world.add_user(username="taken")
    _, token = invited(world)

    assert accept(world, token, username="taken").code == "username_taken"
    assert accept(world, token, username="free").status == 200


def test_password_that_cognito_refuses_leaves_the_invitation_as_it_was(world: World) -> None:
    invitation, token = invited(world)
    code = "InvalidPasswordException"
    with failing(world.aws, "cognito-idp", "AdminSetUserPassword", code=code):
        reply = accept(world, token)

    assert (reply.status, reply.code) == (422, "password_refused")
    assert world.user(invitation.user_id).status is Status.INVITED
    assert world.invitation(invitation.id).status == "pending"
    assert accept(world, token).status == 200


def test_acceptance_during_an_outage_of_cognito_is_finished_by_the_same_request(
    world: World,
) -> None:
    invitation, token = invited(world)
    with failing(world.aws, "cognito-idp"):
        assert accept(world, token, key="once").code == "identity_unavailable"

    assert accept(world, token, key="once").status == 200

    account = world.account(invitation.user_id)
    assert account is not None
    assert account["status"] == "CONFIRMED"
    assert accept(world, token, key="once", name="Another").fields == ["Idempotency-Key"]


def test_token_and_password_are_in_no_log_and_in_no_item(world: World, logged: StringIO) -> None:
    invitation, token = invited(world)
    accept(world, token, name="")
    accept(world, token)
    accept(world, token)
    world.drain()

    told = logged.getvalue() + repr(world.items())
    secret = token.removeprefix(invitation.id)
    assert secret not in told
    assert PASSWORD not in told
