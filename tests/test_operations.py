"""The composition root."""

from __future__ import annotations

import os
import subprocess
import sys

from rollcall.kit.settings import Settings

SETTINGS = Settings(table_name="people", user_pool_id="eu-west-1_pool")
ENVIRONMENT = {
    **SETTINGS.to_environment(),
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "PATH": os.defpath,
}


def run(code: str, **environment: str) -> str:
    """The output of a new process that runs the code."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**ENVIRONMENT, **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def test_runtime_is_created_once_from_the_environment() -> None:
    code = """
from rollcall.operations import connect
runtime = connect()
assert connect() is runtime
print(runtime.table.name, runtime.identity.user_pool_id, runtime.mail.sender)
"""
    assert run(code, MAIL_SENDER="rollcall@example.com") == (
        "people eu-west-1_pool rollcall@example.com"
    )


def test_clients_are_created_at_init_only_in_lambda() -> None:
    code = """
import functions.users.get_user
from rollcall.operations import connect
print(connect.cache_info().currsize)
"""
    assert run(code) == "0"
    assert run(code, AWS_LAMBDA_FUNCTION_NAME="rollcall-get-user") == "1"
