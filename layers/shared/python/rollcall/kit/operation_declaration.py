"""``declare_operation``: checks a declaration at import and creates the Operation."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_args

from rollcall.kit.call import Call, Runtime
from rollcall.kit.declaration import ReadingRecord, check_resources, describe, read_signature
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.model import Answer, FileAnswer, Request, WriteRequest
from rollcall.kit.objects import StoredObject
from rollcall.kit.operation import (
    BODY_AT_MOST,
    PATH_VARIABLE,
    PUBLIC_BODY_AT_MOST,
    Authorize,
    FollowUp,
    Operation,
)

if TYPE_CHECKING:
    from rollcall.kit.throttle import Throttle

_ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) ((?:/(?:[a-z0-9-]+|\{[a-z_]+\}))+)")


def declare_operation[R: Request, A: Answer](
    function: Callable[[R, Call], A],
    *,
    route: str,
    permission: StrEnum | None,
    scoped: bool,
    fresh_sign_in: bool | str,
    oauth_scopes: tuple[str, ...],
    throttle: Throttle | None,
    body_at_most: int | None,
    read_only: bool,
    status: int,
    timeout: int,
    reads: tuple[Any, ...],
    writes: tuple[Any, ...],
    then: FollowUp | None,
    principals: tuple[Any, ...],
    authorize: Authorize,
    connect: Callable[[], Runtime],
) -> Operation[R, A]:
    """Check a declaration and create the Operation.

    Raises WrongDeclaration with a message that says how to fix it.
    """
    metadata = describe(function)
    name = metadata["name"]
    method, path = _split_route(name, route)
    check_resources(name, reads, writes)
    request_model, answer_model, file_model = _read_models(name, function)
    _check_path(name, path, request_model)
    _check_writes(name, method, writes, request_model, read_only=read_only)
    _check_follow_up(name, then, request_model, answer_model)
    _check_public(name, permission, oauth_scopes, throttle)
    if fresh_sign_in and not oauth_scopes:
        raise WrongDeclaration(
            f"{name} is public, but needs a recent sign-in. Remove fresh_sign_in, or use the "
            "decorator of another application."
        )
    if permission is not None and not isinstance(permission, StrEnum):
        raise WrongDeclaration(
            f"{name} has the permission {permission!r}. Use a member of Permission, or None for "
            "any active user."
        )
    return Operation(
        **metadata,
        reads=reads,
        writes=writes,
        principals=principals,
        method=method,
        path=path,
        permission=permission,
        scoped=scoped,
        fresh_sign_in=fresh_sign_in,
        oauth_scopes=oauth_scopes,
        throttle=throttle,
        body_at_most=body_at_most or (BODY_AT_MOST if oauth_scopes else PUBLIC_BODY_AT_MOST),
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
            f"{name} has the route {route!r}. Write it as 'POST /admin/users/{{user_id}}/promote': "
            "a method, a space, lower-case words with hyphens, and variables in snake_case."
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
            f"{name} takes ({', '.join(parameters)}) and returns {returned!r}. It must take "
            "(request: a Request, call: Call) and return an Answer."
        )
    return types[0], answer, file


def _split_answer(returned: Any) -> tuple[type[FileAnswer] | None, Any]:
    """Both types of ``File | Answer``; None and the type for anything else."""
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
            f"{name} has the follow-up {then.__name__}, which must take (request: "
            f"{request_model.__name__}, call: Call, answer: {answer_model.__name__})."
        )


def _check_path(name: str, path: str, request_model: type[Request]) -> None:
    for variable in PATH_VARIABLE.findall(path):
        if variable not in request_model.model_fields:
            raise WrongDeclaration(
                f"{name} has {{{variable}}} in its route, but {request_model.__name__} has no "
                f"field {variable}. Add the field, or rename the variable."
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
            f"{name} is public, but requires {permission.value}, which no caller without a token "
            "holds. Use permission=None, or the decorator of another application."
        )
    if throttle is None:
        raise WrongDeclaration(f"{name} is public, but has no rate limit. Give it a throttle.")


def _check_writes(
    name: str,
    method: str,
    writes: tuple[Any, ...],
    request_model: type[Request],
    *,
    read_only: bool,
) -> None:
    changed = [each.__name__ for each in writes if not _is_safe(each)]
    if changed and method == "GET":
        raise WrongDeclaration(
            f"{name} is a GET, but writes {', '.join(changed)}. A GET can write only a "
            "ReadingRecord and objects that have days_kept. Use POST, PUT, PATCH or DELETE."
        )
    if writes and not issubclass(request_model, WriteRequest):
        raise WrongDeclaration(
            f"{name} declares writes, but {request_model.__name__} is not a WriteRequest. Derive "
            "it from WriteRequest, so that the caller can give a reason for the journal."
        )
    if not writes and method != "GET" and not read_only:
        raise WrongDeclaration(
            f"{name} is a {method}, but declares no writes. Declare what it writes, or use GET."
        )
    if read_only and (writes or method != "POST"):
        raise WrongDeclaration(f"{name} is read_only. It must be a POST that writes nothing.")


def _is_safe(resource: type[Any]) -> bool:
    """Whether a GET is allowed to write it."""
    if issubclass(resource, StoredObject):
        return resource.days_kept is not None
    return issubclass(resource, ReadingRecord)
