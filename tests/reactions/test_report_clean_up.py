"""Admins get a report about the clean-up (L1)."""

from __future__ import annotations

from functions.reactions.report_clean_up import report_clean_up
from rollcall.kit.transaction import Change
from rollcall.lifecycle.decisions import Deed
from rollcall.lifecycle.runs import LifecycleRun, Outcome, StoppedFor
from rollcall.mails.catalog import CLEAN_UP_REPORT
from rollcall.users.fields import Profile
from tests.world.iam import acting_as
from tests.world.world import World


def write(world: World, before: LifecycleRun | None, after: LifecycleRun) -> LifecycleRun:
    call = world.call("clean_up_accounts")
    call.commit(Change(before, after), answer=lambda written: written)
    stored = world.runtime.table.find(LifecycleRun, after.id)
    assert stored is not None
    return stored


def begin(world: World) -> LifecycleRun:
    call = world.call()
    run = LifecycleRun.begin(call, policy_version=0, users=40, due={Deed.WARN: 3, Deed.DISABLE: 1})
    return write(world, None, run)


def react(world: World, run: LifecycleRun) -> None:
    """To all versions of the run, twice."""
    entries = [item for item in world.items() if item.get("target", {}).get("id") == run.id]
    with acting_as(report_clean_up):
        for entry in entries * 2:
            report_clean_up.react(entry, world.runtime)


def test_every_admin_gets_one_report_of_a_run(world: World) -> None:
    world.add_user("second@example.com", is_admin=True)
    run = begin(world)
    run = write(world, run, run.with_step("usr_1", Outcome.WARNED, world.clock.now))
    react(world, run)
    assert world.mails() == []

    run = write(world, run, run.as_ended(world.clock.now))
    react(world, run)

    to = sorted(mail.to[0] for mail in world.mails())
    assert to == ["admin@example.com", "second@example.com"]
    text = world.mails()[0].text
    assert "has checked 40 users." in text
    assert "Warned: 1\nDisabled: 0\n" in text
    assert "stopped" not in text
    assert "not delivered" not in text
    assert f"GET /admin/lifecycle-runs/{run.id}" in text


def test_stopped_run_is_reported_and_run_without_actions_is_not(
    world: World,
) -> None:
    idle = begin(world)
    react(world, write(world, idle, idle.as_ended(world.clock.now)))
    assert world.mails() == []

    run = begin(world)
    react(world, write(world, run, run.as_ended(world.clock.now, StoppedFor.TOO_MANY)))

    (mail,) = world.mails()
    assert "It was stopped, because it would affect a larger share" in mail.text
    assert "3 to be warned, 1 to be\ndisabled, 0 to be deleted." in mail.text


def test_report_counts_users_whose_mails_bounce_only_if_there_are_some(world: World) -> None:
    call = world.call()
    run = LifecycleRun.begin(call, policy_version=0, users=40, due={}, unreachable=2)
    run = write(world, None, run)
    run = write(world, run, run.with_step("usr_1", Outcome.WARNED, world.clock.now))
    react(world, write(world, run, run.as_ended(world.clock.now)))

    assert "because mails to them are not delivered:\n2 (list users by" in world.mails()[-1].text


def test_report_has_the_language_of_the_admins_profile(world: World) -> None:
    admin = world.user(world.admin_id)
    world.change_user(admin, admin.model_copy(update={"profile": Profile(locale="de")}))
    run = begin(world)
    react(world, write(world, run, run.as_ended(world.clock.now, StoppedFor.UNCERTAIN_FILTER)))

    mail = world.mails()[-1]
    assert mail.subject == "Rollcall: Bereinigung ungenutzter Konten, 2026-01-05"
    assert "Sie wurde angehalten, weil der Filter der Ausnahmen" in mail.text


def test_template_has_every_outcome_action_and_stop_reason() -> None:
    due = {f"due_{each}" for each in Deed}
    assert {*Outcome, *StoppedFor, *due} <= CLEAN_UP_REPORT.optional


def test_report_says_what_is_wrong_with_the_filter_of_exempt_users(world: World) -> None:
    run = begin(world)
    detail = "status requires one of active, inactive."
    stopped = run.as_ended(world.clock.now, StoppedFor.INVALID_FILTER, detail)
    react(world, write(world, run, stopped))

    (mail,) = world.mails()
    assert f"cannot be used any more:\n{detail} Correct the policy" in mail.text
