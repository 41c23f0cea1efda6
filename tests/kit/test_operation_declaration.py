"""``declare_operation``: what it derives, and which declarations it rejects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

import pytest

from rollcall.access.policy import AccessPolicy
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call, Runtime
from rollcall.kit.declaration import ReadingRecord
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.model import WriteRequest
from rollcall.kit.objects import StoredObject
from rollcall.kit.operation import Operation
from rollcall.kit.throttle import Throttle
from rollcall.users.user import User
from tests.kit.sample_operation import (
    Looking,
    Moved,
    Moving,
    application,
    declare,
    move_user,
    see_user,
)


def refusal_of(function: Callable[..., Any] = move_user, **changed: Any) -> str:
    """The message of the error for a declaration."""
    with pytest.raises(WrongDeclaration) as refused:
        declare(function, **changed)
    return str(refused.value)


def test_declaration_has_all_derived_properties() -> None:
    operation = declare(reads=[AccessPolicy], status=202)

    assert (operation.name, operation.area) == ("move_user", "users")
    assert (operation.method, operation.path) == ("POST", "/admin/users/{user_id}/move")
    assert (operation.path_variables, operation.has_body) == (("user_id",), True)
    assert (operation.request_model, operation.answer_model) == (Moving, Moved)
    assert (operation.reads, operation.writes) == ((AccessPolicy,), (User,))
    assert operation.principals == (User, AccessPolicy)
    assert (operation.permission, operation.status) == (Permission.USER_UPDATE, 202)


def test_public_operation_cannot_need_a_sign_in() -> None:
    public = replace(application, oauth_scopes=lambda _: ())
    declaration = public.operation(
        "POST /move/{user_id}",
        permission=None,
        throttle=Throttle(1, timedelta(minutes=1)),
        writes=[User],
        fresh_sign_in=True,
    )
    with pytest.raises(WrongDeclaration, match="needs a recent sign-in"):
        declaration(move_user)


@pytest.mark.parametrize(
    ("method", "has_body"),
    [("GET", False), ("DELETE", False), ("POST", True), ("PUT", True), ("PATCH", True)],
)
def test_request_comes_from_the_body_of_posts_puts_and_patches(method: str, has_body: bool) -> None:
    reading = method == "GET"
    operation = declare(
        see_user if reading else move_user,
        route=f"{method} /admin/users/{{user_id}}",
        writes=[] if reading else [User],
    )
    assert operation.has_body is has_body


@pytest.mark.parametrize(
    "route",
    [
        "/admin/users/{user_id}",
        "POST admin/users/{user_id}",
        "post /admin/users/{user_id}",
        "HEAD /admin/users/{user_id}",
        "POST /admin/users/{userId}",
        "POST /Admin/users/{user_id}",
        "POST /admin/users/{user_id}/",
        "POST  /admin/users/{user_id}",
        "POST /admin/{user_id}.json",
    ],
)
def test_wrong_route_is_refused(route: str) -> None:
    assert refusal_of(route=route) == (
        f"move_user has the route {route!r}. Write it as 'POST /admin/users/{{user_id}}/promote': "
        "a method, a space, lower-case words with hyphens, and variables in snake_case."
    )


def test_path_variable_without_a_field_is_refused() -> None:
    assert refusal_of(route="POST /admin/groups/{group_id}") == (
        "move_user has {group_id} in its route, but Moving has no field group_id. Add the field, "
        "or rename the variable."
    )


def test_get_that_writes_is_refused() -> None:
    assert refusal_of(route="GET /admin/users/{user_id}") == (
        "move_user is a GET, but writes User. A GET can write only a ReadingRecord and objects "
        "that have days_kept. Use POST, PUT, PATCH or DELETE."
    )


class Reading(ReadingRecord):
    """A record of a read access."""


class Copy(StoredObject):
    """An object that expires."""

    prefix = "copies/"
    days_kept = 1


class Original(StoredObject):
    """An object without expiry."""

    prefix = "originals/"


def test_get_can_write_a_reading_record_and_files_that_expire() -> None:
    route = "GET /admin/users/{user_id}"

    assert not declare(route=route, writes=[Reading, Copy]).changes
    assert declare(writes=[Reading, Copy]).changes
    assert "writes Original." in refusal_of(route=route, writes=[Reading, Original])


def move_or_see_user(request: Moving, call: Call) -> Moved | Moving:
    """One or the other."""
    raise NotImplementedError  # only its declaration is checked


def test_only_a_file_can_be_an_alternative_answer() -> None:
    assert "move_or_see_user takes (request, call)" in refusal_of(move_or_see_user)


def test_writes_without_a_write_request_are_refused() -> None:
    assert refusal_of(see_user) == (
        "see_user declares writes, but Looking is not a WriteRequest. Derive it from WriteRequest, "
        "so that the caller can give a reason for the journal."
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_changing_method_that_writes_nothing_is_refused(method: str) -> None:
    assert refusal_of(route=f"{method} /admin/users/{{user_id}}", writes=[]) == (
        f"move_user is a {method}, but declares no writes. Declare what it writes, or use GET."
    )


def test_read_only_operation_is_a_post_that_writes_nothing() -> None:
    route = "POST /admin/users/{user_id}/forecast"
    assert not declare(route=route, writes=[], read_only=True).changes
    read_only = "move_user is read_only. It must be a POST that writes nothing."
    assert refusal_of(route=route, read_only=True) == read_only
    put = "PUT /admin/users/{user_id}/forecast"
    assert refusal_of(route=put, writes=[], read_only=True) == read_only


class OtherPermission(StrEnum):
    """The permissions of another application."""

    USER_MOVE = "user.move"


def test_permission_that_is_a_plain_string_is_refused() -> None:
    assert refusal_of(permission="user.move") == (
        "move_user has the permission 'user.move'. Use a member of Permission, or None for any "
        "active user."
    )
    assert declare(permission=OtherPermission.USER_MOVE).permission == "user.move"
    assert declare(permission=None).permission is None


def takes_nothing() -> Moved:
    """Take nothing."""
    return Moved(place="")


def takes_no_request(request: str, call: Call) -> Moved:
    """Take no request."""
    return Moved(place=request)


def takes_no_call(request: Moving, call: Runtime) -> Moved:
    """Take no call."""
    return Moved(place="")


def answers_nothing(request: Moving, call: Call) -> None:
    """Answer nothing."""


def answers_text(request: Moving, call: Call) -> str:
    """Answer text."""
    return ""


@pytest.mark.parametrize(
    ("function", "taken", "answered"),
    [
        (takes_nothing, "", "<class 'tests.kit.sample_operation.Moved'>"),
        (takes_no_request, "request, call", "<class 'tests.kit.sample_operation.Moved'>"),
        (takes_no_call, "request, call", "<class 'tests.kit.sample_operation.Moved'>"),
        (answers_nothing, "request, call", "<class 'NoneType'>"),
        (answers_text, "request, call", "<class 'str'>"),
    ],
)
def test_wrong_signature_is_refused(
    function: Callable[..., Any], taken: str, answered: str
) -> None:
    assert refusal_of(function) == (
        f"{function.__name__} takes ({taken}) and returns {answered}. It must take (request: a "
        "Request, call: Call) and return an Answer."
    )


def follows(request: WriteRequest, call: Call, answer: Moved) -> None:
    """The types fit."""


def takes_too_little(request: Moving, call: Call) -> None:
    """A parameter is missing."""


def takes_another_request(request: Looking, call: Call, answer: Moved) -> None:
    """Another request."""


def takes_another_answer(request: Moving, call: Call, answer: Operation[Any, Any]) -> None:
    """Another answer, which is not even a class."""


def takes_anything_for_a_call(request: Moving, call: object, answer: Moved) -> None:
    """The call has another type."""


@pytest.mark.parametrize(
    "then",
    [
        takes_too_little,
        takes_another_request,
        takes_another_answer,
        takes_anything_for_a_call,
    ],
)
def test_follow_up_of_other_types_is_refused(then: Callable[..., None]) -> None:
    assert refusal_of(then=then) == (
        f"move_user has the follow-up {then.__name__}, which must take (request: Moving, call: "
        "Call, answer: Moved)."
    )


def test_follow_up_can_take_more_general_types() -> None:
    assert declare(then=follows).then is follows


def test_unknown_resource_is_refused() -> None:
    assert refusal_of(writes=[User, "mail"]) == (
        "move_user writes 'mail', from which no IAM policy can be derived. Use entities, rows, "
        "signing keys, stored objects, Account or Mail."
    )


def test_scopes_and_timeout_are_part_of_the_declaration() -> None:
    operation = declare(scoped=True, timeout=28)
    assert (operation.oauth_scopes, operation.scoped, operation.timeout) == (("scope",), True, 28)
