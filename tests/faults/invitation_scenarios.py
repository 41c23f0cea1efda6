"""Scenarios of invitations and registrations besides their examples."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.resend_invitation import resend_invitation
from functions.jobs.end_registrations import end_registrations
from functions.reactions.close_invitation import close_invitation
from functions.reactions.mail_invitation import mail_invitation
from functions.reactions.mail_registration import mail_registration
from functions.reactions.renew_link import renew_link
from functions.users.update_user import update_user
from rollcall.accounts.convergence import converge_account
from rollcall.invitations.invitation import Invitation
from rollcall.invitations.registration import Registration
from rollcall.kit.transaction import Change
from rollcall.users.statuses import Status
from tests.api.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import (
    PASSWORD,
    ask,
    change,
    has_password,
    last_entry,
    leave_behind,
    make_foreign_account,
    scenario,
    work,
)
from tests.world.gateway import Reply
from tests.world.snapshot import sent_mails
from tests.world.world import World


@scenario("accept_invitation", 200, again=frozenset({410}))
def an_acceptance_with_another_username(world: World) -> Plan:
    token = world.token_of(world.add_invitation())
    body = {"name": "Invited User", "password": PASSWORD, "username": "chosen"}
    example = Example(path={"token": token}, body=body)
    return ask(world, accept_invitation, example, has_password(world, "CONFIRMED"))


def has_mailed(world: World, before: int) -> Iterable[str]:
    """At least one more mail was sent."""
    if len(sent_mails(world)) <= before:
        yield "the mail was not sent"


@scenario("mail_invitation", by_client=False)
def a_mail_to_an_invited_user(world: World) -> Plan:
    invitation = world.add_invitation()
    renewed = invitation.renewed(world.call(), invitation.email, timedelta(days=7))
    world.call("resend").commit(Change(invitation, renewed), answer=lambda written: written)
    entry, before = last_entry(world, invitation.id), len(sent_mails(world))
    return work(
        lambda: mail_invitation.react(entry, world.runtime), lambda _: has_mailed(world, before)
    )


@scenario("mail_registration", by_client=False)
def a_mail_to_a_registered_user(world: World) -> Plan:
    held = world.add_registration()
    again = Registration.attempt(world.call(), held.user_id, held.email, held)
    world.call("register").commit(Change(held, again), answer=lambda written: written)
    entry, before = last_entry(world, held.id), len(sent_mails(world))
    return work(
        lambda: mail_registration.react(entry, world.runtime), lambda _: has_mailed(world, before)
    )


@scenario("end_registrations", by_client=False)
def the_end_of_an_unconfirmed_registration(world: World) -> Plan:
    waiting, activated = world.add_registration(), world.add_registration()
    user = world.user(activated.user_id)
    world.change_user(user, user.with_status(Status.ACTIVE, world.clock.now))
    world.clock.advance(days=9)

    def verify(_: Reply) -> Iterable[str]:
        if not world.user(waiting.user_id).erased or world.user(activated.user_id).erased:
            yield "the wrong user was erased"

    return work(lambda: end_registrations.run(world.runtime), verify)


@scenario("close_invitation", by_client=False)
def the_end_of_an_invitation_whose_user_is_disabled(world: World) -> Plan:
    invitation = world.add_invitation()
    user = world.user(invitation.user_id)
    leave_behind(world, user, change(user, status=Status.INACTIVE))
    entry = last_entry(world, user.id)

    def verify(_: Reply) -> Iterable[str]:
        found = world.invitation(invitation.id)
        if found.status != "cancelled":
            yield f"the invitation is {found.status}"

    return work(lambda: close_invitation.react(entry, world.runtime), verify)


@scenario("close_invitation", by_client=False)
def the_personal_data_of_a_deleted_user(world: World) -> Plan:
    invitation = world.add_invitation()
    path = {"invitation_id": invitation.id}
    world.invoke(resend_invitation, path=path, headers={"Idempotency-Key": "resend"})
    user = world.user(invitation.user_id)
    leave_behind(world, user, user.as_erased(world.clock.now))
    entry = last_entry(world, user.id)

    def verify(_: Reply) -> Iterable[str]:
        held = [item for item in world.items() if not item["pk"].startswith("JOURNAL#")]
        if invitation.email in repr(held):
            yield "the email is still in the table"

    return work(lambda: close_invitation.react(entry, world.runtime), verify)


def _renew(world: World, held: Invitation | Registration) -> Plan:
    """The email of a person with an open link changes, and Cognito has accepted it."""
    user = world.user(held.user_id)
    leave_behind(world, user, change(user, email="present@example.com"))
    converge_account(world.call(), user.id)
    entry = last_entry(world, user.id)

    def verify(_: Reply) -> Iterable[str]:
        found = world.runtime.table.load(type(held), held.id)
        if (found.email, found.generation) != ("present@example.com", 2):
            yield f"link {found.generation} is for {found.email}"

    return work(lambda: renew_link.react(entry, world.runtime), verify)


@scenario("renew_link", by_client=False)
def an_email_of_somebody_invited_that_changes(world: World) -> Plan:
    return _renew(world, world.add_invitation())


@scenario("renew_link", by_client=False)
def an_email_of_somebody_who_registers_that_changes(world: World) -> Plan:
    return _renew(world, world.add_registration())


@scenario("renew_link", by_client=False)
def an_email_of_somebody_invited_that_cognito_refused(world: World) -> Plan:
    invitation = world.add_invitation()
    make_foreign_account(world, "foreign@example.com")
    path = {"user_id": invitation.user_id}
    reply = world.invoke(update_user, path=path, body={"email": "foreign@example.com"})
    assert reply.code == "unknown_account_holds_alias"
    about_user = [
        item for item in world.items() if item.get("target", {}).get("id") == invitation.user_id
    ]

    def verify(_: Reply) -> Iterable[str]:
        if any("foreign@example.com" in mail.to for mail in world.mails()):
            yield "the link was sent to an address that the user never had"
        if world.invitation(invitation.id) != invitation:
            yield "the link of the user's address was replaced"

    def react() -> None:
        for entry in about_user:
            renew_link.react(entry, world.runtime)

    return work(react, verify)


@scenario("close_invitation", by_client=False)
def an_invitation_whose_inviter_is_disabled(world: World) -> Plan:
    inviter = world.add_user(is_admin=True)
    invitation = world.add_invitation()
    world.commit(invitation, invitation.model_copy(update={"invited_by": inviter.id}))
    leave_behind(world, inviter, change(inviter, status=Status.INACTIVE))
    entry = last_entry(world, inviter.id)

    def verify(_: Reply) -> Iterable[str]:
        found = world.invitation(invitation.id)
        if found.status != "withdrawn":
            yield f"the invitation is {found.status}"

    return work(lambda: close_invitation.react(entry, world.runtime), verify)
