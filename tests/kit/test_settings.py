"""The settings in a function's environment."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rollcall.kit.settings import Settings, in_lambda


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
