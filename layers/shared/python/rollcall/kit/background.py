"""The decorators for jobs and reactions, bound to the clients of one application.

They are separate from ``@operation``, so that an operation's cold start does not load them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from rollcall.kit.call import Call, Runtime
from rollcall.kit.entity import Entity
from rollcall.kit.job import Job, Report, declare_job
from rollcall.kit.journal import JournalEntry
from rollcall.kit.reaction import (
    ChangedEntry,
    CognitoReaction,
    CognitoTrigger,
    DeploymentGuard,
    DeploymentReaction,
    JournalWatch,
    SignIn,
    StackEvent,
    StreamReaction,
    check_reaction,
)


class DeclareJob(Protocol):
    """Turns a typed function into a Job with the same report."""

    def __call__[P: Report](self, function: Callable[[Call], P], /) -> Job[P]:
        """Declare the function."""
        ...


@dataclass(frozen=True)
class Background:
    """What all jobs and reactions of one application share, and the decorators that add it."""

    connect: Callable[[], Runtime]
    """Creates the clients from the environment, at the first call of a process."""

    def job(
        self,
        *,
        every: timedelta | None = None,
        cron_setting: str | None = None,
        reads: Sequence[Any] = (),
        writes: Sequence[Any] = (),
        timeout: int = 900,
    ) -> DeclareJob:
        """Declare a scheduled job. It runs at an interval, or by the cron expression in a setting.
        ``timeout`` is in seconds, at most 900.
        """

        def declare[P: Report](function: Callable[[Call], P]) -> Job[P]:
            return declare_job(
                function,
                every=every,
                cron_setting=cron_setting,
                reads=tuple(reads),
                writes=tuple(writes),
                timeout=timeout,
                connect=self.connect,
            )

        return declare

    def stream_reaction(
        self, on: Sequence[type[Entity]], *, reads: Sequence[Any] = (), writes: Sequence[Any] = ()
    ) -> Callable[[Callable[[JournalEntry, Call], None]], StreamReaction]:
        """Declare a reaction to each journal entry about these kinds of entities."""

        def declare(function: Callable[[JournalEntry, Call], None]) -> StreamReaction:
            metadata = check_reaction(function, (JournalEntry, Call), tuple(reads), tuple(writes))
            return StreamReaction(
                **metadata,
                reads=tuple(reads),
                writes=tuple(writes),
                timeout=60,
                on=tuple(on),
                function=function,
                connect=self.connect,
            )

        return declare

    def journal_watch(self, function: Callable[[ChangedEntry], None]) -> JournalWatch:
        """Declare what reports changed and deleted entries of the journal."""
        return JournalWatch(
            **check_reaction(function, (ChangedEntry,), (), ()), timeout=60, function=function
        )

    def cognito_reaction(
        self, trigger: CognitoTrigger, *, reads: Sequence[Any] = (), writes: Sequence[Any] = ()
    ) -> Callable[[Callable[[SignIn, Call], None]], CognitoReaction]:
        """Declare a user pool trigger. Cognito waits five seconds for its response."""

        def declare(function: Callable[[SignIn, Call], None]) -> CognitoReaction:
            metadata = check_reaction(function, (SignIn, Call), tuple(reads), tuple(writes))
            return CognitoReaction(
                **metadata,
                reads=tuple(reads),
                writes=tuple(writes),
                timeout=5,
                trigger=trigger,
                function=function,
                connect=self.connect,
            )

        return declare

    def deployment_reaction(
        self, *, reads: Sequence[Any] = (), writes: Sequence[Any] = ()
    ) -> Callable[[Callable[[Call], None]], DeploymentReaction]:
        """Declare a function that runs once at each deployment."""

        def declare(function: Callable[[Call], None]) -> DeploymentReaction:
            metadata = check_reaction(function, (Call,), tuple(reads), tuple(writes))
            return DeploymentReaction(
                **metadata,
                reads=tuple(reads),
                writes=tuple(writes),
                timeout=60,
                function=function,
                connect=self.connect,
            )

        return declare

    def deployment_guard(
        self, *, reads: Sequence[Any] = (), writes: Sequence[Any] = ()
    ) -> Callable[[Callable[[StackEvent, Call], None]], DeploymentGuard]:
        """Declare what can stop a deployment before it changes anything."""

        def declare(function: Callable[[StackEvent, Call], None]) -> DeploymentGuard:
            metadata = check_reaction(function, (StackEvent, Call), tuple(reads), tuple(writes))
            return DeploymentGuard(
                **metadata,
                reads=tuple(reads),
                writes=tuple(writes),
                timeout=60,
                function=function,
                connect=self.connect,
            )

        return declare
