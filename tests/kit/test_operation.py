"""Operations: how a declared operation answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from io import StringIO
from typing import Any

import pytest

from functions.users.get_me import get_me
from functions.users.promote_user import promote_user
from rollcall.grants.permissions import Permission
from rollcall.kit.actor import Actor
from rollcall.kit.call import Call, Runtime
from rollcall.kit.errors import Contended, NotFound
from rollcall.kit.http import GatewayEvent
from rollcall.kit.model import Answer, FileAnswer, Request
from rollcall.kit.operation import BODY_AT_MOST, Operation
from tests.kit.sample_operation import Looking, Moved, Moving, declare
from tests.world.gateway import make_event
from tests.world.world import World


class Picture(FileAnswer):
    """A file."""

    content_types = ("image/svg+xml",)


def draw_user(request: Looking, call: Call) -> Picture | Moved:
    """See a user."""
    if request.user_id == "usr_large":
        return Moved(place="elsewhere")
    return Picture(content="<svg/>", content_type="image/svg+xml", file_name="user.svg")


def test_file_is_answered_unchanged_and_its_replacement_as_accepted(world: World) -> None:
    drawn = declare(draw_user, route="GET /admin/users/{user_id}/picture", writes=())
    assert (drawn.file_model, drawn.answer_model) == (Picture, Moved)

    small = world.invoke(drawn, path={"user_id": "usr_1"})
    assert (small.status, small.text) == (200, "<svg/>")
    assert small.headers["Content-Type"] == "image/svg+xml"

    large = world.invoke(drawn, path={"user_id": "usr_large"})
    assert (large.status, large.body) == (202, {"place": "elsewhere"})


def perform(world: World, operation: Operation[Any, Any], **event: Any) -> dict[str, Any]:
    """Invoke the Lambda handler in a world."""
    sent = {
        **make_event(operation, claims=world.claims(world.admin_id), path={"user_id": "usr_1"}),
        **event,
    }
    answer: dict[str, Any] = replace(operation, connect=lambda: world.runtime)(sent, object())
    return answer


def test_handler_answers_as_api_gateway_expects(world: World) -> None:
    answer = perform(world, declare(status=202))
    assert (answer["statusCode"], json.loads(answer["body"])) == (202, {"place": "elsewhere"})
    assert answer["headers"]["Content-Type"] == "application/json"


def test_error_becomes_a_problem_document(world: World) -> None:
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


def test_unexpected_error_discloses_nothing_to_the_caller_and_no_values_to_the_log(
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


@pytest.mark.parametrize("declared", [None, 100])
def test_body_over_the_limit_is_refused_before_anything_else(
    world: World, declared: int | None
) -> None:
    operation = declare(body_at_most=declared)
    limit = declared or BODY_AT_MOST
    fits = world.invoke(operation, path={"user_id": "usr_1"}, body="{}" + " " * (limit - 2))
    assert fits.status == 200
    unread = replace(operation, authorize=never_called)
    for body in ("{" * (limit + 1), "\u00e9" * (limit // 2 + 1)):
        refused = world.invoke(unread, path={"user_id": "usr_1"}, body=body)
        assert (refused.status, refused.code) == (413, "payload_too_large")
        assert f"{limit:,} bytes" in refused.body["detail"]


def never_called(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    raise AssertionError


def test_caller_is_authorized_before_the_request_is_read(world: World) -> None:
    operation = declare()
    event = make_event(operation, claims={}, body="not json")
    assert operation.handle(event, world.runtime)["statusCode"] == 401


def test_authorize_function_decides(world: World) -> None:
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


def test_caller_whose_permission_is_revoked_between_two_parts_is_refused(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_UPDATE,))
    parts = []

    def part_user(request: Moving, call: Call) -> Moved:
        """Revoke the permission between two parts."""
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


def test_idempotency_key_of_a_reading_operation_is_ignored(world: World) -> None:
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
def test_scoped_permission_is_enough_only_for_a_scoped_operation(
    world: World, scoped: bool, held: dict[str, Any], status: int
) -> None:
    operation = replace(declare(scoped=scoped), authorize=authorized_as(**held))
    event = make_event(operation, claims={}, path={"user_id": "usr_1"})

    answer = operation.handle(event, world.runtime)

    assert answer["statusCode"] == status
    if status == 403:
        assert json.loads(answer["body"])["code"] == "permission_missing"
        assert "user.update" in json.loads(answer["body"])["detail"]


@pytest.mark.parametrize(
    ("held", "says"),
    [
        ({}, "which you do not hold"),
        ({"scoped": SCOPED}, "which you do not hold"),
        ({"scoped": {"user.update": frozenset()}}, "none that says for what, as user.update:NAME"),
    ],
)
def test_refusal_tells_a_missing_permission_from_a_scope_for_nothing(
    world: World, held: dict[str, Any], says: str
) -> None:
    operation = replace(declare(), authorize=authorized_as(**held))
    answer = operation.handle(make_event(operation, claims={}), world.runtime)
    assert says in json.loads(answer["body"])["detail"]
