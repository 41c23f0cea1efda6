"""Cognito accounts: desired attributes and differences from them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollcall.kit.account import FEDERATED_STATUS, MUST_CHANGE_STATUS, Account, FoundAccount

ACCOUNT = Account(
    id="usr_1",
    email="jane@example.com",
    phone="+4915112345678",
    username="jane",
    name="Jane",
    verified=True,
    enabled=True,
)
FOUND = FoundAccount(ACCOUNT.id, ACCOUNT.attributes(), enabled=True, status=MUST_CHANGE_STATUS)


def test_attributes_without_a_value_are_left_out() -> None:
    assert replace(ACCOUNT, phone=None, username=None).attributes() == {
        "email": "jane@example.com",
        "email_verified": "true",
        "name": "Jane",
    }


def test_unverified_addresses_are_not_aliases() -> None:
    attributes = replace(ACCOUNT, verified=False).attributes()
    assert (attributes["email_verified"], attributes["phone_number_verified"]) == ("false", "false")


def test_difference_is_found() -> None:
    assert not FOUND.differs_from(ACCOUNT)
    assert FOUND.differs_from(replace(ACCOUNT, name="Other"))
    assert FOUND.differs_from(replace(ACCOUNT, enabled=False))


@pytest.mark.parametrize(
    "other", [{"sub": "x"}, {"custom:colour": "red"}, {"phone_number_verified": "true"}]
)
def test_attributes_that_rollcall_does_not_manage_are_no_difference(other: dict[str, str]) -> None:
    without_phone = replace(ACCOUNT, phone=None)
    attributes = {**without_phone.attributes(), **other}
    assert not replace(FOUND, attributes=attributes).differs_from(without_phone)


def test_federated_account_is_known_by_its_status() -> None:
    assert replace(FOUND, status=FEDERATED_STATUS).federated
    assert not FOUND.federated
