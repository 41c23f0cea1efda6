"""Scheduled jobs: functions that EventBridge invokes, each with a report of its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rollcall.kit.actor import system_actor
from rollcall.kit.call import Call, Runtime
from rollcall.kit.cron import Cron
from rollcall.kit.declaration import Declaration, check_resources, describe, read_signature
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.ids import new_id
from rollcall.kit.log import logger
from rollcall.kit.model import Model
from rollcall.kit.settings import Settings

RECHECK = timedelta(days=366)
"""When to check again a schedule that has no further run."""


class Report(Model):
    """The counts of what a job did; logged at its end."""


@dataclass(frozen=True, kw_only=True)
class Job[P: Report](Declaration):
    """A declared job. Calling it with an event and a context invokes the Lambda."""

    every: timedelta | None
    """The interval between runs; None: it has a cron expression."""
    cron_setting: str | None
    """The setting that holds its cron expression."""
    function: Callable[[Call], P]
    connect: Callable[[], Runtime]

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """The Lambda handler. After an error, Lambda retries, then uses the DLQ and its alarm."""
        return self.run(self.connect()).model_dump(mode="json", by_alias=True)

    def find_next_run(self, settings: Settings, now: datetime) -> datetime:
        """The next run after a run now. The local server uses it instead of EventBridge."""
        if self.every is not None:
            return now + self.every
        found = Cron.of(getattr(settings, str(self.cron_setting))).next_after(now)
        return found or now + RECHECK

    def run(self, runtime: Runtime) -> P:
        """Do the work once and log the report."""
        report = self.function(make_call(self.name, runtime))
        logger.info(self.name, outcome="ok", report=report.model_dump(mode="json"))
        return report


def make_call(name: str, runtime: Runtime, *, reason: str | None = None) -> Call:
    """The call of a job or reaction, which is its own actor."""
    now = runtime.clock()
    return Call(
        runtime=runtime,
        actor=system_actor(name),
        now=now,
        action=name,
        request_id=new_id("req", now),
        reason=reason,
    )


def declare_job[P: Report](
    function: Callable[[Call], P],
    *,
    every: timedelta | None,
    cron_setting: str | None,
    reads: tuple[Any, ...],
    writes: tuple[Any, ...],
    timeout: int,
    connect: Callable[[], Runtime],
) -> Job[P]:
    """Check a declaration and create the Job.

    Raises WrongDeclaration with a message that says how to fix it.
    """
    metadata = describe(function)
    check_resources(metadata["name"], reads, writes)
    parameters, report = read_signature(function)
    takes_call = list(parameters.values()) == [Call]
    if not takes_call or not (isinstance(report, type) and issubclass(report, Report)):
        raise WrongDeclaration(
            f"{metadata['name']} takes ({', '.join(parameters)}) and returns {report!r}. It must "
            "take (call: Call) and return a Report."
        )
    _check_schedule(metadata["name"], every, cron_setting)
    return Job(
        **metadata,
        reads=reads,
        writes=writes,
        timeout=timeout,
        every=every,
        cron_setting=cron_setting,
        function=function,
        connect=connect,
    )


def _check_schedule(name: str, every: timedelta | None, cron_setting: str | None) -> None:
    if (every is None) == (cron_setting is None):
        raise WrongDeclaration(
            f"{name} needs one schedule. Use either every=timedelta(…) or cron_setting=…."
        )
    if cron_setting is not None and cron_setting not in Settings.model_fields:
        raise WrongDeclaration(
            f"{name} runs by the setting {cron_setting}, which does not exist. Add a cron "
            "expression of this name to Settings."
        )
    if every is not None and (every < timedelta(minutes=1) or every % timedelta(minutes=1)):
        raise WrongDeclaration(
            f"{name} runs every {every}. EventBridge needs whole minutes, at least one."
        )
