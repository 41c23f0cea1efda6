"""One log line per call, without user input (I17)."""

from __future__ import annotations

import json
from io import StringIO

from botocore.exceptions import ClientError

from rollcall.kit.log import log_call, log_failure


def test_call_leaves_one_structured_line(logged: StringIO) -> None:
    log_call("get_user", outcome="ok", request_id="req_1", actor_id="usr_1")

    (line,) = (json.loads(each) for each in logged.getvalue().splitlines())
    assert {
        "message": "get_user",
        "outcome": "ok",
        "request_id": "req_1",
        "actor_id": "usr_1",
        "service": "rollcall",
    }.items() <= line.items()


def test_failure_is_logged_with_type_and_traceback_but_not_its_message(logged: StringIO) -> None:
    typed = "hunter" + str(2)
    try:
        int(typed)
    except ValueError as error:
        log_failure("get_user", error, request_id="req_1")

    (line,) = (json.loads(each) for each in logged.getvalue().splitlines())
    assert (line["level"], line["outcome"]) == ("ERROR", "ValueError")
    assert "test_log.py" in line["where"][-1]
    assert typed not in logged.getvalue()


def test_aws_error_is_logged_with_its_code_but_not_its_message(logged: StringIO) -> None:
    refusal = {"Error": {"Code": "ValidationException", "Message": "typed by a person"}}
    log_failure("get_user", ClientError(refusal, "PutItem"), request_id="req_1")  # type: ignore[arg-type]  # the stubs want more

    (line,) = (json.loads(each) for each in logged.getvalue().splitlines())
    assert line["outcome"] == "ClientError ValidationException"
    assert "typed by a person" not in logged.getvalue()
