"""POST /admin/invitations/{invitationId}/resend (I2, R4)."""

from __future__ import annotations

from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.resend_invitation import resend_invitation
from functions.lifecycle.replace_lifecycle_policy import replace_lifecycle_policy
from functions.users.delete_user import delete_user
from functions.users.disable_user import disable_user
from functions.users.restore_user import restore_user
from rollcall.grants.permissions import Permission
from rollcall.kit.entity import Entity
from tests.world.gateway import Reply
from tests.world.world import World


def resend(world: World, invitation: Entity, caller: str = "", if_match: str = "") -> Reply:
    headers = {"If-Match": if_match} if if_match else {}
    return world.invoke(
        resend_invitation,
        caller=caller,
        path={"invitation_id": invitation.id},
        headers=headers,
    )


def test_new_link_is_valid_for_seven_more_days(world: World) -> None:
    invitation = world.add_invitation("invited@example.com")
    world.clock.advance(days=8)

    reply = resend(world, invitation)
    world.drain()

    assert (reply.status, reply.body["status"], reply.body["linksSent"]) == (200, "pending", 2)
    assert reply.body["endsAt"] == "2026-01-20T09:00:00.000Z"
    first, second = world.mails()
    assert first.to == second.to == ["invited@example.com"]
    token = world.token_of(world.invitation(invitation.id))
    assert token in second.text
    assert token not in first.text


def test_policy_sets_the_validity_of_new_links_only(world: World) -> None:
    invitation, other = world.add_invitation(), world.add_invitation()
    body = {"endInvitationsAfterDays": 2}
    assert world.invoke(replace_lifecycle_policy, body=body).status == 200

    reply = resend(world, invitation)

    assert reply.body["endsAt"] == "2026-01-07T09:00:00.000Z"
    assert world.invitation(other.id).ends_at == other.ends_at
    world.drain()
    assert "works once, until 2026-01-07 09:00 UTC" in world.mails()[-1].text


def test_only_the_last_of_two_links_is_mailed_if_the_mail_is_late(world: World) -> None:
    invitation = world.add_invitation()
    resend(world, invitation)
    resend(world, invitation)

    world.drain()

    assert len(world.mails()) == 2  # the first one, and the last one
    assert world.token_of(world.invitation(invitation.id)) in world.mails()[-1].text


def test_user_who_is_no_longer_invited_gets_no_link(world: World) -> None:
    accepted, disabled, deleted = (world.add_invitation() for _ in range(3))
    body = {"name": "Invited User", "password": "TempPass123!"}
    world.invoke(accept_invitation, path={"token": world.token_of(accepted)}, body=body)
    world.invoke(disable_user, path={"user_id": disabled.user_id})
    world.invoke(delete_user, path={"user_id": deleted.user_id})

    for each in (accepted, disabled, deleted):
        reply = resend(world, each)
        assert (reply.status, reply.code) == (409, "not_invited")


def test_invited_user_who_was_deleted_and_restored_is_invited_again(world: World) -> None:
    invitation = world.add_invitation()
    user = {"user_id": invitation.user_id}
    world.invoke(delete_user, path=user, query={"mode": "soft"})
    world.drain()
    world.invoke(restore_user, path=user)
    assert world.invitation(invitation.id).status == "cancelled"

    assert resend(world, invitation).body["status"] == "pending"


def test_invitation_with_permissions_that_the_caller_lacks_cannot_be_resent(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_INVITE,))
    invitation = world.add_invitation(is_admin=True)

    assert resend(world, invitation, caller.id).code == "grant_exceeds_own"


def test_stale_version_is_refused(world: World) -> None:
    invitation = world.add_invitation()
    assert resend(world, invitation, if_match='"1"').headers["ETag"] == '"2"'

    assert resend(world, invitation, if_match='"1"').code == "stale_version"


def test_unknown_invitation_is_not_found(world: World) -> None:
    assert resend(world, world.user(world.admin_id)).code == "invitation_not_found"
