"""Operations: one typed function is one endpoint, one Lambda function and one IAM policy.

``@operation`` turns a function into an :class:`Operation`, which is the Lambda handler itself.
Gateway, OpenAPI document, IAM, local routes and authorization tests are derived from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from rollcall.kit.actor import Actor
from rollcall.kit.call import Call, Runtime
from rollcall.kit.declaration import Declaration
from rollcall.kit.entity import Taken
from rollcall.kit.errors import Forbidden, Problem
from rollcall.kit.http import (
    GatewayEvent,
    read_request,
    write_answer,
    write_internal_error,
    write_problem,
)
from rollcall.kit.idempotency import Idempotency
from rollcall.kit.log import log_call, log_failure
from rollcall.kit.model import Answer, FileAnswer, Request, WriteRequest, camel_case
from rollcall.kit.retry import retry_contended
from rollcall.kit.step_up import require_fresh_sign_in
from rollcall.kit.taken import explain_taken

if TYPE_CHECKING:
    from rollcall.kit.throttle import Throttle

NOT_YET = 202
"""The status of an answer that is sent instead of a file."""
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
BODY_AT_MOST, PUBLIC_BODY_AT_MOST = 1024 * 1024, 16 * 1024
"""The bytes that a body can have, unless the operation declares another limit."""
PATH_VARIABLE = re.compile(r"\{([a-z_]+)\}")


type FollowUp = Callable[[Any, Call, Any], None]
"""(request, call, answer); its types are checked against the operation's at import."""


