"""Bulk work with a result for each row (207)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rollcall.kit.actor import Actor
from rollcall.kit.call import Call
from rollcall.kit.errors import (
    Contended,
    FieldError,
    Forbidden,
    Invalid,
    NewerData,
    NotFound,
    Unavailable,
)
from rollcall.kit.retry import ATTEMPTS
from rollcall.kit.row_results import RowResults, process_row
from tests.world.world import World


def refusing(problem: Exception) -> Callable[[Call], int]:
    def refuse(_: Call) -> int:
        raise problem

    return refuse


def test_successful_row_has_its_status(world: World) -> None:
    assert process_row(world.call(), "usr_1", lambda _: 201).model_dump(exclude_none=True) == {
        "id": "usr_1",
        "status": 201,
    }


def test_failed_row_has_the_complete_problem(world: World) -> None:
    call = world.call()
    error = FieldError("role", "There is no such role.", "enum")

    done = [
        process_row(call, "usr_1", refusing(NotFound("user_not_found", "User not found"))),
        process_row(call, "usr_2", refusing(Invalid("invalid", "Please correct: role.", (error,)))),
    ]

    answer = RowResults(results=tuple(done)).model_dump(mode="json", by_alias=True)
    assert answer["results"][0] == {
        "id": "usr_1",
        "status": 404,
        "problem": {
            "type": "urn:rollcall:problem:user_not_found",
            "title": "Not found",
            "status": 404,
            "detail": "User not found",
            "code": "user_not_found",
            "errors": [],
            "requestId": call.request_id,
        },
    }
    assert answer["results"][1]["problem"]["errors"] == [
        {"field": "role", "message": "There is no such role.", "code": "enum"}
    ]


def test_contended_row_is_retried_and_fails_alone(world: World) -> None:
    attempts: list[Call] = []

    def deed(part: Call) -> int:
        attempts.append(part)
        if len(attempts) < 3:
            raise Contended
        return 200

    assert process_row(world.call(), "usr_1", deed).status == 200
    assert len(attempts) == 3
    given_up = process_row(world.call(), "usr_2", refusing(Contended()))
    assert (given_up.status, given_up.problem and given_up.problem.code) == (409, "contended")
    assert ATTEMPTS > 3


def test_error_that_affects_all_rows_is_raised(world: World) -> None:
    down = Unavailable("database_unavailable", "The database did not answer.")
    with pytest.raises(Unavailable):
        process_row(world.call(), "usr_1", refusing(down))


def test_row_of_a_newer_version_of_the_code_fails_alone(world: World) -> None:
    result = process_row(world.call(), "usr_1", refusing(NewerData()))
    assert (result.status, result.problem and result.problem.code) == (503, "newer_data")


def test_no_row_is_processed_after_the_permission_is_revoked(world: World) -> None:
    done: list[Call] = []

    def deed(part: Call) -> int:
        done.append(part)
        return 200

    def refuse() -> Actor:
        raise Forbidden("permission_missing", "This requires the permission group.assign.")

    call = replace(world.call(), reauthorize=refuse)
    with pytest.raises(Forbidden) as refused:
        process_row(call, "usr_1", deed)
    assert (refused.value.code, done) == ("permission_missing", [])
