"""Invitations and registrations: made, mailed, used and ended, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterable

from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.invite_user import invite_user
from functions.reactions.close_invitation import close_invitation
from functions.reactions.mail_invitation import mail_invitation
from functions.reactions.mail_registration import mail_registration
from functions.registration.register_user import register_user
from rollcall.invitations import Invitation
from rollcall.kit.transaction import Change
from rollcall.permissions import Permission
from rollcall.registrations import Registration
from rollcall.statuses import Status
from tests.examples import Example
from tests.faults.scenario import Plan
from tests.faults.snapshot import sent_mails
from tests.faults.staging import (
    PASSWORD,
    ask,
    change,
    has_password,
    last_entry,
    leave_behind,
    scenario,
    work,
)
from tests.world import Reply, World


@scenario("invite_user", 201, again=frozenset({409}))
def an_invitation_with_all_that_can_be_given(world: World) -> Plan:
    organization = {"organizationId": world.add_organization("Acme")}
    body = {
        "email": "invited@example.com",
        "groups": [world.add_group("Editors", Permission.USER_VIEW)],
        "organizations": [organization],
        "roles": [world.add_role("Support", Permission.USER_VIEW)],
        "permissions": ["user.list"],
    }
    return ask(world, invite_user, Example(body=body))


@scenario("accept_invitation", 200, again=frozenset({410}))
def an_acceptance_with_another_username(world: World) -> Plan:
    token = world.token_of(world.add_invitation())
    body = {"name": "Invited User", "password": PASSWORD, "username": "chosen"}
    example = Example(path={"token": token}, body=body)
    return ask(world, accept_invitation, example, has_password(world, "CONFIRMED"))


@scenario("register_user", 202)
def a_registration_with_a_username_that_is_taken(world: World) -> Plan:
    world.add_user(username="wished")
    body = {
        "email": "new@example.com",
        "name": "New User",
        "password": PASSWORD,
        "username": "wished",
    }

    def verify(_: Reply) -> Iterable[str]:
        (user,) = world.users_with_email("new@example.com")
        yield from has_password(world, "CONFIRMED")(Reply(202, {"id": user.id}, {}))

    return ask(world, register_user, Example(body=body), verify)


@scenario("register_user", 202)
def a_registration_with_an_address_that_is_taken(world: World) -> Plan:
    world.add_user("taken@example.com")
    body = {"email": "taken@example.com", "name": "New User", "password": PASSWORD}
    return ask(world, register_user, Example(body=body))


def has_mailed(world: World, before: int) -> Iterable[str]:
    """At least one mail more has gone out."""
    if len(sent_mails(world)) <= before:
        yield "the mail never went out"


@scenario("mail_invitation", by_client=False)
def a_mail_to_somebody_who_is_invited(world: World) -> Plan:
    invitation = world.add_invitation()
    renewed = invitation.renewed(world.call())
    world.call("resend").commit(Change(invitation, renewed), answer=lambda written: written)
    entry, before = last_entry(world, invitation.id), len(sent_mails(world))
    return work(
        lambda: mail_invitation.react(entry, world.runtime), lambda _: has_mailed(world, before)
    )


@scenario("mail_registration", by_client=False)
def a_mail_to_somebody_who_registers(world: World) -> Plan:
    held = world.add_registration()
    again = Registration.attempt(world.call(), held.user_id, held.email, held)
    world.call("register").commit(Change(held, again), answer=lambda written: written)
    entry, before = last_entry(world, held.id), len(sent_mails(world))
    return work(
        lambda: mail_registration.react(entry, world.runtime), lambda _: has_mailed(world, before)
    )


@scenario("close_invitation", by_client=False)
def the_end_of_an_invitation_whose_user_is_disabled(world: World) -> Plan:
    invitation = world.add_invitation()
    user = world.user(invitation.user_id)
    leave_behind(world, user, change(user, status=Status.INACTIVE))
    entry = last_entry(world, user.id)

    def verify(_: Reply) -> Iterable[str]:
        found = world.runtime.table.find(Invitation, invitation.id)
        if found is None or found.status != "cancelled":
            yield f"the invitation is {found}"

    return work(lambda: close_invitation.react(entry, world.runtime), verify)
