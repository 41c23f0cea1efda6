"""Cognito follows the table (I1, I2, I3)."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from functions.users.create_user import create_user
from functions.users.disable_user import disable_user
from functions.users.reset_password import reset_password
from functions.users.update_user import update_user
from rollcall.accounts.adoptable import AdoptionRules
from rollcall.accounts.adoption import adopt_accounts
from rollcall.accounts.convergence import Credential, converge_account, refuse_federated
from rollcall.kit.account import Account
from rollcall.kit.errors import Conflict, Unavailable
from rollcall.users.statuses import Status
from tests.world.aws_edge import failing, watched
from tests.world.strict_aws import find_pool
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


class TestPasswordThatWasSent:
    """A temporary password or a reset code proves only the address that it was sent to (I21)."""

    MAILED: ClassVar = {"email": "old@example.com", "sendInvite": True}
    CHOSEN: ClassVar = {"email": "old@example.com", "temporaryPassword": "TempPass123!"}
    RESENT = "AdminCreateUser"
    RESET = "AdminResetUserPassword"

    def create(self, world: World, **body: Any) -> str:
        return str(world.invoke(create_user, body=body).body["id"])

    def move(self, world: World, user_id: str, **body: Any) -> list[str]:
        """Change the address; returns which mails the user pool is asked for."""
        with watched(world.aws) as seen:
            reply = world.invoke(
                update_user, path={"user_id": user_id}, body=body or {"email": "new@example.com"}
            )
            world.drain()
        assert reply.status == 200
        assert world.user(user_id).in_step
        return [each.operation for each in seen if each.operation in {self.RESENT, self.RESET}]

    def test_is_replaced_and_sent_to_the_new_email(self, world: World) -> None:
        user_id = self.create(world, **self.MAILED, temporaryPassword="TempPass123!")
        pool = find_pool(world.runtime.identity.user_pool_id)

        assert self.move(world, user_id) == [self.RESENT]

        assert pool.users[user_id].password != "TempPass123!"
        assert world.user(user_id).credential_sent_to == "new@example.com"
        assert self.move(world, user_id, name="Renamed") == []

    def test_is_replaced_when_it_was_sent_to_a_former_phone(self, world: World) -> None:
        world.configure(sms=True)
        user_id = self.create(world, phone="+4915112345678", sendInvite=True)
        with watched(world.aws) as seen:
            assert self.move(world, user_id, email="new@example.com") == [self.RESENT]
        (sent,) = (each.parameters for each in seen if each.operation == self.RESENT)
        assert sent["DesiredDeliveryMediums"] == ["EMAIL"]

    def test_stays_when_the_phone_changes_and_it_was_mailed(self, world: World) -> None:
        user_id = self.create(world, **self.MAILED, phone="+4915112345678")
        assert self.move(world, user_id, phone="+4915187654321") == []

    def test_reset_code_is_sent_again(self, world: World) -> None:
        user = world.add_user("old@example.com")
        world.runtime.identity.set_password(user.id, "Chosen-Pass-1", permanent=True)
        world.invoke(reset_password, path={"user_id": user.id}, body={})
        assert self.move(world, user.id) == [self.RESET]

    def test_has_served_when_the_user_has_chosen_another(self, world: World) -> None:
        user_id = self.create(world, **self.MAILED)
        world.runtime.identity.set_password(user_id, "Chosen-Pass-1", permanent=True)
        assert self.move(world, user_id) == []

    @pytest.mark.parametrize("body", [CHOSEN, {"email": "old@example.com", "sendInvite": False}])
    def test_that_was_not_sent_is_not_replaced(self, world: World, body: dict[str, Any]) -> None:
        assert self.move(world, self.create(world, **body)) == []

    def test_is_replaced_at_the_latest_when_a_disabled_user_is_enabled(self, world: World) -> None:
        user_id = self.create(world, **self.MAILED)
        world.invoke(disable_user, path={"user_id": user_id}, body={})
        assert self.move(world, user_id) == []
        assert self.move(world, user_id, status="active") == [self.RESENT]

    def test_is_replaced_when_another_call_has_to_finish(self, world: World) -> None:
        user_id = self.create(world, **self.MAILED)
        user = world.user(user_id)
        with failing(world.aws, "cognito-idp", self.RESENT):
            world.write(user, user.model_copy(update={"email": "new@example.com"}))
            with pytest.raises(Unavailable):
                converge_account(world.call(), user_id)
        with watched(world.aws) as seen:
            converge_account(world.call(), user_id)
        assert [each.operation for each in seen if each.operation == self.RESENT] == [self.RESENT]

    def test_of_an_adopted_account_counts_as_sent(self, world: World) -> None:
        world.runtime.identity.create(
            Account("ada", "old@example.com", None, "ada", None, verified=True, enabled=True),
            "TempPass123!",
            invite=False,
        )
        outcomes = {each.id: each.outcome for each in adopt_accounts(world.call(), AdoptionRules())}
        assert outcomes["ada"] == "adopted"
        assert self.move(world, "ada") == [self.RESENT]
