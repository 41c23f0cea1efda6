"""POST /admin/invitations (I1, I14, R4)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from functions.invitations.invite_user import invite_user
from rollcall.grants.permissions import Permission
from rollcall.kit.tokens import hash_token
from rollcall.users.statuses import Status
from tests.faults.staging import make_foreign_account
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import World

EMAIL = "invited@example.com"


def invite(world: World, caller: str = "", key: str = "", **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return world.invoke(invite_user, caller=caller, body={"email": EMAIL, **body}, headers=headers)


def test_person_is_invited_with_groups_organizations_roles_and_permissions(world: World) -> None:
    group_id, role_id = world.add_group("Editors"), world.add_role("Support")
    organization_id = world.add_organization("Acme")

    reply = invite(
        world,
        name="New Colleague",
        message="Welcome!",
        groups=[group_id],
        roles=[role_id],
        permissions=["user.view"],
        organizations=[{"organizationId": organization_id}],
    )

    assert reply.status == 201
    assert (reply.body["status"], reply.body["linksSent"]) == ("pending", 1)
    assert reply.body["endsAt"] == "2026-01-12T09:00:00.000Z"
    assert reply.body["invitedBy"] == world.admin_id
    user = world.user(reply.body["userId"])
    assert (user.status, user.name, user.username) == (Status.INVITED, "New Colleague", "invited")
    (place,) = user.organization_memberships
    assert (user.group_ids, place.organization_id) == ((group_id,), organization_id)
    assert [each.role_id for each in user.role_grants] == [role_id]
    assert [each.permission for each in user.permission_grants] == [Permission.USER_VIEW]
    assert world.group(group_id).member_count == 1


def test_account_gets_an_unknown_password_and_cognito_sends_no_mail(
    world: World,
) -> None:
    user_id = invite(world).body["userId"]

    account = world.account(user_id)
    assert account is not None
    assert (account["status"], account["email_verified"]) == ("FORCE_CHANGE_PASSWORD", "true")
    assert world.user(user_id).in_step


def test_link_is_mailed_and_only_its_hash_is_stored(world: World) -> None:
    reply = invite(world, message="Welcome to the team!")

    world.drain()

    (mail,) = world.mails()
    assert mail.to == [EMAIL]
    assert "Welcome to the team!" in mail.text
    found = re.search(r"inv_\w+", mail.text)
    assert found is not None
    assert world.invitation(reply.body["id"]).token_hash == hash_token(found[0])
    assert found[0] not in repr(world.items())
    assert "tokenHash" not in reply.body


def test_invitation_and_user_have_one_journal_entry_each_with_the_same_actor(world: World) -> None:
    reply = invite(world, reason="Starts on Monday")

    entries = [*world.journal(reply.body["id"]), *world.journal(reply.body["userId"])]
    told = [(each.action, each.actor.id, each.reason) for each in entries]
    assert told == [("invite_user", world.admin_id, "Starts on Monday")] * 2


def test_taken_address_is_refused_and_nothing_is_written(world: World) -> None:
    world.add_user(EMAIL)
    stored = world.items()

    reply = invite(world)

    assert (reply.status, reply.code, reply.fields) == (409, "email_taken", ["email"])
    assert world.items() == stored


def test_generated_username_is_free(world: World) -> None:
    world.add_user(username="invited")

    assert world.user(invite(world).body["userId"]).username == "invited2"


@pytest.mark.parametrize("way", ["permissions", "roles", "groups", "organizations"])
def test_invitation_cannot_grant_permissions_that_the_caller_lacks(world: World, way: str) -> None:
    caller = world.add_user(permissions=(Permission.USER_INVITE,))
    role_id = world.add_role("Strong", Permission.USER_DELETE)
    place = {"organizationId": world.add_organization("Acme"), "roleId": role_id}
    given: dict[str, Any] = {
        "permissions": ["user.delete"],
        "roles": ["rol_system"],
        "groups": [world.add_group("Strong", Permission.USER_DELETE)],
        "organizations": [place],
    }

    reply = invite(world, caller.id, **{way: given[way]})

    assert (reply.status, reply.code) == (403, "grant_exceeds_own")
    assert world.users_with_email(EMAIL) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"groups": ["grp_none"]}, "group_not_found"),
        ({"roles": ["rol_none"]}, "role_not_found"),
        ({"organizations": [{"organizationId": "org_none"}]}, "organization_not_found"),
    ],
)
def test_unknown_groups_and_roles_cannot_be_granted(
    world: World, given: dict[str, Any], code: str
) -> None:
    reply = invite(world, **given)

    assert (reply.status, reply.code) == (404, code)
    assert world.users_with_email(EMAIL) == []


def test_unknown_field_is_refused(world: World) -> None:
    reply = invite(world, password="TempPass123!")

    assert (reply.status, reply.fields) == (422, ["password"])


def test_invitation_refused_by_cognito_is_undone_completely(world: World) -> None:
    make_foreign_account(world, EMAIL)

    reply = invite(world)

    assert (reply.status, reply.code) == (422, "unknown_account_holds_alias")
    assert world.users_with_email(EMAIL) == []
    assert not [item for item in world.items() if item.get("gsi1pk") == "INVITATIONS#"]
    world.drain()
    assert world.mails() == []


def test_invitation_is_kept_during_an_outage_of_cognito(world: World) -> None:
    with failing(world.aws, "cognito-idp"):
        reply = invite(world, key="once")
    assert (reply.status, reply.code) == (503, "identity_unavailable")

    again = invite(world, key="once")
    world.drain()

    assert again.status == 201
    assert world.user(again.body["userId"]).in_step
    assert len(world.mails()) == 1
