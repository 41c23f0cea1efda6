"""Scenarios of functions without a caller: jobs, reactions, the trigger and the deployment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from functions.jobs.clear_ended_grants import KEPT as GRANTS_KEPT
from functions.jobs.clear_ended_grants import clear_ended_grants
from functions.jobs.purge_deleted_users import purge_deleted_users
from functions.jobs.reconcile_all_identities import reconcile_all_identities
from functions.jobs.reconcile_identities import reconcile_identities
from functions.jobs.rotate_signing_keys import rotate_signing_keys
from functions.reactions.admit_sign_in import admit_sign_in
from functions.reactions.check_deployment import check_deployment
from functions.reactions.converge_identity import converge_identity
from functions.reactions.create_first_admin import create_first_admin
from functions.reactions.notify_user import notify_user
from functions.reactions.record_mail_event import record_mail_event
from rollcall.accounts.convergence import Credential, converge_account
from rollcall.accounts.first_admin import ensure_first_admin
from rollcall.grants.grant import GroupRole
from rollcall.kit.job import make_call
from rollcall.kit.key_rotation import KINDS, ROTATED_AFTER
from rollcall.kit.model import format_time
from rollcall.kit.reaction import StackEvent
from rollcall.users.statuses import Status
from tests.faults.scenario import Plan
from tests.faults.staging import (
    PASSWORD,
    a_new_user,
    change,
    last_entry,
    leave_behind,
    scenario,
    work,
)
from tests.world.gateway import Reply
from tests.world.world import ADMIN_EMAIL, World


@scenario("purge_deleted_users", by_client=False)
def a_purge_of_two_users_but_not_the_third(world: World) -> Plan:
    due = [world.add_user(), world.add_user()]
    for user in due:
        world.change_user(user, user.as_deleted(world.clock.now))
    world.clock.advance(days=30)
    kept = world.add_user()
    world.change_user(kept, kept.as_deleted(world.clock.now))

    def verify(_: Reply) -> Iterable[str]:
        if not all(world.user(user.id).erased for user in due) or world.user(kept.id).erased:
            yield "the wrong users were purged"

    return work(lambda: purge_deleted_users.run(world.runtime), verify)


@scenario("rotate_signing_keys", by_client=False)
def a_rotation_of_both_keys(world: World) -> Plan:
    world.clock.advance(days=ROTATED_AFTER.days)

    def read() -> list[Any]:
        return [world.runtime.keys.get_item(kind.key()) for kind in KINDS]

    before = read()

    def verify(_: Reply) -> Iterable[str]:
        if [each["previous"] for each in read()] != [each["secret"] for each in before]:
            yield "a key was not rotated exactly once"

    return work(lambda: rotate_signing_keys.run(world.runtime), verify)


@scenario("clear_ended_grants", by_client=False)
def a_clearing_of_all_expired_grants_but_one_membership(world: World) -> Plan:
    user_id, deleted_id = world.add_user().id, world.add_user().id
    ends_at = world.clock.now + timedelta(hours=1)
    left_id, busy_id = world.add_group("Left"), world.add_group("Busy")
    for group_id in (left_id, busy_id):
        world.join_group(user_id, group_id, ends_at=ends_at)
    world.add_resource(user_id, group_id=busy_id)
    role_id, organization_id = world.add_role("Support"), world.add_organization("Acme")
    for each in (user_id, deleted_id):
        world.join_organization(each, organization_id, ends_at=ends_at)
        world.give_role(each, role_id, ends_at=ends_at)
    world.give_role(user_id, world.add_role("Lasting"), ends_at=ends_at + GRANTS_KEPT)
    deleted = world.user(deleted_id)
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    world.clock.now = ends_at + GRANTS_KEPT

    def verify(_: Reply) -> Iterable[str]:
        user, deleted = world.user(user_id), world.user(deleted_id)
        kept = (user.group_ids, len(user.role_grants), len(user.organization_memberships))
        if kept != ((busy_id,), 1, 0) or list(deleted.grants):
            yield f"the wrong grants were cleared: {list(user.grants)} remain"

    return work(lambda: clear_ended_grants.run(world.runtime), verify)


@scenario("reconcile_identities", by_client=False)
def a_reconciliation_of_changes_that_cognito_missed(world: World) -> Plan:
    disabled, erased = world.add_user(), world.add_user()
    leave_behind(world, disabled, disabled.with_status(Status.INACTIVE, world.clock.now))
    leave_behind(world, erased, erased.as_erased(world.clock.now))
    world.clock.advance(minutes=16)
    return work(lambda: reconcile_identities.run(world.runtime))


@scenario("reconcile_identities", by_client=False)
def a_reconciliation_of_a_changed_admin_and_a_missing_account(world: World) -> Plan:
    moved = world.add_user()
    leave_behind(world, moved, change(moved, email="moved@example.com", is_admin=True))
    leave_behind(world, None, a_new_user(world))
    world.clock.advance(minutes=16)
    return work(lambda: reconcile_identities.run(world.runtime))


@scenario("reconcile_all_identities", by_client=False)
def a_reconciliation_of_changes_made_in_cognito(world: World) -> Plan:
    closed, renamed = world.add_user(), world.add_user()
    world.runtime.identity.set_enabled(closed.id, False)
    account = change(renamed, username="meddled").account()
    found = world.runtime.identity.find(renamed.id)
    assert found is not None
    world.runtime.identity.update_attributes(account, found)
    world.clock.advance(minutes=16)
    return work(lambda: reconcile_all_identities.run(world.runtime))


@scenario("converge_identity", by_client=False)
def a_stream_record_about_a_change_that_cognito_missed(world: World) -> Plan:
    user = world.add_user()
    moved = change(user, email="moved@example.com", phone="+4915112345678", is_admin=True)
    leave_behind(world, user, moved.with_status(Status.SUSPENDED, world.clock.now))
    entry = world.journal(user.id)[-1].key()
    return work(lambda: converge_identity.receive(entry, world.runtime))


@scenario("converge_identity", by_client=False)
def a_stream_record_about_a_user_who_has_no_account_yet(world: World) -> Plan:
    user = leave_behind(world, None, a_new_user(world))
    return work(lambda: converge_identity.react(last_entry(world, user.id), world.runtime))


@scenario("converge_identity", by_client=False)
def a_stream_record_about_an_erased_user(world: World) -> Plan:
    user = world.add_user()
    group_id = world.add_group("Readers")
    user = world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))
    leave_behind(world, user, user.as_erased(world.clock.now))
    return work(lambda: converge_identity.react(last_entry(world, user.id), world.runtime))


@scenario("notify_user", by_client=False)
def mails_to_the_new_and_the_old_address(world: World) -> Plan:
    user = world.add_user("old@example.com")
    leave_behind(world, user, change(user, email="moved@example.com"))
    converge_account(world.call(), user.id)

    def verify(_: Reply) -> Iterable[str]:
        notified = [mail.to[0] for mail in world.mails()]
        if set(notified) != {"old@example.com", "moved@example.com"}:
            yield f"not both addresses were notified: {notified}"
        notify_user.react(last_entry(world, user.id), world.runtime)
        if len(world.mails()) != len(notified):
            yield "a mail was sent again although it was marked as sent"

    return work(lambda: notify_user.react(last_entry(world, user.id), world.runtime), verify)


@scenario("record_mail_event", by_client=False)
def a_bounce_of_the_mail_to_an_invited_user(world: World) -> Plan:
    invitation = world.add_invitation("invited@example.com")
    at = format_time(world.clock.now)
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "NoEmail",
        "bouncedRecipients": [{"emailAddress": invitation.email}],
        "timestamp": at,
    }
    detail = {"mail": {"timestamp": at, "destination": [invitation.email]}, "bounce": bounce}
    version = world.user(invitation.user_id).version

    def verify(_: Reply) -> Iterable[str]:
        user = world.user(invitation.user_id)
        if user.email_bounced is None or user.version != version + 1:
            yield f"the bounce was not recorded once: {user.email_bounced}, {user.version}"

    return work(lambda: record_mail_event.react({"detail": detail}, world.runtime), verify)


@scenario("admit_sign_in", by_client=False)
def a_sign_in_of_an_admin_with_a_second_factor(world: World) -> Plan:
    settings = world.runtime.settings.model_copy(update={"mfa": "required-for-admins"})
    world.runtime = replace(world.runtime, settings=settings)
    world.set_up_second_factor(world.admin_id)
    event = {"userName": world.admin_id, "triggerSource": "TokenGeneration_Authentication"}
    return work(lambda: admit_sign_in.react(event, world.runtime))


@scenario("admit_sign_in", by_client=False)
def a_sign_in(world: World) -> Plan:
    user = world.add_user()
    event = {"userName": user.id, "triggerSource": "TokenGeneration_Authentication"}
    return work(lambda: admit_sign_in.react(event, world.runtime))


@scenario("check_deployment", by_client=False)
def a_deployment(world: World) -> Plan:
    properties = {"prefix": "rollcall", "tableName": "people", "userPoolId": "own"}
    event = StackEvent(
        RequestType="Create",
        ResponseURL="https://cloudformation.example.com",
        StackId="stack-1",
        RequestId="request-1",
        LogicalResourceId="Check",
        ResourceProperties=properties,
    )
    return work(lambda: check_deployment.run(event, world.runtime))


@scenario("create_first_admin", by_client=False, with_admin=False)
def the_first_admin_of_a_deployment(world: World) -> Plan:
    settings = world.runtime.settings.model_copy(update={"first_admin_email": ADMIN_EMAIL})
    world.runtime = replace(world.runtime, settings=settings)
    return work(lambda: create_first_admin.run(world.runtime))


@scenario("create_first_admin", by_client=False, with_admin=False)
def the_first_admin_with_a_password(world: World) -> Plan:
    def run() -> None:
        credential = Credential(SecretStr(PASSWORD), permanent=True)
        ensure_first_admin(make_call("create_first_admin", world.runtime), ADMIN_EMAIL, credential)

    return work(run)
