"""The password policy of a user pool, as Amazon Cognito documents it."""

from __future__ import annotations

import pytest

from rollcall_infra.local.password_policy import find_violations

ALL = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
}
NONE = {name: name == "MinimumLength" and 6 for name in ALL}


@pytest.mark.parametrize("symbol", [*"^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-", " "])
def test_documented_symbols_count_as_symbols(symbol: str) -> None:
    assert find_violations(ALL, f"Abcdef1{symbol}x") == []


@pytest.mark.parametrize("password", [" Abcdef1x", "Abcdef1x "])
def test_space_at_an_end_is_refused_and_is_no_symbol(password: str) -> None:
    assert len(find_violations(ALL, password)) == 2


@pytest.mark.parametrize("other", ["\0", "\n", "ß", "é", "Ω", "٣", "§", "\u00a0"])
def test_other_characters_are_refused_and_satisfy_no_requirement(other: str) -> None:
    assert find_violations(NONE, f"abcdef{other}")
    for required in ("RequireUppercase", "RequireNumbers", "RequireSymbols"):
        assert len(find_violations({**NONE, required: True}, f"abcdef{other}")) == 2


@pytest.mark.parametrize(("length", "accepted"), [(5, False), (6, True), (256, True), (257, False)])
def test_length_is_limited_by_the_policy_and_by_cognito(length: int, accepted: bool) -> None:
    assert (find_violations(NONE, "a" * length) == []) == accepted


def test_requirement_that_is_omitted_applies() -> None:
    assert len(find_violations({}, "-" * 8)) == 3
