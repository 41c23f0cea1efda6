"""The identity provider: every method is idempotent (I1, U10, I17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from rollcall.kit.account import Account, FoundAccount
from rollcall.kit.errors import Problem, Unavailable
from rollcall.kit.identity import AccountMissing, AliasHeld, Identity, IdentityRefused, TokenRefused
from tests.world.aws_edge import failing, watched
from tests.world.world import World

ACCOUNT = Account(
    id="usr_1",
    email="jane@example.com",
    phone="+4915112345678",
    username="jane",
    name="Jane",
    verified=True,
    enabled=True,
)


@pytest.fixture
def identity(world: World) -> Identity:
    """The identity provider of a world."""
    return world.runtime.identity


def find(identity: Identity, account_id: str = ACCOUNT.id) -> FoundAccount:
    found = identity.find(account_id)
    assert found is not None
    return found


def test_account_is_created_and_found_by_id_and_alias(identity: Identity) -> None:
    made = identity.create(ACCOUNT, "Chosen-Pass-1", invite=False)

    assert (made.id, made.enabled, made.status) == ("usr_1", True, "FORCE_CHANGE_PASSWORD")
    for name in ("usr_1", "jane@example.com", "+4915112345678", "jane"):
        found = find(identity, name)
        assert (found.id, found.managed()) == ("usr_1", ACCOUNT.attributes())
        assert not found.differs_from(ACCOUNT)
    assert identity.find("usr_2") is None


def test_second_factor_of_an_account_is_found(world: World, identity: Identity) -> None:
    identity.create(ACCOUNT, None, invite=False)
    assert not find(identity).second_factor
    world.set_up_second_factor(ACCOUNT.id)
    assert find(identity).second_factor


def test_accounts_of_another_pool_are_others(identity: Identity) -> None:
    identity.create(ACCOUNT, None, invite=False)
    other = identity.in_pool("eu-west-1_Another")
    assert (other.user_pool_id, identity.in_pool(identity.user_pool_id).find("usr_1")) == (
        "eu-west-1_Another",
        find(identity),
    )


def test_existing_account_and_held_alias_raise_the_same_error(
    identity: Identity,
) -> None:
    identity.create(ACCOUNT, None, invite=False)
    for other in (ACCOUNT, replace(ACCOUNT, id="usr_2")):
        with pytest.raises(AliasHeld):
            identity.create(other, None, invite=False)
    assert identity.find("usr_2") is None


def test_attributes_are_set_and_removed(identity: Identity) -> None:
    identity.create(ACCOUNT, None, invite=False)
    wanted = replace(ACCOUNT, email="new@example.com", phone=None, name="Jane Doe")

    identity.update_attributes(wanted, find(identity))

    found = find(identity)
    assert found.managed() == wanted.attributes()
    assert "phone_number" not in found.attributes


def test_changed_address_is_verified_in_the_same_request(world: World, identity: Identity) -> None:
    identity.create(ACCOUNT, None, invite=False)
    with watched(world.aws) as seen:
        identity.update_attributes(replace(ACCOUNT, email="new@example.com"), find(identity))
    sent = seen[-1].parameters["UserAttributes"]
    assert {entry["Name"]: entry["Value"] for entry in sent} == {
        "email": "new@example.com",
        "email_verified": "true",
    }


def test_enabled_state_and_admin_group(identity: Identity) -> None:
    identity.create(ACCOUNT, None, invite=False)
    for wanted in (False, False, True, True):
        identity.set_enabled("usr_1", wanted)
        identity.set_admin("usr_1", wanted)
        assert (find(identity).enabled, identity.is_admin("usr_1")) == (wanted, wanted)
        assert ("usr_1" in identity.iterate_admins()) is wanted
    assert not identity.is_admin("usr_missing")


def test_delete_and_sign_out_succeed_without_an_account(identity: Identity) -> None:
    identity.create(ACCOUNT, None, invite=False)
    for _ in range(2):
        identity.sign_out("usr_1")
        identity.delete("usr_1")
    assert identity.find("usr_1") is None


NEED_AN_ACCOUNT: dict[str, Callable[[Identity], object]] = {
    "set_enabled": lambda identity: identity.set_enabled("usr_9", True),
    "set_admin": lambda identity: identity.set_admin("usr_9", True),
    "set_password": lambda identity: identity.set_password("usr_9", "Chosen-Pass-1", True),
}


@pytest.mark.parametrize("action", NEED_AN_ACCOUNT)
def test_missing_account_is_reported(identity: Identity, action: str) -> None:
    with pytest.raises(AccountMissing):
        NEED_AN_ACCOUNT[action](identity)


@pytest.mark.parametrize(
    ("code", "expected", "problem_code"),
    [
        ("InternalErrorException", Unavailable, "identity_unavailable"),
        ("TooManyRequestsException", Unavailable, "identity_unavailable"),
        ("LimitExceededException", Unavailable, "identity_unavailable"),
        ("InvalidPasswordException", IdentityRefused, "password_refused"),
        ("InvalidParameterException", IdentityRefused, "identity_refused"),
        ("UserLambdaValidationException", IdentityRefused, "identity_refused"),
        ("NotAuthorizedException", IdentityRefused, "identity_refused"),
        ("UnsupportedUserStateException", IdentityRefused, "identity_refused"),
    ],
)
def test_refusals_of_cognito_differ_from_outages(
    world: World, identity: Identity, code: str, expected: type[Problem], problem_code: str
) -> None:
    with failing(world.aws, "cognito-idp", code=code), pytest.raises(expected) as refused:
        identity.set_password("usr_1", "Chosen-Pass-1", permanent=True)
    assert refused.value.code == problem_code
    assert "Chosen-Pass-1" not in refused.value.detail


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_deployment_error_is_not_reported_as_an_outage(
    world: World, identity: Identity, code: str
) -> None:
    with failing(world.aws, "cognito-idp", code=code), pytest.raises(ClientError):
        identity.find("usr_1")


def test_accounts_of_all_pages_are_iterated_once(world: World, identity: Identity) -> None:
    for number in range(75):
        account = replace(ACCOUNT, id=f"usr_{number}", email=None, phone=None, username=None)
        identity.create(account, None, invite=False)
    ids = [found.id for found in identity.iterate_accounts()]
    assert sorted(ids) == sorted([world.admin_id, *(f"usr_{number}" for number in range(75))])


def test_refused_token_of_a_list_is_told_apart_from_other_refusals(
    world: World, identity: Identity
) -> None:
    with (
        failing(world.aws, "cognito-idp", "ListUsers", code="InvalidParameterException"),
        pytest.raises(TokenRefused),
    ):
        identity.list_accounts("an old token")
    with (
        failing(world.aws, "cognito-idp", "ListUsers", code="InvalidParameterException"),
        pytest.raises(IdentityRefused) as refused,
    ):
        identity.list_accounts()
    assert not isinstance(refused.value, TokenRefused)
