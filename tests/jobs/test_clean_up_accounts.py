"""The scheduled clean-up of inactive accounts, over months (L1, I18)."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.jobs.clean_up_accounts import clean_up_accounts
from functions.jobs.rebuild_directory import rebuild_directory
from functions.lifecycle.get_lifecycle_run import get_lifecycle_run
from functions.lifecycle.replace_lifecycle_policy import replace_lifecycle_policy
from functions.users.disable_user import disable_user
from functions.users.enable_user import enable_user
from functions.users.promote_user import promote_user
from rollcall.kit.retry import ATTEMPTS
from rollcall.lifecycle.clean_up import CleanUpReport
from rollcall.lifecycle.runs import StoppedFor
from rollcall.users.email_bounce import BounceKind, EmailBounce
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.faults.harness import without_sleep
from tests.faults.invariants import check_settled
from tests.faults.races import COMMIT, meanwhile
from tests.world.clock import START
from tests.world.iam import acting_as
from tests.world.strict_aws import Response, Serve, WireCall
from tests.world.world import World


def set_policy(world: World, **terms: Any) -> None:
    reply = world.invoke(replace_lifecycle_policy, body=terms)
    assert reply.status == 200, reply.body


def run(world: World) -> CleanUpReport:
    """One invocation, within its role."""
    with acting_as(clean_up_accounts):
        return clean_up_accounts.run(world.runtime)


def go_to(world: World, day: int) -> None:
    """Let time pass until so many days after the start."""
    world.clock.now = START + timedelta(days=day)
    rebuild_directory.run(world.runtime)  # or the directory would read the days' whole journal


def on_day(world: World, day: int) -> set[str]:
    """What a run does so many days after the start, and its reactions; a line for each user."""
    go_to(world, day)
    report = run(world)
    world.drain()
    path = {"run_id": str(report.run_id)}
    items = world.invoke(get_lifecycle_run, path=path).body["items"]
    return {f"{name_of(world, each['userId'])} {each['outcome']}" for each in items}


def name_of(world: World, user_id: str) -> str:
    return str(world.user(user_id).name or "somebody")


def add(world: World, name: str, **fields: Any) -> User:
    return world.add_user(f"{name}@example.com", name=name, **fields)


def mails_to(world: World, name: str) -> int:
    return [mail.to for mail in world.mails()].count([f"{name}@example.com"])


def test_inactive_user_is_warned_then_disabled_then_deleted(world: World) -> None:
    set_policy(world, deleteDisabled=True)
    ada = add(world, "ada")

    assert on_day(world, 76) == {"ada warned"}
    assert (mails_to(world, "ada"), mails_to(world, "admin")) == (1, 1)
    assert on_day(world, 89) == set()
    assert on_day(world, 90) == {"ada disabled"}
    account = world.account(ada.id)
    assert account is not None
    assert (world.user(ada.id).status, account["enabled"]) == (Status.INACTIVE, False)
    assert on_day(world, 120) == {"somebody deleted"}
    assert (world.user(ada.id).erased, world.account(ada.id)) == (True, None)
    assert check_settled(world) == []


def test_sign_in_voids_the_warning_and_restarts_the_period(world: World) -> None:
    ada = add(world, "ada")
    assert on_day(world, 80) == {"ada warned"}
    world.clock.advance(days=5)
    world.sign_in(ada.id)

    assert on_day(world, 160) == set()
    assert on_day(world, 161) == {"ada warned"}
    assert on_day(world, 175) == {"ada disabled"}


def test_changes_by_admins_to_disabled_users_are_respected(world: World) -> None:
    """Let in again, ada is warned anew; bob was then disabled by hand, and dan owns something."""
    settings = world.runtime.settings.model_copy(update={"resource_types": "invoice=refuse"})
    world.runtime = replace(world.runtime, settings=settings)
    set_policy(world, deleteDisabled=True)
    ada, bob, _, dan = (add(world, name) for name in ("ada", "bob", "cid", "dan"))
    world.add_resource(dan.id, "invoice")
    assert on_day(world, 200) == {f"{name} warned" for name in ("ada", "bob", "cid", "dan")}
    assert len(on_day(world, 214)) == 4
    for user in (ada, bob):
        world.invoke(enable_user, path={"user_id": user.id})
    world.clock.advance(minutes=1)
    world.invoke(disable_user, path={"user_id": bob.id})

    assert on_day(world, 244) == {"ada warned", "somebody deleted", "dan refused"}
    assert [world.user(each.id).exists for each in (ada, bob, dan)] == [True, True, True]


def test_exempt_users_and_admins_are_never_disabled(world: World) -> None:
    group_id, role_id = world.add_group("Board"), world.add_role("Auditor")
    users = {name: add(world, name) for name in ("board", "auditor", "named", "tagged", "idle")}
    world.join_group(users["board"].id, group_id)
    world.give_role(users["auditor"].id, role_id)
    unreachable = world.add_user(phone="+4915112345678")
    world.change_user(unreachable, unreachable.model_copy(update={"email": None}))
    set_policy(
        world,
        exemptUsers=[users["named"].id],
        exemptGroups=[group_id],
        exemptRoles=[role_id],
        exemptFilter='name eq "tagged"',
    )

    assert on_day(world, 200) == {"idle warned"}
    assert on_day(world, 300) == {"idle disabled"}
    assert sum(user.status is Status.INACTIVE for user in world.users()) == 1


def test_user_whose_warning_bounced_is_warned_again_before_the_disabling(world: World) -> None:
    ada = add(world, "ada")
    set_policy(world)
    assert on_day(world, 200) == {"ada warned"}
    bounce = EmailBounce(at=world.clock.now, kind=BounceKind.BOUNCE)
    bounced = world.change_user(ada, ada.with_bounce(bounce, world.clock.now))

    go_to(world, 230)
    report = run(world)
    assert (report.unreachable, report.due) == (1, {})
    assert world.user(ada.id).status is Status.ACTIVE

    world.change_user(bounced, bounced.model_copy(update={"email": "new@example.com"}))
    assert on_day(world, 231) == {"ada warned"}
    warnings = [mail.to for mail in world.mails() if "will be disabled" in mail.subject]
    assert warnings == [["ada@example.com"], ["new@example.com"]]
    assert on_day(world, 246) == {"ada disabled"}


@pytest.mark.parametrize(
    "happens",
    [
        lambda world, user_id: world.sign_in(user_id),
        lambda world, user_id: world.invoke(promote_user, path={"user_id": user_id}),
        lambda world, user_id: set_policy(world, exemptUsers=[user_id]),
        lambda world, user_id: set_policy(world, mode="off"),
    ],
    ids=["sign-in", "promotion", "exemption", "switched off"],
)
def test_change_just_before_the_disabling_prevents_it(
    world: World, happens: Callable[[World, str], object]
) -> None:
    ada = add(world, "ada")
    on_day(world, 76)
    go_to(world, 90)
    commits = 0

    def happen() -> None:
        """The first commit begins the run; the second would disable."""
        nonlocal commits
        commits += 1
        world.aws.intercept = again if commits == 1 else behind
        if commits == 2:
            happens(world, ada.id)

    behind = world.aws.intercept
    with meanwhile(world, COMMIT, happen):
        again = world.aws.intercept
        report = run(world)

    assert commits == 2
    assert report.disabled == 0
    assert world.user(ada.id).status is Status.ACTIVE
    world.drain()
    assert check_settled(world) == []


def test_two_concurrent_runs_have_the_effect_of_one(world: World) -> None:
    users = [add(world, name) for name in ("ada", "bob", "cid")]
    go_to(world, 80)
    reports = []

    with meanwhile(world, COMMIT, lambda: reports.append(run(world))):
        reports.append(run(world))

    world.drain()
    assert sum(each.warned for each in reports) == len(users)
    assert [mails_to(world, user.name or "") for user in users] == [1, 1, 1]
    warned = [each for each in world.journal() if each.target.kind == "inactivity"]
    assert len(warned) == len(users)
    assert check_settled(world) == []


def test_modes_dry_run_and_off_write_nothing(world: World) -> None:
    add(world, "ada")
    go_to(world, 80)
    for mode, due in (("dry-run", {"warn": 1}), ("off", {})):
        set_policy(world, mode=mode)
        stored, mails = world.items(), world.mails()

        report = run(world)

        assert (report.mode, report.run_id, report.due) == (mode, None, due)
        assert (world.items(), world.mails()) == (stored, mails)


def test_run_that_affects_too_many_users_does_nothing_and_notifies_the_admins(world: World) -> None:
    set_policy(world, stopAboveUsers=1)
    add(world, "ada"), add(world, "bob")
    go_to(world, 80)

    report = run(world)
    world.drain()

    assert (report.stopped_for, report.warned, report.due) == (StoppedFor.TOO_MANY, 0, {"warn": 2})
    (mail,) = world.mails()
    assert mail.to == ["admin@example.com"]
    assert "a larger share of all users than the policy allows" in " ".join(mail.text.split())

    set_policy(world, stopAboveUsers=1, stopAbovePercent=100)
    assert run(world).warned == 2


def test_no_user_is_warned_without_mail_or_with_unknown_exemptions(
    world: World,
) -> None:
    add(world, "ada")
    go_to(world, 80)
    runtime = world.runtime
    world.runtime = replace(runtime, mail=type(runtime.mail)(lambda: world.ses, ""))
    assert run(world).stopped_for is StoppedFor.NO_MAIL

    world.runtime = runtime
    set_policy(world, exemptFilter="facts.learning.progress gt 1")
    report = run(world)
    assert (report.stopped_for, report.warned) == (StoppedFor.UNCERTAIN_FILTER, 0)


def test_run_stops_at_the_limit_of_the_policy_and_the_next_one_continues(world: World) -> None:
    set_policy(world, stepsPerRun=2)
    for name in ("ada", "bob", "cid"):
        add(world, name)

    assert len(on_day(world, 80)) == 2
    assert len(on_day(world, 81)) == 1


def test_user_with_concurrent_changes_waits_for_the_next_run(world: World) -> None:
    ada = add(world, "ada")
    go_to(world, 80)
    behind = world.aws.intercept

    def rename_first(call: WireCall, serve: Serve) -> Response:
        """Before each commit about the user, somebody else is faster."""
        if call.operation == COMMIT and f"{ada.id}/inactivity" in call.body.decode():
            world.aws.intercept = behind
            user = world.user(ada.id)
            Context().run(world.write, user, user.model_copy(update={"name": f"{user.name}a"}))
            world.aws.intercept = rename_first
        return behind(call, serve)

    world.aws.intercept = rename_first
    with without_sleep():
        report = run(world)
    world.aws.intercept = behind

    assert (report.failed, report.warned, len(name_of(world, ada.id))) == (1, 0, 3 + ATTEMPTS)
    assert run(world).warned == 1
