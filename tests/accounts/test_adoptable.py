"""The user for an account, and accounts that cannot be adopted (L3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rollcall.accounts.adoptable import AdoptionRules, NotAdoptable, read_account
from rollcall.kit.account import FoundAccount
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.world import World

CONFIRMED = {"email": "ada@example.com", "email_verified": "true"}
RULES = AdoptionRules(reserved={"export"})


def read(world: World, rules: AdoptionRules = RULES, **fields: Any) -> User:
    account: dict[str, Any] = {
        "id": "ada",
        "attributes": CONFIRMED,
        "enabled": True,
        "status": "CONFIRMED",
        **fields,
    }
    return read_account(world.call(), FoundAccount(**account), rules)


def test_values_are_normalized_as_those_of_users(world: World) -> None:
    said = {
        "email": "Ada@Example.COM",
        "email_verified": "true",
        "preferred_username": "ADA",
        "name": "  Ada  ",
        "locale": "en-GB",
    }
    user = read(world, attributes=said)
    assert (user.email, user.username, user.name) == ("ada@example.com", "ada", "Ada")


def test_user_has_the_accounts_creation_time_and_is_in_sync(
    world: World,
) -> None:
    made_at = world.clock.now - timedelta(days=400)
    user = read(world, created_at=made_at)
    assert user.created_at == made_at
    assert (user.pending_credential, user.welcomed_with, user.auth_epoch) == (None, None, 0)
    late = read(world, created_at=world.clock.now + timedelta(seconds=5))
    assert late.created_at == world.clock.now, "clocks differ"


UNUSABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no address": ({"attributes": {"name": "Ada"}}, "address_needed"),
    "no email that we take": ({"attributes": {"email": "ada@localhost"}}, "email_invalid"),
    "no username that we take": (
        {"attributes": {**CONFIRMED, "preferred_username": "Ada L"}},
        "preferred_username_invalid",
    ),
    "a name with what hides in it": (
        {"attributes": {**CONFIRMED, "name": "Ada\u202e"}},
        "name_invalid",
    ),
    "an id that no address can hold": ({"id": "ada/lovelace"}, "id_unusable"),
    "an id that begins a key's next part": ({"id": "ada#1"}, "id_unusable"),
    "an id that looks like ours": ({"id": "usr_ada"}, "id_unusable"),
    "a word of our addresses": ({"id": "export"}, "id_unusable"),
    "one of two addresses not confirmed": (
        {"attributes": {**CONFIRMED, "phone_number": "+4915112345678"}},
        "address_unconfirmed",
    ),
    "disabled with an address not confirmed": (
        {"attributes": {"email": "ada@example.com"}, "enabled": False},
        "address_unconfirmed",
    ),
    "another status": ({"status": "ARCHIVED"}, "status_unusable"),
}


@pytest.mark.parametrize(("fields", "code"), UNUSABLE.values(), ids=list(UNUSABLE))
def test_account_that_no_user_could_have_is_not_adopted(
    world: World, fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(NotAdoptable) as refused:
        read(world, **fields)
    assert refused.value.code == code
    assert refused.value.detail.endswith(".")


@pytest.mark.parametrize("fields", [{"id": "usr_01ke6p4ym0zvabxyjsr63xsx6a"}, {"id": "Google_1"}])
def test_ids_of_rollcall_and_of_other_providers_are_accepted(
    world: World, fields: dict[str, Any]
) -> None:
    assert read(world, **fields).id == fields["id"]


def test_trusted_addresses_count_as_confirmed(world: World) -> None:
    trusting = AdoptionRules(trust_addresses=True)
    attributes = {"email": "ada@example.com", "phone_number": "+4915112345678"}
    assert read(world, trusting, attributes=attributes).status is Status.ACTIVE
    assert read(world, trusting, attributes=attributes, enabled=False).status is Status.INACTIVE
