"""DELETE /admin/invitations/{invitationId} (I2)."""

from __future__ import annotations

from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.cancel_invitation import cancel_invitation
from functions.invitations.invite_user import invite_user
from functions.users.enable_user import enable_user
from rollcall.grants.permissions import Permission
from rollcall.kit.entity import Entity
from rollcall.users.statuses import Status
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import World

EMAIL = "invited@example.com"


def cancel(world: World, invitation: Entity, caller: str = "") -> Reply:
    return world.invoke(cancel_invitation, caller=caller, path={"invitation_id": invitation.id})


def test_user_is_deleted_with_the_invitation_and_the_address_is_free_again(world: World) -> None:
    group_id = world.add_group("Editors")
    invitation = world.add_invitation(EMAIL)
    world.join_group(invitation.user_id, group_id)

    reply = cancel(world, invitation)

    assert (reply.status, reply.body["status"]) == (200, "cancelled")
    assert world.user(invitation.user_id).erased
    assert world.account(invitation.user_id) is None
    world.drain()
    assert world.group(group_id).member_count == 0
    assert world.invoke(invite_user, body={"email": EMAIL}).status == 201


def test_user_and_invitation_end_together_and_the_account_follows_after_an_outage(
    world: World,
) -> None:
    invitation = world.add_invitation()
    with failing(world.aws, "cognito-idp"):
        assert cancel(world, invitation).code == "identity_unavailable"
    assert world.invitation(invitation.id).status == "cancelled"
    assert world.user(invitation.user_id).erased

    world.drain()

    assert world.account(invitation.user_id) is None


def test_accepted_invitation_cannot_be_cancelled(world: World) -> None:
    invitation = world.add_invitation()
    body = {"name": "Invited User", "password": "TempPass123!"}
    world.invoke(accept_invitation, path={"token": world.token_of(invitation)}, body=body)

    assert cancel(world, invitation).code == "invitation_accepted"
    assert world.user(invitation.user_id).status is Status.ACTIVE


def test_cancelling_twice_has_the_same_result(world: World) -> None:
    invitation = world.add_invitation()

    assert cancel(world, invitation).body == cancel(world, invitation).body


def test_user_activated_by_an_admin_is_not_deleted(world: World) -> None:
    invitation = world.add_invitation()
    world.invoke(enable_user, path={"user_id": invitation.user_id})

    assert cancel(world, invitation).body["status"] == "cancelled"
    assert world.user(invitation.user_id).status is Status.ACTIVE


def test_invitation_of_a_superior_cannot_be_cancelled(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_INVITE,))
    invitation = world.add_invitation(is_admin=True)

    assert cancel(world, invitation, caller.id).code == "target_outranks_caller"
    assert world.invitation(invitation.id).status == "pending"