class Authorize(Protocol):
    """Identifies the caller; raises Unauthenticated or Forbidden."""

    def __call__(self, event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
        """Return the caller."""
        ...


@dataclass(frozen=True, kw_only=True)
class Operation[R: Request, A: Answer](Declaration):
    """A declared operation. Calling it with an event and a context invokes the Lambda."""

    method: str
    path: str
    permission: StrEnum | None
    """The permission that the caller needs; None: any active user."""
    scoped: bool
    """Whether a permission for some resources is enough. If so, the function must check it for
    the resource that the call is about."""
    fresh_sign_in: bool | str
    """Whether the caller must have signed in recently (step-up). A text: only in the case that it
    describes, in which the function calls ``call.require_fresh_sign_in``."""
    oauth_scopes: tuple[str, ...]
    """The access token needs one of these; none: no token is needed."""
    throttle: Throttle | None
    """The rate limit for one IP address."""
    body_at_most: int
    """The bytes that a body can have. It is checked before anything else."""
    status: int
    request_model: type[R]
    answer_model: type[A]
    file_model: type[FileAnswer] | None
    """The file that it answers. A file that is too large is replaced by ``answer_model``."""
    function: Callable[[R, Call], A]
    then: FollowUp | None
    """Runs after the commit, and again when the same call is repeated."""
    authorize: Authorize
    connect: Callable[[], Runtime]

    @property
    def path_variables(self) -> tuple[str, ...]:
        """The names in braces, in order."""
        return tuple(PATH_VARIABLE.findall(self.path))

    @property
    def public_path(self) -> str:
        """The path as callers write it, with its variables in camelCase as in JSON."""
        return PATH_VARIABLE.sub(lambda match: f"{{{camel_case(match[1])}}}", self.path)

    @property
    def public(self) -> bool:
        """Whether it can be called without a token."""
        return not self.oauth_scopes

    @property
    def changes(self) -> bool:
        """Whether it changes state. What a GET writes is only a record of the access."""
        return bool(self.writes) and self.method != "GET"

    @property
    def has_body(self) -> bool:
        """Whether the request is read from the body instead of the query."""
        return self.method in METHODS_WITH_BODY

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """The Lambda handler."""
        return self.handle(event, self.connect())

    def handle(self, event: dict[str, Any], runtime: Runtime) -> dict[str, Any]:
        """Answer one API Gateway proxy event; every Problem becomes problem+json."""
        gateway_event = GatewayEvent.model_validate(event)
        request_id = gateway_event.request_context.request_id
        origin = runtime.settings.allowed_origin
        try:
            answer, actor = self._perform(gateway_event, runtime)
            has_file = self.file_model is None or isinstance(answer, self.file_model)
            known = gateway_event.preconditions().if_none_match if self.method == "GET" else None
            reply = write_answer(answer, self.status if has_file else NOT_YET, origin, known)
        except Problem as problem:
            log_call(self.name, outcome=problem.code, request_id=request_id)
            return write_problem(problem, request_id, origin)
        except Exception as error:  # noqa: BLE001 (the outermost handler: every error becomes a 500)
            log_failure(self.name, error, request_id=request_id)
            return write_internal_error(request_id, origin)
        log_call(self.name, outcome="ok", request_id=request_id, actor_id=actor.id)
        return reply

    def _perform(self, event: GatewayEvent, runtime: Runtime) -> tuple[A, Actor]:
        event.limit_body(self.body_at_most)
        if self.throttle is not None:
            # Before anything is read, and once per call, not once per attempt.
            self.throttle.admit(event.source_ip, self.name, runtime.table, runtime.clock())
        request, call, answer = retry_contended(lambda: self._attempt(event, runtime))
        if self.then:
            self.then(request, call, answer)
        return answer, call.actor

    def _attempt(self, event: GatewayEvent, runtime: Runtime) -> tuple[R, Call, A]:
        now = runtime.clock()
        actor = self._admit(event, runtime, now)
        if self.fresh_sign_in is True:
            require_fresh_sign_in(actor, runtime.settings, now)
        request = read_request(
            event,
            self.request_model,
            has_body=self.has_body,
            ignores_body=self.method == "GET",
            ignores_unknown=self.public and self.method == "GET",
            variables=self.path_variables,
            settings=runtime.settings,
        )
        call = Call(
            runtime=runtime,
            actor=actor,
            now=now,
            action=self.name,
            request_id=event.request_context.request_id,
            reason=request.reason if isinstance(request, WriteRequest) else None,
            preconditions=event.preconditions(),
            idempotency=self._idempotency(event, actor, request, runtime),
            reauthorize=lambda: self._admit(event, runtime, runtime.clock()),
        )
        try:
            return request, call, self._recall(call) or self.function(request, call)
        except Taken as taken:
            raise explain_taken(taken, call.table, actor) from None

    def _admit(self, event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
        actor = self.authorize(event, runtime, now)
        if self.permission is not None and not (self.scoped and actor.scoped.get(self.permission)):
            require_permission(actor, self.permission)
        return actor

    def _idempotency(
        self, event: GatewayEvent, actor: Actor, request: R, runtime: Runtime
    ) -> Idempotency | None:
        key = event.idempotency_key() if self.changes else None
        if key is None:
            return None
        return Idempotency.read(
            runtime.table,
            key,
            actor_id=actor.id,
            operation=self.name,
            sent=event.sent(),
            proof=self._identify_sender(event, request),
        )

    def _identify_sender(self, event: GatewayEvent, request: R) -> str:
        """What separates the idempotency keys of callers without a token: the token of their link,
        which is the same wherever they retry from. Otherwise, their network.
        """
        if self.throttle is None or not self.public:
            return ""
        proof = request.proof if isinstance(request, WriteRequest) else None
        return proof or self.throttle.network_of(event.source_ip)

    def _recall(self, call: Call) -> A | None:
        if call.idempotency is None:
            return None
        stored = call.idempotency.recall(call.now)
        return self.answer_model.model_validate_json(stored) if stored else None


def require_permission(actor: Actor, permission: StrEnum) -> None:
    """Raise Forbidden, which names the permission, if the actor does not hold it."""
    if actor.holds(permission):
        return
    detail = f"This requires the permission {permission.value}, which you do not hold."
    if actor.scoped.get(permission) == frozenset():  # a service has requested this scope alone
        detail = (
            f"The token has the scope {permission.value}, but none that says for what, as "
            f"{permission.value}:NAME. Request the token without a scope. It then has all scopes "
            "of the service."
        )
    raise Forbidden("permission_missing", detail)
