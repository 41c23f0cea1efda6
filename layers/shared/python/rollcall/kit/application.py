"""The decorators, bound to one application's principals and clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from rollcall.kit.call import Call, Runtime
from rollcall.kit.entity import Entity
from rollcall.kit.job import Job, Report, declare_job
from rollcall.kit.journal import JournalEntry
from rollcall.kit.model import Answer, Request
from rollcall.kit.operation import Authorize, FollowUp, Operation, declare_operation
from rollcall.kit.reaction import (
    CognitoReaction,
    CognitoTrigger,
    DeploymentReaction,
    SignIn,
    StreamReaction,
    check_reaction,
)


class DeclareOperation(Protocol):
    """Turns a typed function into an Operation of the same types."""

    def __call__[R: Request, A: Answer](
        self, function: Callable[[R, Call], A], /
    ) -> Operation[R, A]:
        """Declare the function."""
        ...


class DeclareJob(Protocol):
    """Turns a typed function into a Job with the same report."""

    def __call__[P: Report](self, function: Callable[[Call], P], /) -> Job[P]:
        """Declare the function."""
        ...


@dataclass(frozen=True)
class Application:
    """What every declaration of one application shares, and the decorators that add it."""

    connect: Callable[[], Runtime]
    """Makes the clients at the first call of a process, from its environment."""
    authorize: Authorize
    principals: tuple[type[Entity], ...]
    """The entities that ``authorize`` reads."""

    def operation(
        self,
        route: str,
        *,
        permission: StrEnum | None,
        status: int = 200,
        reads: Sequence[Any] = (),
        writes: Sequence[Any] = (),
        then: FollowUp | None = None,
    ) -> DeclareOperation:
        """Declare an API operation, as ``@operation("POST /admin/users", permission=…)``."""

        def declare[R: Request, A: Answer](function: Callable[[R, Call], A]) -> Operation[R, A]:
            return declare_operation(
                function,
                route=route,
                permission=permission,
                status=status,
                reads=tuple(reads),
                writes=tuple(writes),
                then=then,
                principals=self.principals,
                authorize=self.authorize,
                connect=self.connect,
            )

        return declare

    def job(
        self,
        *,
        every: timedelta,
        reads: Sequence[Any] = (),
        writes: Sequence[Any] = (),
        timeout: int = 900,
    ) -> DeclareJob:
        """Declare a scheduled job; ``timeout`` is in seconds, 900 at most."""

        def declare[P: Report](function: Callable[[Call], P]) -> Job[P]:
            return declare_job(
                function,
                every=every,
                reads=tuple(reads),
                writes=tuple(writes),
                timeout=timeout,
                connect=self.connect,
            )

        return declare

    def stream_reaction(
        self, on: type[Entity], *, reads: Sequence[Any] = (), writes: Sequence[Any] = ()
    ) -> Callable[[Callable[[JournalEntry, Call], None]], StreamReaction]:
        """Declare a reaction to every journal entry about one kind of entity."""

        def declare(function: Callable[[JournalEntry, Call], None]) -> StreamReaction:
            words = check_reaction(function, (JournalEntry, Call), tuple(reads), tuple(writes))
            return StreamReaction(
                **words,
                reads=tuple(reads),
                writes=tuple(writes),
                timeout=60,
                on=on,
                function=function,
                connect=self.connect,
            )

        return declare

    def cognito_reaction(
        self, trigger: CognitoTrigger, *, reads: Sequence[Any] = (), writes: Sequence[Any] = ()
    ) -> Callable[[Callable[[SignIn, Call], None]], CognitoReaction]:
        """Declare a user pool trigger; Cognito waits five seconds for it."""

        def declare(function: Callable[[SignIn, Call], None]) -> CognitoReaction:
            words = check_reaction(function, (SignIn, Call), tuple(reads), tuple(writes))
            return CognitoReaction(
                **words,
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
        """Declare what happens once at each deployment."""

        def declare(function: Callable[[Call], None]) -> DeploymentReaction:
            words = check_reaction(function, (Call,), tuple(reads), tuple(writes))
            return DeploymentReaction(
                **words,
                reads=tuple(reads),
                writes=tuple(writes),
                timeout=60,
                function=function,
                connect=self.connect,
            )

        return declare
