"""Cognito follows the table (I1, I2, I3)."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from rollcall.accounts.convergence import Credential, converge_account, refuse_federated
from rollcall.kit.errors import Conflict
from rollcall.users.statuses import Status
from tests.world.aws_edge import watched
from tests.world.world import World

CREDENTIAL = Credential(SecretStr("Chosen-Pass-1"), permanent=True)


def test_manually_deleted_account_is_created_again_in_the_desired_state(world: World) -> None:
    user = world.add_user(is_admin=True, status=Status.SUSPENDED)
    world.runtime.identity.delete(user.id)

    converge_account(world.call(), user.id)

    account = world.account(user.id)
    assert account is not None
    assert (account["email"], account["enabled"], account["admin"]) == (user.email, False, True)


def test_invitation_is_sent_once_despite_repeated_convergence(world: World) -> None:
    with watched(world.aws) as seen:
        user = world.add_user(pending_credential="invitation")
        for _ in range(3):
            converge_account(world.call(), user.id)
    sent = [c.parameters.get("MessageAction") for c in seen if c.operation == "AdminCreateUser"]
    assert sent == [None]


def test_swapped_addresses_converge_after_an_outage_of_cognito(world: World) -> None:
    one, two = world.add_user("one@example.com"), world.add_user("two@example.com")
    world.write(one, one.model_copy(update={"email": "three@example.com"}))
    world.write(two, two.model_copy(update={"email": "one@example.com"}))
    one = world.user(one.id)
    world.write(one, one.model_copy(update={"email": "two@example.com"}))

    world.drain()

    emails = {each.id: (world.account(each.id) or {}).get("email") for each in (one, two)}
    assert emails == {one.id: "two@example.com", two.id: "one@example.com"}
    assert world.user(one.id).in_step
    assert world.user(two.id).in_step


def test_email_of_a_deleted_user_can_be_used_while_the_account_exists(
    world: World,
) -> None:
    old = world.add_user("shared@example.com")
    world.write(old, old.as_erased(world.clock.now))
    assert world.account(old.id) is not None

    new = world.add_user("shared@example.com")

    assert world.account(old.id) is None
    assert (world.account(new.id) or {})["email"] == "shared@example.com"


def test_federated_account_rejects_passwords(world: World) -> None:
    user = world.add_user()
    refuse_federated(world.call(), user)
    world.federate(user.id)
    with pytest.raises(Conflict) as refused:
        refuse_federated(world.call(), user)
    assert refused.value.code == "federated_user"


def test_unknown_user_is_ignored(world: World) -> None:
    stored = world.stored()
    converge_account(world.call(), "usr_unknown")
    assert world.stored() == stored
