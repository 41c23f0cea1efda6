"""Cognito follows the table (I1, I2, I3)."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from functions.users.create_user import create_user
from rollcall.accounts.convergence import (
    Credential,
    converge_account,
    refuse_federated,
    settle_account,
)
from rollcall.kit.errors import Conflict, Unavailable
from rollcall.kit.identity import IdentityRefused
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.statuses import Status
from tests.aws_edge import failing, watched
from tests.world import World

CREDENTIAL = Credential(SecretStr("Chosen-Pass-1"), permanent=True)


def test_settled_user_costs_no_call_at_all(world: World) -> None:
    user, call = world.add_user(), world.call()
    profile = user.profile.model_copy(update={"city": "Bremen"})
    call.commit(Change(user, user.model_copy(update={"profile": profile})), answer=UserAnswer.of)

    with watched(world.aws) as seen:
        settle_account(call, user.id)

    assert not [seen_call for seen_call in seen if seen_call.service == "cognito-idp"]


def test_account_that_was_deleted_by_hand_is_made_again_as_it_should_be(world: World) -> None:
    user = world.add_user(is_admin=True, status=Status.SUSPENDED)
    world.runtime.identity.delete(user.id)

    converge_account(world.call(), user.id)

    account = world.account(user.id)
    assert account is not None
    assert (account["email"], account["enabled"], account["admin"]) == (user.email, False, True)


def test_invitation_goes_out_once_however_often_it_converges(world: World) -> None:
    with watched(world.aws) as seen:
        user = world.add_user(pending_credential="invitation")
        for _ in range(3):
            converge_account(world.call(), user.id)
    sent = [c.parameters.get("MessageAction") for c in seen if c.operation == "AdminCreateUser"]
    assert sent == [None]


def test_users_who_swap_addresses_while_cognito_is_down_both_arrive(world: World) -> None:
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


def test_email_of_a_deleted_user_goes_over_even_if_his_account_is_still_there(
    world: World,
) -> None:
    old = world.add_user("shared@example.com")
    world.write(old, old.as_erased(world.clock.now))
    assert world.account(old.id) is not None

    new = world.add_user("shared@example.com")

    assert world.account(old.id) is None
    assert (world.account(new.id) or {})["email"] == "shared@example.com"


def test_federated_account_takes_no_password(world: World) -> None:
    user = world.add_user()
    refuse_federated(world.call(), user)
    world.federate(user.id)
    with pytest.raises(Conflict) as refused:
        refuse_federated(world.call(), user)
    assert refused.value.code == "federated_user"


def test_change_that_cognito_refuses_is_taken_back_but_not_what_others_changed(
    world: World,
) -> None:
    user, call = world.add_user(name="Old"), world.call()
    renamed = user.with_credential("password", world.clock.now)
    call.commit(Change(user, renamed), answer=UserAnswer.of)
    present = world.user(user.id)
    world.write(present, present.model_copy(update={"name": "By Somebody Else"}))

    refusal = failing(
        world.aws, "cognito-idp", "AdminSetUserPassword", code="InvalidPasswordException"
    )
    with refusal, pytest.raises(IdentityRefused):
        settle_account(call, user.id, CREDENTIAL)

    kept = world.user(user.id)
    assert (kept.name, kept.credentials_changed_at, kept.pending_credential) == (
        "By Somebody Else",
        None,
        None,
    )


def test_outage_leaves_the_change_and_marks_the_user(world: World) -> None:
    user, call = world.add_user(), world.call()
    call.commit(Change(user, user.model_copy(update={"name": "New"})), answer=UserAnswer.of)

    with failing(world.aws, "cognito-idp"), pytest.raises(Unavailable):
        settle_account(call, user.id)

    assert (world.user(user.id).name, world.user(user.id).in_step) == ("New", False)
    assert world.user(user.id).index()["gsi1pk"] == "OUT_OF_STEP"


@pytest.mark.parametrize("step", ["AdminUpdateUserAttributes", "AdminDisableUser"])
def test_account_that_vanishes_between_two_steps_is_begun_again(world: World, step: str) -> None:
    user, call = world.add_user(), world.call()
    changed = user.model_copy(update={"name": "New"}).with_status(Status.INACTIVE, world.clock.now)
    call.commit(Change(user, changed), answer=UserAnswer.of)

    with failing(world.aws, "cognito-idp", step, code="UserNotFoundException", times=1):
        settle_account(call, user.id)

    account = world.account(user.id)
    assert account is not None
    assert (account["name"], account["enabled"]) == ("New", False)
    assert world.user(user.id).in_step


def test_unknown_user_is_nothing_to_do(world: World) -> None:
    stored = world.stored()
    converge_account(world.call(), "usr_unknown")
    assert world.stored() == stored


def test_outage_says_what_is_saved_and_that_a_password_is_not(world: World) -> None:
    user, call = world.add_user(), world.call()
    changed = user.with_credential("password", world.clock.now)
    call.commit(Change(user, changed), answer=UserAnswer.of)

    with failing(world.aws, "cognito-idp"), pytest.raises(Unavailable) as with_password:
        settle_account(call, user.id, CREDENTIAL)
    with failing(world.aws, "cognito-idp"), pytest.raises(Unavailable) as without:
        settle_account(call, user.id)
    with failing(world.aws, "cognito-idp"), pytest.raises(Unavailable) as before_any_write:
        refuse_federated(call, user)

    assert "is saved" in without.value.detail
    assert "the password is not kept" in with_password.value.detail
    assert "nothing was changed" in before_any_write.value.detail


def test_address_that_stays_held_is_told_later_and_is_no_conflict(world: World) -> None:
    user, call = world.add_user("old@example.com"), world.call()
    changed = user.model_copy(update={"email": "new@example.com"})
    call.commit(Change(user, changed), answer=UserAnswer.of)

    held = failing(
        world.aws, "cognito-idp", "AdminUpdateUserAttributes", code="AliasExistsException"
    )
    with held, pytest.raises(Unavailable):
        settle_account(call, user.id)

    assert not world.user(user.id).in_step


def test_new_user_whom_cognito_refuses_at_the_second_attempt_is_taken_back(world: World) -> None:
    body = {"email": "new@example.com", "temporaryPassword": "TempPass123!"}
    headers = {"Idempotency-Key": "once"}
    with failing(world.aws, "cognito-idp"):
        assert world.invoke(create_user, body=body, headers=headers).status == 503

    refusal = failing(world.aws, "cognito-idp", "AdminCreateUser", code="InvalidPasswordException")
    with refusal:
        assert world.invoke(create_user, body=body, headers=headers).status == 422

    assert world.invoke(create_user, body=body, headers=headers).status == 201
