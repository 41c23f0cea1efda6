"""``@operation``: one typed function is one endpoint, one Lambda function and one policy.

The decorated function becomes an :class:`Operation`, which is the Lambda handler itself. All
else (gateway, OpenAPI, IAM, local routes, authorization tests) is read from these values.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, get_args

from pydantic.alias_generators import to_camel

from rollcall.kit.actor import Actor
from rollcall.kit.call import Call, Runtime
from rollcall.kit.declaration import (
    Declaration,
    ReadingRecord,
    check_resources,
    describe,
    read_signature,
)
from rollcall.kit.errors import Forbidden, Problem, WrongDeclaration
from rollcall.kit.http import (
    GatewayEvent,
    read_request,
    write_answer,
    write_internal_error,
    write_problem,
)
from rollcall.kit.idempotency import Idempotency
from rollcall.kit.log import log_call, log_failure
from rollcall.kit.model import Answer, FileAnswer, Request, WriteRequest
from rollcall.kit.objects import StoredObject
from rollcall.kit.retry import retry_contended

if TYPE_CHECKING:
    from rollcall.kit.throttle import Throttle

NOT_YET = 202
"""The status of an answer in the place of a file."""
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) ((?:/(?:[a-z0-9-]+|\{[a-z_]+\}))+)")
_VARIABLE = re.compile(r"\{([a-z_]+)\}")


type FollowUp = Callable[[Any, Call, Any], None]
"""(request, call, answer); its types are held against the operation's at import."""


