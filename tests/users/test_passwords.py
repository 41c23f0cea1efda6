"""The password policy (codex-web, Requirements)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from rollcall.kit.operation import Operation
from rollcall.users.passwords import SYMBOLS, check_password
from rollcall_infra.catalog import read_catalog
from rollcall_infra.local.password_policy import find_violations
from rollcall_infra.user_pool import make_user_pool
from tests.api.examples import EXAMPLES, Scene
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import World

COMMON = "This is a common password"


def broken_rules(password: str, length_at_least: int = 8) -> str:
    """The error message; empty if the password is accepted."""
    try:
        check_password(SecretStr(password), length_at_least, "Rollcall")
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
        ("TempPass1234 ", "a special character, no space at either end"),
        (" TempPass123!", "no space at either end"),
        ("TempPass123! ", "no space at either end"),
        ("password", "an upper-case letter, a digit, a special character"),
    ],
)
def test_every_broken_rule_is_named(password: str, rules: str) -> None:
    assert broken_rules(password) == f"The password needs {rules}."


@pytest.mark.parametrize(
    "character", ["\0", "\x7f", "\n", "\t", "ß", "Ä", "٣", "§", "€", "\u00a0", "\u3000", "😀"]
)
def test_characters_that_the_pool_does_not_document_are_refused(character: str) -> None:
    assert "only A-Z, a-z, 0-9" in broken_rules(f"TempPass{character}123!")


@given(password=st.text())
def test_refusal_never_repeats_the_password(password: str) -> None:
    if len(password) > 3:
        assert f" {password} " not in broken_rules(password)


@given(symbol=st.sampled_from(SYMBOLS))
def test_every_symbol_of_cognito_is_accepted(symbol: str) -> None:
    assert broken_rules(f"Temp{symbol}ass123") == ""


@given(
    password=st.text(st.sampled_from("aBc1!  ^-~\0ßÄ٣\n"), max_size=14) | st.text(max_size=300),
    shortest=st.integers(8, 99),
)
@example(password="Aa1" + "b" * 20 + " ", shortest=8)
@example(password="Aa1 " + "b" * 252, shortest=99)
@example(password="Aa1 " + "b" * 253, shortest=8)
def test_our_rule_is_the_one_of_the_pool(password: str, shortest: int) -> None:
    ours = broken_rules(password, shortest)
    if not ours.startswith(COMMON):
        policy = make_user_pool(shortest)["Policies"]["PasswordPolicy"]
        assert bool(ours) == bool(find_violations(policy, password))


def password_field(operation: Operation[Any, Any]) -> str | None:
    """The field of the operation's request that is a password, if there is one."""
    fields = operation.request_model.model_fields.values()
    return next((str(each.alias) for each in fields if "SecretStr" in str(each.annotation)), None)


SETTING = {each.name: each for each in read_catalog().operations if password_field(each)}


def send(world: World, name: str, password: str, scene: Scene | None = None) -> tuple[str, Reply]:
    """The operation's example with this password; returns its field too."""
    field = str(password_field(SETTING[name]))
    known = EXAMPLES[name](scene or Scene(world))
    body = {**(known.body or {}), field: password}
    return field, world.invoke(SETTING[name], path=known.path, body=body)


def test_operations_that_set_a_password() -> None:
    assert SETTING.keys() == {
        "accept_invitation",
        "create_user",
        "reset_password",
        "update_user",
        "verify_registration",
    }


@pytest.mark.parametrize("name", SETTING)
@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("Password123!", COMMON),
        ("Rollcall2026!", COMMON),
        ("TempPass\x00123!", "only A-Z"),
        ("TempPass123", "special"),
    ],
)
def test_bad_password_is_refused_by_every_operation_that_sets_one(
    world: World, name: str, password: str, message: str
) -> None:
    field, reply = send(world, name, password)

    assert (reply.status, reply.fields) == (422, [field])
    assert message in reply.body["errors"][0]["message"]


@pytest.mark.parametrize("name", SETTING)
def test_deployment_can_require_longer_passwords(world: World, name: str) -> None:
    world.configure(password_minimum_length=13)

    scene = Scene(world)

    field, reply = send(world, name, "TempPass123!", scene)

    assert (reply.status, reply.fields) == (422, [field])
    assert "at least 13 characters" in reply.body["errors"][0]["message"]
    assert send(world, name, "TempPass1234!", scene)[1].status == SETTING[name].status


@pytest.mark.parametrize("name", SETTING)
def test_password_that_the_pool_refuses_is_an_error_of_its_field(world: World, name: str) -> None:
    verb = "AdminCreateUser" if name == "create_user" else "AdminSetUserPassword"
    with failing(world.aws, "cognito-idp", verb, code="InvalidPasswordException"):
        field, reply = send(world, name, "TempPass123!")

    assert (reply.status, reply.code, reply.fields) == (422, "password_refused", [field])
