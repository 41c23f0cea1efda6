"""The ``@operation`` decorator, bound to the principals and clients of one application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from rollcall.kit.call import Call, Runtime
from rollcall.kit.entity import Entity
from rollcall.kit.model import Answer, Request
from rollcall.kit.operation import Authorize, FollowUp, Operation
from rollcall.kit.operation_declaration import declare_operation

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
    """What all operations of one application share, and the decorator that adds it."""

    connect: Callable[[], Runtime]
    """Creates the clients from the environment, at the first call of a process."""
    authorize: Authorize
    principals: tuple[type[Entity], ...]
    """The entities that ``authorize`` reads."""
    oauth_scopes: Callable[[StrEnum | None], tuple[str, ...]]
    """The token scopes for an operation that requires this permission; none: the operation needs
    no token."""

    def operation(
        self,
        route: str,
        *,
        permission: StrEnum | None,
        scoped: bool = False,
        fresh_sign_in: bool | str = False,
        throttle: Throttle | None = None,
        body_at_most: int | None = None,
        read_only: bool = False,
        status: int = 200,
        timeout: int = 15,
        reads: Sequence[Any] = (),
        writes: Sequence[Any] = (),
        then: FollowUp | None = None,
    ) -> DeclareOperation:
        """Declare an API operation, as ``@operation("POST /admin/users", permission=…)``. A
        ``read_only`` POST changes nothing: its body is a query that is too long for a URL. Without
        ``body_at_most``, a body can have BODY_AT_MOST bytes, of a public operation
        PUBLIC_BODY_AT_MOST. ``fresh_sign_in``: whether it needs a recent sign-in; a text
        completes "if …" and says in which case.
        """

        def declare[R: Request, A: Answer](function: Callable[[R, Call], A]) -> Operation[R, A]:
            return declare_operation(
                function,
                route=route,
                permission=permission,
                scoped=scoped,
                fresh_sign_in=fresh_sign_in,
                oauth_scopes=self.oauth_scopes(permission),
                throttle=throttle,
                body_at_most=body_at_most,
                read_only=read_only,
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