class Authorize(Protocol):
    """Finds out who is calling; raises Unauthenticated or Forbidden."""

    def __call__(self, event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
        """Read who is calling."""
        ...


@dataclass(frozen=True, kw_only=True)
class Operation[R: Request, A: Answer](Declaration):
    """A declared operation. Calling it with an event and a context is invoking the Lambda."""

    method: str
    path: str
    permission: StrEnum | None
    """What the caller must hold; None: being signed in to an active account is enough."""
    scoped: bool
    """Whether it is enough to hold the permission for some things; the function then checks that
    it holds for the one that the call is about."""
    oauth_scopes: tuple[str, ...]
    """An access token needs one of these to come this far; none: no token is needed."""
    throttle: Throttle | None
    """How often it may be called from one address."""
    status: int
    request_model: type[R]
    answer_model: type[A]
    file_model: type[FileAnswer] | None
    """The file that it answers unless that is too large; if so, ``answer_model`` says more."""
    function: Callable[[R, Call], A]
    then: FollowUp | None
    """What follows the commit, and is followed up again when the same call is repeated."""
    authorize: Authorize
    connect: Callable[[], Runtime]

    @property
    def path_variables(self) -> tuple[str, ...]:
        """The names in braces, in order."""
        return tuple(_VARIABLE.findall(self.path))

    @property
    def public_path(self) -> str:
        """The path as callers write it, with its variables in camelCase as in JSON."""
        return _VARIABLE.sub(lambda match: f"{{{to_camel(match[1])}}}", self.path)

    @property
    def public(self) -> bool:
        """Whether anybody may call it, signed in or not."""
        return not self.oauth_scopes

    @property
    def changes(self) -> bool:
        """Whether it changes anything; a GET that writes leaves but a record of having read."""
        return bool(self.writes) and self.method != "GET"

    @property
    def has_body(self) -> bool:
        """Whether the request is read from the body, and not from the query."""
        return self.method in METHODS_WITH_BODY

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """The Lambda handler."""
        return self.handle(event, self.connect())

    def handle(self, event: dict[str, Any], runtime: Runtime) -> dict[str, Any]:
        """Answer one API Gateway proxy event; every refusal becomes problem+json."""
        gateway_event = GatewayEvent.model_validate(event)
        request_id = gateway_event.request_context.request_id
        origin = runtime.settings.allowed_origin
        try:
            answer, actor = self._perform(gateway_event, runtime)
        except Problem as problem:
            log_call(self.name, outcome=problem.code, request_id=request_id)
            return write_problem(problem, request_id, origin)
        except Exception as error:  # noqa: BLE001 (the edge: whatever it is, the caller gets a clean 500)
            log_failure(self.name, error, request_id=request_id)
            return write_internal_error(request_id, origin)
        log_call(self.name, outcome="ok", request_id=request_id, actor_id=actor.id)
        has_file = self.file_model is None or isinstance(answer, self.file_model)
        return write_answer(answer, self.status if has_file else NOT_YET, origin)

    def _perform(self, event: GatewayEvent, runtime: Runtime) -> tuple[A, Actor]:
        if self.throttle is not None:
            # Before anything is looked at, and once however often the call is attempted here.
            self.throttle.admit(event.source_ip, self.name, runtime.table, runtime.clock())
        request, call, answer = retry_contended(lambda: self._attempt(event, runtime))
        if self.then:
            self.then(request, call, answer)
        return answer, call.actor

    def _attempt(self, event: GatewayEvent, runtime: Runtime) -> tuple[R, Call, A]:
        now = runtime.clock()
        actor = self._admit(event, runtime, now)
        request = read_request(
            event,
            self.request_model,
            has_body=self.has_body,
            passes_over_body=self.method == "GET",
            variables=self.path_variables,
        )
        call = Call(
            runtime=runtime,
            actor=actor,
            now=now,
            action=self.name,
            request_id=event.request_context.request_id,
            reason=request.reason if isinstance(request, WriteRequest) else None,
            expected_version=event.expected_version(),
            idempotency=self._idempotency(event, actor),
            reauthorize=lambda: self._admit(event, runtime, runtime.clock()),
        )
        return request, call, self._recall(call) or self.function(request, call)

    def _admit(self, event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
        actor = self.authorize(event, runtime, now)
        if self.permission is not None and not (self.scoped and actor.scoped.get(self.permission)):
            require_permission(actor, self.permission)
        return actor

    def _idempotency(self, event: GatewayEvent, actor: Actor) -> Idempotency | None:
        key = event.idempotency_key() if self.changes else None
        if key is None:
            return None
        return Idempotency.of(key, actor_id=actor.id, operation=self.name, sent=event.sent())

    def _recall(self, call: Call) -> A | None:
        if call.idempotency is None:
            return None
        stored = call.idempotency.recall(call.table.get_item(call.idempotency.key), call.now)
        return self.answer_model.model_validate_json(stored) if stored else None


def require_permission(actor: Actor, permission: StrEnum) -> None:
    """Refuse (403, naming the permission) an actor who does not hold it."""
    if not actor.holds(permission):
        detail = f"This needs the permission {permission.value}, which you do not hold."
        raise Forbidden("permission_missing", detail)


def declare_operation[R: Request, A: Answer](
    function: Callable[[R, Call], A],
    *,
    route: str,
    permission: StrEnum | None,
    scoped: bool,
    oauth_scopes: tuple[str, ...],
    throttle: Throttle | None,
    asks: bool,
    status: int,
    timeout: int,
    reads: tuple[Any, ...],
    writes: tuple[Any, ...],
    then: FollowUp | None,
    principals: tuple[Any, ...],
    authorize: Authorize,
    connect: Callable[[], Runtime],
) -> Operation[R, A]:
    """Check a declaration and make the Operation; raises WrongDeclaration with the mend."""
    words = describe(function)
    name = words["name"]
    method, path = _split_route(name, route)
    check_resources(name, reads, writes)
    request_model, answer_model, file_model = _read_models(name, function)
    _check_path(name, path, request_model)
    _check_writes(name, method, writes, request_model, asks=asks)
    _check_follow_up(name, then, request_model, answer_model)
    _check_public(name, permission, oauth_scopes, throttle)
    if permission is not None and not isinstance(permission, StrEnum):
        raise WrongDeclaration(
            f"{name} needs {permission!r}; give a member of Permission, or None when being "
            "signed in is enough."
        )
    return Operation(
        **words,
        reads=reads,
        writes=writes,
        principals=principals,
        method=method,
        path=path,
        permission=permission,
        scoped=scoped,
        oauth_scopes=oauth_scopes,
        throttle=throttle,
        timeout=timeout,
        status=status,
        request_model=request_model,
        answer_model=answer_model,
        file_model=file_model,
        function=function,
        then=then,
        authorize=authorize,
        connect=connect,
    )


def _split_route(name: str, route: str) -> tuple[str, str]:
    match = _ROUTE.fullmatch(route)
    if not match:
        raise WrongDeclaration(
            f"{name} has the route {route!r}; write it as 'POST /admin/users/{{user_id}}/promote': "
            "a method, a space, lower-case words with hyphens, variables in snake_case."
        )
    return match[1], match[2]


def _read_models(
    name: str, function: Callable[..., object]
) -> tuple[type[Any], type[Any], type[FileAnswer] | None]:
    parameters, returned = read_signature(function)
    types = list(parameters.values())
    file, answer = _split_answer(returned)
    well_formed = (
        len(types) == 2
        and isinstance(types[0], type)
        and issubclass(types[0], Request)
        and types[1] is Call
        and isinstance(answer, type)
        and issubclass(answer, Answer)
    )
    if not well_formed:
        raise WrongDeclaration(
            f"{name} must take (request: a Request, call: Call) and return an Answer; "
            f"it takes ({', '.join(parameters)}) and returns {returned!r}."
        )
    return types[0], answer, file


def _split_answer(returned: Any) -> tuple[type[FileAnswer] | None, Any]:
    """Of ``File | Answer`` both, of anything else the latter."""
    file, *answers = get_args(returned) or (None, returned)
    if isinstance(file, type) and issubclass(file, FileAnswer) and len(answers) == 1:
        return file, answers[0]
    return None, returned


def _check_follow_up(
    name: str, then: FollowUp | None, request_model: type[Request], answer_model: type[Answer]
) -> None:
    if then is None:
        return
    types = list(read_signature(then)[0].values())
    fits = len(types) == 3 and types[0] in request_model.__mro__ and types[1] is Call
    if not fits or types[2] not in answer_model.__mro__:
        raise WrongDeclaration(
            f"{name} is followed by {then.__name__}, which must take (request: "
            f"{request_model.__name__}, call: Call, answer: {answer_model.__name__})."
        )


def _check_path(name: str, path: str, request_model: type[Request]) -> None:
    for variable in _VARIABLE.findall(path):
        if variable not in request_model.model_fields:
            raise WrongDeclaration(
                f"{name} has {{{variable}}} in its route, but {request_model.__name__} has no "
                f"field {variable}; add it, or rename the variable."
            )


def _check_public(
    name: str,
    permission: StrEnum | None,
    oauth_scopes: tuple[str, ...],
    throttle: Throttle | None,
) -> None:
    if oauth_scopes:
        return
    if permission is not None:
        raise WrongDeclaration(
            f"{name} is public and needs {permission.value}, which nobody without a token holds; "
            "give it permission=None, or declare it with another application's decorator."
        )
    if throttle is None:
        raise WrongDeclaration(
            f"{name} is public and may be called without end; give it a throttle."
        )


def _check_writes(
    name: str, method: str, writes: tuple[Any, ...], request_model: type[Request], *, asks: bool
) -> None:
    changed = [each.__name__ for each in writes if not _is_safe(each)]
    if changed and method == "GET":
        raise WrongDeclaration(
            f"{name} is a GET and writes {', '.join(changed)}; a GET must be safe to repeat, and "
            "leave no more than a ReadingRecord and objects that have days_kept: use POST, PUT, "
            "PATCH or DELETE."
        )
    if writes and not issubclass(request_model, WriteRequest):
        raise WrongDeclaration(
            f"{name} declares writes, but {request_model.__name__} is no WriteRequest; derive it "
            "from WriteRequest, so that the caller may give a reason for the journal."
        )
    if not writes and method != "GET" and not asks:
        raise WrongDeclaration(
            f"{name} is a {method} and declares no writes; declare what it writes, or make it "
            "a GET."
        )
    if asks and (writes or method != "POST"):
        raise WrongDeclaration(
            f"{name} is said to ask only; then it is a POST, for what is asked in its body, and "
            "writes nothing."
        )


def _is_safe(resource: type[Any]) -> bool:
    """Whether to write it is nothing that anybody could mind when a GET is repeated."""
    if issubclass(resource, StoredObject):
        return resource.days_kept is not None
    return issubclass(resource, ReadingRecord)
