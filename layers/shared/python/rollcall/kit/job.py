"""Scheduled jobs: functions that EventBridge calls, each with a report of what it did."""

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

NEVER = timedelta(days=366)
"""How long to wait before looking again, when a schedule has come to its end."""


class Report(Model):
    """What a job did, in numbers; logged at its end."""


@dataclass(frozen=True, kw_only=True)
class Job[P: Report](Declaration):
    """A declared job. Calling it with an event and a context is invoking the Lambda."""

    every: timedelta | None
    """How often it runs; None: by a cron expression."""
    cron_setting: str | None
    """The setting that holds the cron expression by which it runs."""
    function: Callable[[Call], P]
    connect: Callable[[], Runtime]

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """The Lambda handler; an error is left to Lambda's retries, dead-letter queue and alarm."""
        return self.run(self.connect()).model_dump(mode="json", by_alias=True)

    def find_next_run(self, settings: Settings, now: datetime) -> datetime:
        """When it runs the next time, if it ran now: on one machine, which has no EventBridge."""
        if self.every is not None:
            return now + self.every
        found = Cron.of(getattr(settings, str(self.cron_setting))).next_after(now)
        return found or now + NEVER

    def run(self, runtime: Runtime) -> P:
        """Do the work once and log the report."""
        report = self.function(make_call(self.name, runtime))
        logger.info(self.name, outcome="ok", report=report.model_dump(mode="json"))
        return report


def make_call(name: str, runtime: Runtime, *, reason: str | None = None) -> Call:
    """The call of something that acts by itself, in its own name."""
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
    """Check a declaration and make the Job; raises WrongDeclaration with the mend."""
    words = describe(function)
    check_resources(words["name"], reads, writes)
    parameters, report = read_signature(function)
    takes_call = list(parameters.values()) == [Call]
    if not takes_call or not (isinstance(report, type) and issubclass(report, Report)):
        raise WrongDeclaration(
            f"{words['name']} must take (call: Call) and return a Report; "
            f"it takes ({', '.join(parameters)}) and returns {report!r}."
        )
    _check_schedule(words["name"], every, cron_setting)
    return Job(
        **words,
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
            f"{name} needs a schedule; give either every=timedelta(…) or cron_setting=…."
        )
    if cron_setting is not None and cron_setting not in Settings.model_fields:
        raise WrongDeclaration(
            f"{name} runs by the setting {cron_setting}, which there is not; give Settings a "
            "cron expression of this name."
        )
    if every is not None and (every < timedelta(minutes=1) or every % timedelta(minutes=1)):
        raise WrongDeclaration(
            f"{name} runs every {every}; EventBridge counts in whole minutes, one at least."
        )
