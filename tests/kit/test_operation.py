"""``@operation``: what it derives, what it refuses, and how it answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from io import StringIO
from typing import Any

import pytest

from functions.users.get_me import get_me
from functions.users.promote_user import promote_user
from rollcall.access.authorization import authorize_caller
from rollcall.access.policy import AccessPolicy
from rollcall.grants.permissions import Permission
from rollcall.kit.actor import Actor
from rollcall.kit.application import Application
from rollcall.kit.call import Call, Runtime
from rollcall.kit.declaration import ReadingRecord
from rollcall.kit.errors import Contended, NotFound, WrongDeclaration
from rollcall.kit.http import GatewayEvent
from rollcall.kit.model import Answer, FileAnswer, Request, WriteRequest
from rollcall.kit.objects import StoredObject
from rollcall.kit.operation import Operation
from rollcall.operations import connect
from rollcall.users.user import User
from tests.world import World, make_event

application = Application(
    connect=connect,
    authorize=authorize_caller,
    principals=(User, AccessPolicy),
    oauth_scopes=lambda _: ("scope",),
)


class Moving(WriteRequest):
    """A request that changes something."""

    user_id: str


class Looking(Request):
    """A request that changes nothing."""

    user_id: str


class Moved(Answer):
    """An answer."""

    place: str


def move_user(request: Moving, call: Call) -> Moved:
    """Move a user."""
    return Moved(place="elsewhere")


def see_user(request: Looking, call: Call) -> Moved:
    """See where a user is."""
    return Moved(place="here")


MOVE: dict[str, Any] = {
    "route": "POST /admin/users/{user_id}/move",
    "permission": Permission.USER_UPDATE,
    "writes": [User],
}


def declare(function: Callable[..., Any] = move_user, **changed: Any) -> Operation[Any, Any]:
    """Declare a function as if it stood in its own file."""
    function.__module__ = f"functions.users.{function.__name__}"
    arguments = {**MOVE, **changed}
    return application.operation(arguments.pop("route"), **arguments)(function)


def refusal_of(function: Callable[..., Any] = move_user, **changed: Any) -> str:
    """The sentence that refuses a declaration."""
    with pytest.raises(WrongDeclaration) as refused:
        declare(function, **changed)
    return str(refused.value)


def test_declaration_says_everything_that_is_derived_from_it() -> None:
    operation = declare(reads=[AccessPolicy], status=202)

    assert (operation.name, operation.area) == ("move_user", "users")
    assert (operation.method, operation.path) == ("POST", "/admin/users/{user_id}/move")
    assert (operation.path_variables, operation.has_body) == (("user_id",), True)
    assert (operation.request_model, operation.answer_model) == (Moving, Moved)
    assert (operation.reads, operation.writes) == ((AccessPolicy,), (User,))
    assert operation.principals == (User, AccessPolicy)
    assert (operation.permission, operation.status) == (Permission.USER_UPDATE, 202)


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
        f"move_user has the route {route!r}; write it as 'POST /admin/users/{{user_id}}/promote': "
        "a method, a space, lower-case words with hyphens, variables in snake_case."
    )


def test_path_variable_without_a_field_is_refused() -> None:
    assert refusal_of(route="POST /admin/groups/{group_id}") == (
        "move_user has {group_id} in its route, but Moving has no field group_id; add it, or "
        "rename the variable."
    )


def test_get_that_writes_is_refused() -> None:
    assert refusal_of(route="GET /admin/users/{user_id}") == (
        "move_user is a GET and writes User; a GET must be safe to repeat, and leave no more than "
        "a ReadingRecord and objects that have days_kept: use POST, PUT, PATCH or DELETE."
    )


class Reading(ReadingRecord):
    """That somebody has read."""


class Copy(StoredObject):
    """What passes away."""

    prefix = "copies/"
    days_kept = 1


class Original(StoredObject):
    """What stays."""

    prefix = "originals/"


def test_get_may_leave_a_record_of_reading_and_files_that_pass_away() -> None:
    route = "GET /admin/users/{user_id}"

    assert not declare(route=route, writes=[Reading, Copy]).changes
    assert declare(writes=[Reading, Copy]).changes
    assert "writes Original;" in refusal_of(route=route, writes=[Reading, Original])


class Picture(FileAnswer):
    """A file."""

    content_types = ("image/svg+xml",)


def draw_user(request: Looking, call: Call) -> Picture | Moved:
    """See a user."""
    if request.user_id == "usr_large":
        return Moved(place="elsewhere")
    return Picture(content="<svg/>", content_type="image/svg+xml", file_name="user.svg")


def test_file_is_answered_as_it_is_and_what_stands_in_its_place_as_not_yet(world: World) -> None:
    drawn = declare(draw_user, route="GET /admin/users/{user_id}/picture", writes=())
    assert (drawn.file_model, drawn.answer_model) == (Picture, Moved)

    small = world.invoke(drawn, path={"user_id": "usr_1"})
    assert (small.status, small.text) == (200, "<svg/>")
    assert small.headers["Content-Type"] == "image/svg+xml"

    large = world.invoke(drawn, path={"user_id": "usr_large"})
    assert (large.status, large.body) == (202, {"place": "elsewhere"})


def move_or_see_user(request: Moving, call: Call) -> Moved | Moving:
    """One or the other."""
    raise NotImplementedError  # only its declaration is looked at


def test_only_a_file_may_be_answered_instead() -> None:
    assert "move_or_see_user must take" in refusal_of(move_or_see_user)


def test_writing_without_room_for_a_reason_is_refused() -> None:
    assert refusal_of(see_user) == (
        "see_user declares writes, but Looking is no WriteRequest; derive it from WriteRequest, "
        "so that the caller may give a reason for the journal."
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_changing_method_that_writes_nothing_is_refused(method: str) -> None:
    assert refusal_of(route=f"{method} /admin/users/{{user_id}}", writes=[]) == (
        f"move_user is a {method} and declares no writes; declare what it writes, or make it a GET."
    )


def test_post_that_only_asks_writes_nothing_and_is_a_post() -> None:
    route = "POST /admin/users/{user_id}/forecast"
    assert not declare(route=route, writes=[], asks=True).changes
    asks_only = "move_user is said to ask only; then it is a POST"
    assert refusal_of(route=route, asks=True).startswith(asks_only)
    put = "PUT /admin/users/{user_id}/forecast"
    assert refusal_of(route=put, writes=[], asks=True).startswith(asks_only)


class OtherPermission(StrEnum):
    """Not ours, but a permission all the same."""

    USER_MOVE = "user.move"


def test_permission_that_is_only_text_is_refused() -> None:
    assert refusal_of(permission="user.move") == (
        "move_user needs 'user.move'; give a member of Permission, or None when being signed in "
        "is enough."
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
        (takes_nothing, "", "<class 'tests.kit.test_operation.Moved'>"),
        (takes_no_request, "request, call", "<class 'tests.kit.test_operation.Moved'>"),
        (takes_no_call, "request, call", "<class 'tests.kit.test_operation.Moved'>"),
        (answers_nothing, "request, call", "<class 'NoneType'>"),
        (answers_text, "request, call", "<class 'str'>"),
    ],
)
def test_wrong_signature_is_refused(
    function: Callable[..., Any], taken: str, answered: str
) -> None:
    assert refusal_of(function) == (
        f"{function.__name__} must take (request: a Request, call: Call) and return an Answer; "
        f"it takes ({taken}) and returns {answered}."
    )


def follows(request: WriteRequest, call: Call, answer: Moved) -> None:
    """What fits."""


def takes_too_little(request: Moving, call: Call) -> None:
    """Too little."""


def takes_another_request(request: Looking, call: Call, answer: Moved) -> None:
    """Another request."""


def takes_another_answer(request: Moving, call: Call, answer: Operation[Any, Any]) -> None:
    """Another answer, which is no class even."""


def takes_anything_for_a_call(request: Moving, call: object, answer: Moved) -> None:
    """No call."""


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
        f"move_user is followed by {then.__name__}, which must take (request: Moving, call: "
        "Call, answer: Moved)."
    )


def test_follow_up_may_take_what_is_more_general() -> None:
    assert declare(then=follows).then is follows


def test_unknown_resource_is_refused() -> None:
    assert refusal_of(writes=[User, "mail"]) == (
        "move_user writes 'mail'; name entities, rows, stored objects, Account or Mail, from "
        "which its IAM policy derives."
    )


# How a declared operation answers.


def perform(world: World, operation: Operation[Any, Any], **event: Any) -> dict[str, Any]:
    """Invoke the Lambda handler in a world."""
    sent = {
        **make_event(operation, claims=world.claims(world.admin_id), path={"user_id": "usr_1"}),
        **event,
    }
    answer: dict[str, Any] = replace(operation, connect=lambda: world.runtime)(sent, object())
    return answer


def test_handler_answers_as_api_gateway_wants(world: World) -> None:
    answer = perform(world, declare(status=202))
    assert (answer["statusCode"], json.loads(answer["body"])) == (202, {"place": "elsewhere"})
    assert answer["headers"]["Content-Type"] == "application/json"


def test_refusal_becomes_a_problem_document(world: World) -> None:
    def lose_user(request: Moving, call: Call) -> Moved:
        """Lose a user."""
        raise NotFound("user_not_found", "User not found")

    answer = perform(world, declare(lose_user))

    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert json.loads(answer["body"]) == {
        "type": "urn:rollcall:problem:user_not_found",
        "title": "Not found",
        "status": 404,
        "detail": "User not found",
        "code": "user_not_found",
        "errors": [],
        "requestId": "req_test",
    }


def test_unforeseen_error_tells_the_caller_nothing_and_the_log_no_values(
    world: World, logged: StringIO
) -> None:
    def break_user(request: Moving, call: Call) -> Moved:
        """Break a user."""
        raise RuntimeError(request.reason)

    answer = perform(world, declare(break_user), body='{"reason": "hunter2"}')

    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (500, "internal_error")
    assert "hunter2" not in answer["body"]
    (line,) = (json.loads(each) for each in logged.getvalue().splitlines())
    assert (line["message"], line["outcome"]) == ("break_user", "RuntimeError")
    assert any("test_operation.py" in each for each in line["where"])
    assert "hunter2" not in logged.getvalue()


def test_caller_is_refused_before_his_request_is_read(world: World) -> None:
    operation = declare()
    event = make_event(operation, claims={}, body="not json")
    assert operation.handle(event, world.runtime)["statusCode"] == 401


def test_whoever_authorizes_decides(world: World) -> None:
    def authorize(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
        return Actor(kind="user", id="usr_guest", permissions=frozenset({"user.update"}))

    operation = replace(declare(), authorize=authorize)
    event = make_event(operation, claims={}, path={"user_id": "usr_1"})
    assert operation.handle(event, world.runtime)["statusCode"] == 200


def test_contended_attempt_starts_from_the_beginning(world: World) -> None:
    attempts = []

    def retry_user(request: Moving, call: Call) -> Moved:
        """Move at the third attempt."""
        attempts.append(call)
        if len(attempts) < 3:
            raise Contended
        return Moved(place="there")

    assert perform(world, declare(retry_user))["statusCode"] == 200
    assert len({id(call.actor) for call in attempts}) == 3, "the caller is read anew each time"


def test_caller_who_loses_the_permission_between_two_parts_is_refused(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_UPDATE,))
    parts = []

    def part_user(request: Moving, call: Call) -> Moved:
        """Take the permission away between two parts."""
        parts.append(call.part().actor.id)
        world.change_user(caller, caller.with_grants("permission_grants", ()))
        parts.append(call.part().actor.id)
        return Moved(place="nowhere")

    answer = perform(
        world,
        declare(part_user),
        requestContext={"authorizer": {"claims": world.claims(caller.id)}},
    )

    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (403, "permission_missing")
    assert parts == [caller.id]


def test_follow_up_runs_after_the_commit_and_again_when_the_call_is_repeated(
    world: World,
) -> None:
    user = world.add_user()
    followed: list[str] = []

    def follow(request: Request, call: Call, answer: Answer) -> None:
        followed.append(answer.model_dump()["id"])
        assert world.user(user.id).is_admin

    operation = replace(promote_user, then=follow)
    for _ in range(2):
        world.invoke(operation, path={"user_id": user.id}, headers={"Idempotency-Key": "key-1"})

    assert followed == [user.id, user.id]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_unusable_idempotency_key_is_refused(world: World, key: str) -> None:
    user = world.add_user()
    reply = world.invoke(promote_user, path={"user_id": user.id}, headers={"Idempotency-Key": key})
    assert (reply.status, reply.code) == (400, "bad_idempotency_key")


def test_idempotency_key_of_a_reading_operation_is_passed_over(world: World) -> None:
    stored = world.stored()
    assert world.invoke(get_me, headers={"Idempotency-Key": "key-1"}).status == 200
    assert world.stored() == stored


def authorized_as(**held: Any) -> Callable[..., Actor]:
    return lambda event, runtime, now: Actor(kind="user", id="usr_1", **held)


SCOPED = {"user.update": frozenset({"grp_1"})}


@pytest.mark.parametrize(
    ("scoped", "held", "status"),
    [
        (False, {"permissions": frozenset({"user.update"})}, 200),
        (False, {"scoped": SCOPED}, 403),
        (True, {"permissions": frozenset({"user.update"})}, 200),
        (True, {"permissions": frozenset({"admin:access"})}, 200),
        (True, {"scoped": SCOPED}, 200),
        (True, {"scoped": {"user.update": frozenset()}}, 403),
        (True, {"scoped": {"user.view": frozenset({"grp_1"})}}, 403),
        (True, {}, 403),
    ],
)
def test_permission_for_some_things_is_enough_only_where_the_operation_says_so(
    world: World, scoped: bool, held: dict[str, Any], status: int
) -> None:
    operation = replace(declare(scoped=scoped), authorize=authorized_as(**held))
    event = make_event(operation, claims={}, path={"user_id": "usr_1"})

    answer = operation.handle(event, world.runtime)

    assert answer["statusCode"] == status
    if status == 403:
        assert json.loads(answer["body"])["code"] == "permission_missing"
        assert "user.update" in json.loads(answer["body"])["detail"]


def test_scopes_and_timeout_are_part_of_the_declaration() -> None:
    operation = declare(scoped=True, timeout=28)
    assert (operation.oauth_scopes, operation.scoped, operation.timeout) == (("scope",), True, 28)
