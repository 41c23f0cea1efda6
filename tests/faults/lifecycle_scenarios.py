"""Scenarios of the lifecycle policy, the clean-up, and its notifications."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from functions.jobs.access_review_digest import access_review_digest
from functions.jobs.clean_up_accounts import clean_up_accounts
from functions.lifecycle.replace_lifecycle_policy import replace_lifecycle_policy
from functions.reactions.report_clean_up import report_clean_up
from functions.reactions.warn_inactive_user import warn_inactive_user
from rollcall.kit.transaction import Change
from rollcall.lifecycle.runs import LifecycleRun, Outcome, find_running, read_steps
from rollcall.users.inactivity import Inactivity
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.api.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import ask, last_entry, scenario, work
from tests.world.gateway import Reply
from tests.world.snapshot import sent_mails
from tests.world.world import World


@scenario("replace_lifecycle_policy", 422)
def a_policy_that_disables_before_it_warns(world: World) -> Plan:
    return ask(world, replace_lifecycle_policy, Example(body={"warnAfterDays": 90}))


def _warn(world: World, user: User) -> Inactivity:
    kept = Inactivity.none_of(user.id, world.clock.now)
    warned = kept.with_warning(world.clock.now, world.clock.now + timedelta(days=14))
    return world.call().commit(Change(None, warned), answer=lambda written: written)


@scenario("clean_up_accounts", by_client=False)
def a_clean_up_that_warns_one_and_disables_one(world: World) -> Plan:
    disabled, warned = world.add_user(), world.add_user()
    world.clock.advance(days=80)
    _warn(world, disabled)
    world.clock.advance(days=14)
    world.build_directory()
    world.drain()

    def verify(_: Reply) -> Iterable[str]:
        table = world.runtime.table
        runs = [item["id"] for item in world.items() if item["sk"] == "#RUN"]
        steps = [each for run_id in runs for each in read_steps(table, run_id, 0)]
        done = sorted((each.user_id, each.outcome) for each in steps)
        wanted = [(disabled.id, Outcome.DISABLED), (warned.id, Outcome.WARNED)]
        if done != sorted(wanted) or find_running(table):
            yield f"the runs {runs} did {done}"
        if world.user(disabled.id).status is not Status.INACTIVE:
            yield "the warned user was not disabled"

    return work(lambda: clean_up_accounts.run(world.runtime), verify)


@scenario("warn_inactive_user", by_client=False)
def a_warning_by_mail(world: World) -> Plan:
    warned = _warn(world, world.add_user())

    def verify(_: Reply) -> Iterable[str]:
        if not sent_mails(world):
            yield "the user was not warned"

    entry = last_entry(world, warned.id)
    return work(lambda: warn_inactive_user.react(entry, world.runtime), verify)


@scenario("report_clean_up", by_client=False)
def a_report_to_the_admins(world: World) -> Plan:
    call = world.call("clean_up_accounts")
    run = LifecycleRun.begin(call, policy_version=0, users=1, due={}).with_step(
        "usr_gone", Outcome.WARNED, call.now
    )
    call.commit(Change(None, run.as_ended(call.now)), answer=lambda written: written)

    def verify(_: Reply) -> Iterable[str]:
        if not sent_mails(world):
            yield "the admins were not notified"

    entry = last_entry(world, run.id)
    return work(lambda: report_clean_up.react(entry, world.runtime), verify)


@scenario("access_review_digest", by_client=False)
def a_digest_for_the_admins(world: World) -> Plan:
    world.build_directory()

    def verify(_: Reply) -> Iterable[str]:
        if not sent_mails(world):
            yield "the admins were not notified"

    return work(lambda: access_review_digest.run(world.runtime), verify)
