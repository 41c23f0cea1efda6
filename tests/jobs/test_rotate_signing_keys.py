"""Links and cursors outlive a rotation of the signing keys."""

from __future__ import annotations

from functions.invitations.invite_user import invite_user
from functions.invitations.view_invitation import view_invitation
from functions.jobs.rotate_signing_keys import rotate_signing_keys
from rollcall.kit.key_rotation import KINDS, ROTATED_AFTER
from tests.world.world import World


def rotate(world: World) -> int:
    world.clock.advance(days=ROTATED_AFTER.days)
    return rotate_signing_keys.run(world.runtime).rotated


def test_run_reports_the_keys_that_it_has_rotated(world: World) -> None:
    assert rotate(world) == len(KINDS)
    assert rotate_signing_keys.run(world.runtime).rotated == 0


def test_link_that_is_mailed_after_a_rotation_is_the_one_that_was_made_before(
    world: World,
) -> None:
    world.clock.advance(days=ROTATED_AFTER.days - 1)
    world.invoke(invite_user, body={"email": "new@example.com"})
    world.clock.advance(days=1)
    assert rotate_signing_keys.run(world.runtime).rotated
    world.drain()
    (mail,) = world.mails()
    token = next(word for word in mail.text.split() if word.startswith("inv_"))
    reply = world.invoke(view_invitation, path={"token": token})
    assert (reply.status, reply.body["email"]) == (200, "new@example.com")
