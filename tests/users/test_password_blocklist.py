"""Common passwords (NIST SP 800-63B, blocklists)."""

from __future__ import annotations

import secrets
import string

import pytest

from rollcall.users.password_blocklist import is_common


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PASSWORD",
        "Password1!",
        "P@ssw0rd1!",
        "Qwerty123!",
        "Aa123456!",
        "Abc12345!",
        "1qaz@WSX",
        "Zaq12wsx!",
        "Welcome2026!",
        "!!Summer.2026!!",
        "Password 1!",
        "2026-Iloveyou",
    ],
)
def test_listed_password_is_common_in_any_case_and_with_digits_and_symbols_around_it(
    password: str,
) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "TempPass123!",
        "Correct-Horse-7",
        "Correct horse battery 1 staple",
        "Password-of-Jane-1",
        "1Passw0rd-2Passw0rd",
        "Aa1!Zz9?",
    ],
)
def test_other_password_is_not_common(password: str) -> None:
    assert not is_common(password)


@pytest.mark.parametrize("product", ["Acme Learning", "acme-learning", "ACMELearning"])
def test_name_of_the_product_is_common(product: str) -> None:
    assert is_common("AcmeLearning2026!", product)
    assert is_common("Acme Learning 1", product)
    assert not is_common("AcmeLearners2026!", product)


@pytest.mark.parametrize("product", ["", "!?", "1"])
def test_product_without_letters_makes_nothing_common(product: str) -> None:
    assert not is_common("1-2-3-4-5-!", product)


def test_random_passwords_are_not_common() -> None:
    characters = string.ascii_letters + string.digits + "!@#$%^&*"
    random = ["".join(secrets.choice(characters) for _ in range(10)) for _ in range(2_000)]
    assert sum(map(is_common, random)) <= 1
