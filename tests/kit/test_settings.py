"""The environment of a function."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rollcall.kit.settings import Settings, in_lambda


def test_settings_come_back_from_the_environment_that_they_make(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings(
        table_name="people",
        user_pool_id="eu-west-1_pool",
        mail_sender="rollcall@example.com",
        allowed_origin="https://console.example.com",
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment() == settings


def test_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)
    monkeypatch.setenv("USER_POOL_ID", "eu-west-1_pool")
    with pytest.raises(ValidationError, match="TABLE_NAME"):
        Settings.from_environment()


def test_lambda_is_known_by_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    assert not in_lambda()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "rollcall-get-user")
    assert in_lambda()
