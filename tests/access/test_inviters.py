"""An invitation grants only what its inviter holds when it is accepted (I9, I11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.groups.update_group import update_group
from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.get_invitation import get_invitation
from functions.invitations.invite_user import invite_user
from functions.invitations.resend_invitation import resend_invitation
from functions.invitations.view_invitation import view_invitation
from functions.roles.replace_user_permissions import replace_user_permissions
from functions.users.delete_user import delete_user
from functions.users.demote_user import demote_user
from functions.users.disable_user import disable_user
from functions.users.suspend_user import suspend_user
from rollcall.grants.permissions import Permission
from rollcall.kit.operation import Operation
from rollcall.users.statuses import Status
from tests.world.gateway import Reply
from tests.world.world import World

GRANTED = Permission.USER_DELETE


def invite_by(world: World, inviter_id: str, **body: object) -> str:
    body = {"email": "invited@example.com", **body}
    reply = world.invoke(invite_user, caller=inviter_id, body=body)
    assert reply.status == 201
    world.drain()
    return str(reply.body["id"])


def accept(world: World, invitation_id: str) -> Reply:
    token = world.token_of(world.invitation(invitation_id))
    body = {"name": "Invited User", "password": "TempPass123!"}
    return world.invoke(accept_invitation, path={"token": token}, body=body)


def act(operation: Operation[Any, Any]) -> Callable[[World, str], None]:
    def run(world: World, user_id: str) -> None:
        assert world.invoke(operation, path={"user_id": user_id}).status == 200

    return run


def delete_softly(world: World, user_id: str) -> None:
    world.invoke(delete_user, path={"user_id": user_id}, query={"mode": "soft"})


def take_what_is_passed_on(world: World, user_id: str) -> None:
    body = {"permissions": ["user.invite"]}
    world.invoke(replace_user_permissions, path={"user_id": user_id}, body=body)


def take_inviting(world: World, user_id: str) -> None:
    body = {"permissions": [GRANTED]}
    world.invoke(replace_user_permissions, path={"user_id": user_id}, body=body)


LOSSES = {
    "disabled": act(disable_user),
    "suspended": act(suspend_user),
    "deleted": act(delete_user),
    "deleted softly": delete_softly,
    "without what it grants": take_what_is_passed_on,
    "without the permission to invite": take_inviting,
}


@pytest.mark.parametrize("drained", [False, True], ids=["at once", "after the reaction"])
@pytest.mark.parametrize("loss", LOSSES)
def test_invitation_ends_with_the_rights_of_the_inviter(
    world: World, loss: str, drained: bool
) -> None:
    inviter = world.add_user(permissions=(Permission.USER_INVITE, GRANTED))
    invitation_id = invite_by(world, inviter.id, permissions=[GRANTED])
    LOSSES[loss](world, inviter.id)
    if drained:
        world.drain()
        shown = world.invoke(get_invitation, path={"invitation_id": invitation_id})
        assert shown.body["status"] == "withdrawn"

    reply = accept(world, invitation_id)
    token = world.token_of(world.invitation(invitation_id))
    viewed = world.invoke(view_invitation, path={"token": token})

    assert (reply.status, reply.code) == (410, "invitation_withdrawn")
    assert (viewed.status, viewed.code) == (410, "invitation_withdrawn")
    assert world.user(world.invitation(invitation_id).user_id).status is Status.INVITED


def test_demoted_admin_grants_nothing_any_more(world: World) -> None:
    inviter = world.add_user(is_admin=True)
    invitation_id = invite_by(world, inviter.id, permissions=[GRANTED])
    act(demote_user)(world, inviter.id)
    assert accept(world, invitation_id).code == "invitation_withdrawn"


def test_what_a_group_has_stopped_granting_to_the_inviter_is_not_passed_on(world: World) -> None:
    inviter = world.add_user(permissions=(Permission.USER_INVITE,))
    group_id = world.add_group("Deleters", GRANTED)
    world.join_group(inviter.id, group_id)
    invitation_id = invite_by(world, inviter.id, permissions=[GRANTED])
    world.invoke(update_group, path={"group_id": group_id}, body={"permissions": []})
    assert accept(world, invitation_id).code == "invitation_withdrawn"


def test_invitation_works_while_the_inviter_holds_what_it_grants(world: World) -> None:
    inviter = world.add_user(permissions=(Permission.USER_INVITE, GRANTED))
    assert accept(world, invite_by(world, inviter.id, permissions=[GRANTED])).status == 200


def test_what_another_admin_has_granted_since_does_not_depend_on_the_inviter(world: World) -> None:
    inviter = world.add_user(permissions=(Permission.USER_INVITE,))
    invitation_id = invite_by(world, inviter.id)
    path = {"user_id": world.invitation(invitation_id).user_id}
    world.invoke(replace_user_permissions, path=path, body={"permissions": [GRANTED]})
    assert accept(world, invitation_id).status == 200


def test_another_admin_resends_a_withdrawn_invitation_as_their_own(world: World) -> None:
    inviter = world.add_user(permissions=(Permission.USER_INVITE, GRANTED))
    invitation_id = invite_by(world, inviter.id, permissions=[GRANTED])
    act(disable_user)(world, inviter.id)
    world.drain()

    reply = world.invoke(resend_invitation, path={"invitation_id": invitation_id})

    assert (reply.body["status"], reply.body["invitedBy"]) == ("pending", world.admin_id)
    assert accept(world, invitation_id).status == 200
