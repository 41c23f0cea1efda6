"""Errors as RFC 9457 problem documents."""

from __future__ import annotations

import json

import pytest

from rollcall.kit.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Problem,
    SignInInsufficient,
    Stale,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Malformed, 400),
        (Unauthenticated, 401),
        (Forbidden, 403),
        (NotFound, 404),
        (Conflict, 409),
        (Stale, 412),
        (Invalid, 422),
        (Unavailable, 503),
    ],
)
def test_each_problem_has_its_status(problem: type[Problem], status: int) -> None:
    document = problem("some_code", "Some words.").body("req_1")
    assert (document["status"], document["code"], document["detail"]) == (
        status,
        "some_code",
        "Some words.",
    )
    assert document["type"] == "urn:rollcall:problem:some_code"


def test_wrong_fields_are_listed() -> None:
    errors = (FieldError("email", "Wrong.", "value_error"), FieldError("name", "Empty.", "empty"))
    document = Invalid("invalid", "Please correct.", errors).body("req_1")
    assert json.loads(json.dumps(document))["errors"] == [
        {"field": "email", "message": "Wrong.", "code": "value_error"},
        {"field": "name", "message": "Empty.", "code": "empty"},
    ]


def test_error_of_one_field_has_the_same_message_in_both_places() -> None:
    document = Invalid.field("email", "An address has to remain.", "address_needed").body("req_1")
    assert document["detail"] == "An address has to remain."
    assert document["errors"] == [
        {"field": "email", "message": "An address has to remain.", "code": "address_needed"}
    ]


def test_insufficient_sign_in_has_the_challenge_of_rfc_9470() -> None:
    problem = SignInInsufficient("fresh_sign_in_required", "Sign in again.", max_age=28_800)

    assert (problem.status, problem.body("req_1")["maxAge"]) == (401, 28_800)
    assert problem.headers["WWW-Authenticate"] == (
        'Bearer realm="rollcall", error="insufficient_user_authentication", '
        'error_description="Sign in again.", max_age="28800"'
    )


def test_age_is_left_out_if_another_sign_in_is_needed_for_another_reason() -> None:
    problem = SignInInsufficient("second_factor_required", "Use a second factor.")

    assert "maxAge" not in problem.body("req_1")
    assert "max_age" not in problem.headers["WWW-Authenticate"]


def test_challenge_says_what_is_wrong_with_the_token() -> None:
    """RFC 6750 section 3; a request without a token gets no error code."""
    ended = Unauthenticated("session_ended", "This session has ended. Sign in again.")
    assert ended.headers["WWW-Authenticate"] == (
        'Bearer realm="rollcall", error="invalid_token", '
        'error_description="This session has ended. Sign in again."'
    )
    missing = Unauthenticated("token_invalid", "Send a token.", challenge={})
    assert missing.headers["WWW-Authenticate"] == 'Bearer realm="rollcall"'
    other = Unauthenticated("other", "Once more.", {"error": "other", "max_age": "60"})
    assert other.headers["WWW-Authenticate"].endswith('error="other", max_age="60"')


def test_method_that_is_not_allowed_lists_those_that_are() -> None:
    problem = MethodNotAllowed(["GET", "HEAD"])
    assert (problem.status, problem.code) == (405, "method_not_allowed")
    assert problem.headers == {"Allow": "GET, HEAD"}
    assert "GET, HEAD" in problem.detail


def test_unsupported_media_type_says_what_is_supported() -> None:
    problem = UnsupportedMediaType("Send JSON.", {"Accept": "application/json"})
    assert (problem.status, problem.code) == (415, "unsupported_media_type")
    assert problem.headers == {"Accept": "application/json"}
