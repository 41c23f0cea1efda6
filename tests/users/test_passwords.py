"""The password policy (codex-web, Requirements)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from infra.user_pool import USER_POOL
from rollcall.users.passwords import SYMBOLS, check_password


def broken_rules(password: str) -> str:
    """The error message; empty if the password is accepted."""
    try:
        check_password(SecretStr(password))
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("password", ["TempPass123!", "aA1!aA1!", "Zz9 Zz9 Z", "A1a!" + "x" * 252])
def test_good_passwords_are_accepted(password: str) -> None:
    assert broken_rules(password) == ""


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("aA1!aA1", "at least 8 characters"),
        ("aA1!" + "x" * 253, "at most 256 characters"),
        ("temppass123!", "an upper-case letter"),
        ("TEMPPASS123!", "a lower-case letter"),
        ("TempPassWord!", "a digit"),
        ("TempPass1234", "a special character"),
        (" TempPass123!", "no space at either end"),
        ("TempPass123! ", "no space at either end"),
        ("TempPass123ß", "a special character"),
        ("password", "an upper-case letter, a digit, a special character"),
    ],
)
def test_every_broken_rule_is_named(password: str, rules: str) -> None:
    assert broken_rules(password) == f"The password needs {rules}."


@given(password=st.text())
def test_refusal_never_repeats_the_password(password: str) -> None:
    if len(password) > 3:
        assert password not in broken_rules(password)


@given(symbol=st.sampled_from(SYMBOLS))
def test_every_symbol_of_cognito_is_accepted(symbol: str) -> None:
    assert broken_rules(f"Temp{symbol}ass123") == ""


def test_pool_enforces_the_same_policy() -> None:
    policy = USER_POOL["Policies"]["PasswordPolicy"]
    assert (policy["MinimumLength"], policy["TemporaryPasswordValidityDays"]) == (8, 7)
    assert all(
        policy[f"Require{kind}"] for kind in ("Uppercase", "Lowercase", "Numbers", "Symbols")
    )
