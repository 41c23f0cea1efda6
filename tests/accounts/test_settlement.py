"""The last part of an operation that changes an account (I1)."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from functions.users.create_user import create_user
from rollcall.accounts.convergence import Credential, refuse_federated
from rollcall.accounts.settlement import settle_account
from rollcall.kit.errors import Unavailable
from rollcall.kit.identity import IdentityRefused
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.statuses import Status
from tests.world.aws_edge import failing, watched
from tests.world.world import World

CREDENTIAL = Credential(SecretStr("Chosen-Pass-1"), permanent=True)


def test_user_in_sync_takes_no_call(world: World) -> None:
    user, call = world.add_user(), world.call()
    profile = user.profile.model_copy(update={"city": "Bremen"})
    call.commit(Change(user, user.model_copy(update={"profile": profile})), answer=UserAnswer.of)

    with watched(world.aws) as seen:
        settle_account(call, user.id)

    assert not [seen_call for seen_call in seen if seen_call.service == "cognito-idp"]


def test_change_refused_by_cognito_is_undone_without_changes_of_others(
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
def test_account_deleted_between_two_steps_is_created_again(world: World, step: str) -> None:
    user, call = world.add_user(), world.call()
    changed = user.model_copy(update={"name": "New"}).with_status(Status.INACTIVE, world.clock.now)
    call.commit(Change(user, changed), answer=UserAnswer.of)

    with failing(world.aws, "cognito-idp", step, code="UserNotFoundException", times=1):
        settle_account(call, user.id)

    account = world.account(user.id)
    assert account is not None
    assert (account["name"], account["enabled"]) == ("New", False)
    assert world.user(user.id).in_step


def test_error_during_an_outage_says_that_the_password_is_not_stored(world: World) -> None:
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
    assert "the password is not stored" in with_password.value.detail
    assert "nothing was changed" in before_any_write.value.detail


def test_address_held_by_another_account_is_synchronized_later(world: World) -> None:
    user, call = world.add_user("old@example.com"), world.call()
    changed = user.model_copy(update={"email": "new@example.com"})
    call.commit(Change(user, changed), answer=UserAnswer.of)

    held = failing(
        world.aws, "cognito-idp", "AdminUpdateUserAttributes", code="AliasExistsException"
    )
    with held, pytest.raises(Unavailable):
        settle_account(call, user.id)

    assert not world.user(user.id).in_step


def test_new_user_refused_at_the_second_attempt_is_undone(world: World) -> None:
    body = {"email": "new@example.com", "temporaryPassword": "TempPass123!"}
    headers = {"Idempotency-Key": "once"}
    with failing(world.aws, "cognito-idp"):
        assert world.invoke(create_user, body=body, headers=headers).status == 503

    refusal = failing(world.aws, "cognito-idp", "AdminCreateUser", code="InvalidPasswordException")
    with refusal:
        assert world.invoke(create_user, body=body, headers=headers).status == 422

    assert world.invoke(create_user, body=body, headers=headers).status == 201
