"""``@operation``, bound to one application's principals and clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from rollcall.kit.call import Call, Runtime
from rollcall.kit.entity import Entity
from rollcall.kit.model import Answer, Request
from rollcall.kit.operation import Authorize, FollowUp, Operation, declare_operation

if TYPE_CHECKING:
    from rollcall.kit.throttle import Throttle


class DeclareOperation(Protocol):
    """Turns a typed function into an Operation of the same types."""

    def __call__[R: Request, A: Answer](
        self, function: Callable[[R, Call], A], /
    ) -> Operation[R, A]:
        """Declare the function."""
        ...


@dataclass(frozen=True)
class Application:
    """What every operation of one application shares, and the decorator that adds it."""

    connect: Callable[[], Runtime]
    """Makes the clients at the first call of a process, from its environment."""
    authorize: Authorize
    principals: tuple[type[Entity], ...]
    """The entities that ``authorize`` reads."""
    oauth_scopes: Callable[[StrEnum | None], tuple[str, ...]]
    """Which scopes let a token through to an operation that needs this permission; none: whoever
    has no token comes through too."""

    def operation(
        self,
        route: str,
        *,
        permission: StrEnum | None,
        scoped: bool = False,
        throttle: Throttle | None = None,
        asks: bool = False,
        status: int = 200,
        timeout: int = 15,
        reads: Sequence[Any] = (),
        writes: Sequence[Any] = (),
        then: FollowUp | None = None,
    ) -> DeclareOperation:
        """Declare an API operation, as ``@operation("POST /admin/users", permission=…)``. A POST
        that ``asks`` changes nothing: its body is a question that no query has room for.
        """

        def declare[R: Request, A: Answer](function: Callable[[R, Call], A]) -> Operation[R, A]:
            return declare_operation(
                function,
                route=route,
                permission=permission,
                scoped=scoped,
                oauth_scopes=self.oauth_scopes(permission),
                throttle=throttle,
                asks=asks,
                status=status,
                timeout=timeout,
                reads=tuple(reads),
                writes=tuple(writes),
                then=then,
                principals=self.principals,
                authorize=self.authorize,
                connect=self.connect,
            )

        return declare
