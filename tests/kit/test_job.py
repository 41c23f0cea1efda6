"""Scheduled jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from functions.jobs.purge_deleted_users import purge_deleted_users
from rollcall.kit.background import Background
from rollcall.kit.call import Call
from rollcall.kit.errors import Unavailable, WrongDeclaration
from rollcall.kit.job import RECHECK, Job, Report
from rollcall.kit.model import Answer
from rollcall.operations import connect
from rollcall.users.user import User
from tests.world.aws_edge import failing
from tests.world.world import World

background = Background(connect=connect)


class Counted(Report):
    """A report."""

    users_seen: int


def count_users(call: Call) -> Counted:
    """Count the users."""
    return Counted(users_seen=3)


def declare(function: Callable[..., Any] = count_users, **arguments: Any) -> Job[Any]:
    function.__module__ = f"functions.jobs.{function.__name__}"
    return background.job(**{"every": timedelta(hours=1), **arguments})(function)


def refusal_of(function: Callable[..., Any] = count_users, **arguments: Any) -> str:
    with pytest.raises(WrongDeclaration) as refused:
        declare(function, **arguments)
    return str(refused.value)


@pytest.mark.parametrize(
    ("every", "shown"),
    [
        (timedelta(seconds=59), "0:00:59"),
        (timedelta(0), "0:00:00"),
        (timedelta(minutes=1, seconds=30), "0:01:30"),
        (timedelta(minutes=-5), "-1 day, 23:55:00"),
    ],
)
def test_interval_that_eventbridge_does_not_support_is_refused(
    every: timedelta, shown: str
) -> None:
    assert refusal_of(every=every) == (
        f"count_users runs every {shown}. EventBridge needs whole minutes, at least one."
    )


def takes_nothing() -> Counted:
    """Take nothing."""
    return Counted(users_seen=0)


def takes_more(call: Call, extra: int) -> Counted:
    """Take more."""
    return Counted(users_seen=extra)


def reports_nothing(call: Call) -> None:
    """Report nothing."""


def reports_an_answer(call: Call) -> Answer:
    """Return another type than a report."""
    return Answer()


@pytest.mark.parametrize(
    ("function", "taken", "reported"),
    [
        (takes_nothing, "", "<class 'tests.kit.test_job.Counted'>"),
        (takes_more, "call, extra", "<class 'tests.kit.test_job.Counted'>"),
        (reports_nothing, "call", "<class 'NoneType'>"),
        (reports_an_answer, "call", "<class 'rollcall.kit.model.Answer'>"),
    ],
)
def test_wrong_signature_is_refused(
    function: Callable[..., Any], taken: str, reported: str
) -> None:
    assert refusal_of(function) == (
        f"{function.__name__} takes ({taken}) and returns {reported}. It must take (call: Call) "
        "and return a Report."
    )


def test_unknown_resource_is_refused() -> None:
    assert refusal_of(reads=["users"]).startswith("count_users reads 'users', from which no")


def test_schedule_is_given_in_one_way_and_its_setting_exists() -> None:
    one_way = "count_users needs one schedule. Use either every=timedelta(…) or cron_setting=…."
    assert refusal_of(every=None) == one_way
    assert refusal_of(cron_setting="clean_up_schedule") == one_way
    assert refusal_of(every=None, cron_setting="tea_time").startswith(
        "count_users runs by the setting tea_time, which does not exist"
    )


def test_next_run_comes_after_the_interval_or_by_the_setting(world: World) -> None:
    now, settings = world.clock.now, world.runtime.settings
    assert declare().find_next_run(settings, now) == now + timedelta(hours=1)

    by_setting = declare(every=None, cron_setting="clean_up_schedule")
    found = by_setting.find_next_run(settings, now)
    assert (found - now, found.hour) == (timedelta(hours=18), 3)
    past = settings.model_copy(update={"clean_up_schedule": "cron(0 3 1 1 ? 2020)"})
    assert by_setting.find_next_run(past, now) == now + RECHECK


def test_declaration_says_when_and_how_long() -> None:
    job = declare(every=timedelta(days=1), reads=[User], timeout=300)
    assert (job.name, job.area, job.every) == ("count_users", "jobs", timedelta(days=1))
    assert (job.reads, job.writes, job.timeout) == ((User,), (), 300)
    assert declare().timeout == 900, "Lambda's most"


def test_handler_returns_and_logs_the_report(world: World, logged: StringIO) -> None:
    job = replace(declare(), connect=lambda: world.runtime)

    assert job({"source": "aws.scheduler"}, object()) == {"usersSeen": 3}

    (line,) = (json.loads(each) for each in logged.getvalue().splitlines())
    assert (line["message"], line["outcome"], line["report"]) == (
        "count_users",
        "ok",
        {"users_seen": 3},
    )


def test_job_is_its_own_actor_at_the_current_time(world: World) -> None:
    calls: list[Call] = []

    def note_call(call: Call) -> Counted:
        """Record the call."""
        calls.append(call)
        return Counted(users_seen=0)

    declare(note_call).run(world.runtime)

    (call,) = calls
    assert (call.actor.kind, call.actor.id, call.action) == ("system", "note_call", "note_call")
    assert (call.now, call.request_id[:4]) == (world.clock.now, "req_")


def test_error_is_left_to_lambda(world: World) -> None:
    with failing(world.aws, "dynamodb", code="InternalServerError"), pytest.raises(Unavailable):
        replace(purge_deleted_users, connect=lambda: world.runtime)({}, object())
