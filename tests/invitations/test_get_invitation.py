"""GET /admin/invitations/{invitationId} (I2, I17)."""

from __future__ import annotations

from functions.invitations.get_invitation import get_invitation
from tests.world.world import World


def test_invitation_is_shown_with_its_current_status_and_without_its_hash(world: World) -> None:
    invitation = world.add_invitation("invited@example.com")

    before = world.invoke(get_invitation, path={"invitation_id": invitation.id})
    world.clock.advance(days=7)
    after = world.invoke(get_invitation, path={"invitation_id": invitation.id})

    assert (before.body["status"], after.body["status"]) == ("pending", "expired")
    assert before.headers["ETag"] == '"1"'
    assert after.headers["ETag"].startswith('"1-')  # the same version, but another answer
    assert invitation.token_hash not in repr(before.body)


def test_unknown_invitation_is_not_found(world: World) -> None:
    reply = world.invoke(get_invitation, path={"invitation_id": "inv_none"})
    assert (reply.status, reply.code) == (404, "invitation_not_found")
