"""The settings in a function's environment."""

from __future__ import annotations

import os

import pytest
from pydantic import ValidationError

from rollcall.kit.settings import Settings, has_no_proxy, in_lambda, own_credentials


def test_settings_survive_the_environment(
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


@pytest.mark.parametrize("pattern", ["#", "U########", "EMP-####", "??.##_x", "#" * 64])
def test_pattern_of_unique_ids_has_a_placeholder(pattern: str) -> None:
    settings = Settings(table_name="people", user_pool_id="pool", unique_id_pattern=pattern)
    assert settings.unique_id_pattern == pattern


@pytest.mark.parametrize("pattern", ["", "EMP-0042", "EMP #", "Ü##", "a/#", "#\n", "#" * 65])
def test_pattern_without_placeholder_or_with_invalid_characters_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match=r"(?i)unique_id_pattern"):
        Settings(table_name="people", user_pool_id="pool", unique_id_pattern=pattern)


def test_lambda_is_detected_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    assert not in_lambda()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "rollcall-get-user")
    assert in_lambda()


def test_a_function_knows_the_credentials_that_lambda_gives_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    assert own_credentials() == {}
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "rollcall-get-user")
    keys = {"aws_access_key_id": "id", "aws_secret_access_key": "secret"}
    assert own_credentials() == keys
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert own_credentials() == {**keys, "aws_session_token": "token"}
    # Where Lambda gives them by an address (SnapStart), they are found there.
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert own_credentials() == {}


def test_a_proxy_is_looked_for_where_there_may_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    assert not has_no_proxy()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "rollcall-get-user")
    assert has_no_proxy()
    monkeypatch.setenv("https_proxy", "https://proxy.example.com")
    assert not has_no_proxy()
