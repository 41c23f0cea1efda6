"""The trigger at sign-in (I3, S3; last sign-in of U6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.reactions.admit_sign_in import admit_sign_in
from functions.users.get_me import get_me
from rollcall.kit.errors import Forbidden
from rollcall.kit.settings import Mfa
from rollcall.users.statuses import Status
from tests.benchmarks.capacity import TRANSACTIONAL
from tests.benchmarks.tally import tallying
from tests.world.aws_edge import failing, watched
from tests.world.iam import acting_as
from tests.world.world import World

SIGN_IN, REFRESH = "TokenGeneration_Authentication", "TokenGeneration_RefreshTokens"


def sign_in(
    world: World, user_id: str, source: str = SIGN_IN, attributes: dict[str, str] | None = None
) -> None:
    request = {"userAttributes": attributes} if attributes else {}
    event = {
        "userPoolId": world.runtime.identity.user_pool_id,
        "userName": user_id,
        "triggerSource": source,
        "request": request,
        "response": {},
    }
    with acting_as(admit_sign_in):
        admit_sign_in.react(event, world.runtime)


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.INVITED, Status.PENDING_VERIFICATION])
def test_sign_in_is_recorded_without_a_new_version(world: World, status: Status) -> None:
    user = world.add_user(status=status)
    journal = world.journal()
    world.clock.advance(days=1)

    sign_in(world, user.id)

    stored = world.user(user.id)
    assert (stored.last_login_at, stored.version) == (world.clock.now, 1)
    (entry,) = [each for each in world.journal() if each not in journal]
    assert (entry.action, entry.target.kind, entry.touches) == (
        "admit_sign_in",
        "sign-ins",
        (user.id,),
    )


def test_last_sign_in_is_stored_and_each_is_counted(world: World) -> None:
    user = world.add_user()
    for _ in range(2):
        world.clock.advance(days=1)
        sign_in(world, user.id)
    assert world.user(user.id).last_login_at == world.clock.now
    assert world.sign_ins(user.id).count == 2


def test_sign_in_methods_are_recorded(world: World) -> None:
    user = world.add_user()
    sign_in(world, user.id)
    assert world.sign_ins(user.id).methods == ("password",)

    identities = '[{"providerName": "Google", "userId": "1234"}]'
    sign_in(world, user.id, attributes={"identities": identities, "email": "a@example.com"})
    assert world.sign_ins(user.id).methods == ("google", "password")


@pytest.mark.parametrize("source", [SIGN_IN, REFRESH])
@pytest.mark.parametrize("status", [Status.INACTIVE, Status.SUSPENDED, Status.DELETED])
def test_disabled_account_gets_no_tokens(world: World, status: Status, source: str) -> None:
    user = world.add_user()
    world.change_user(user, user.with_status(status, world.clock.now))

    with pytest.raises(Forbidden, match=f"This account is {status.value}"):
        sign_in(world, user.id, source)

    assert world.user(user.id).last_login_at is None


def test_erased_user_gets_no_tokens(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_erased(world.clock.now))
    with pytest.raises(Forbidden):
        sign_in(world, user.id)


def test_refreshing_tokens_does_not_count_as_a_sign_in(world: World) -> None:
    user = world.add_user()
    sign_in(world, user.id, REFRESH)
    assert world.user(user.id).last_login_at is None


def test_users_are_admitted_while_the_database_is_down(world: World) -> None:
    user = world.add_user()
    with failing(world.aws, "dynamodb", code="InternalServerError"):
        sign_in(world, user.id)
    assert world.user(user.id).last_login_at is None


def test_account_without_a_user_is_ignored(world: World) -> None:
    stored = world.stored()
    sign_in(world, "stranger")
    assert world.stored() == stored


def test_last_sign_in_survives_a_change_of_the_user(world: World) -> None:
    user = world.add_user()
    sign_in(world, user.id)
    world.change_user(world.user(user.id), user.model_copy(update={"name": "New"}))
    assert world.user(user.id).last_login_at == world.clock.now


def require(world: World, mfa: Mfa) -> None:
    settings = world.runtime.settings.model_copy(update={"mfa": mfa})
    world.runtime = replace(world.runtime, settings=settings)


def admin_with_a_factor(world: World) -> str:
    admin = world.add_user(is_admin=True)
    world.set_up_second_factor(admin.id)
    return admin.id


def test_admin_is_refused_until_a_sign_in_with_a_second_factor(world: World) -> None:
    require(world, "required-for-admins")
    admin = world.add_user(is_admin=True)
    sign_in(world, admin.id)

    refused = world.invoke(get_me, caller=admin.id)
    assert (refused.status, refused.code) == (401, "second_factor_required")
    assert "AssociateSoftwareToken" in refused.body["detail"]
    challenge = refused.headers["WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge

    first = world.clock.now
    world.set_up_second_factor(admin.id)
    assert world.invoke(get_me, caller=admin.id).code == "second_factor_required"
    world.clock.advance(minutes=1)
    sign_in(world, admin.id)

    assert world.invoke(get_me, caller=admin.id).status == 200
    old = world.invoke(get_me, caller=admin.id, signed_in_at=first)
    assert old.code == "second_factor_required", "the session from before had none"


def test_admin_who_removes_the_factor_is_refused_from_the_next_sign_in(world: World) -> None:
    require(world, "required-for-admins")
    admin_id = admin_with_a_factor(world)
    sign_in(world, admin_id)
    assert world.invoke(get_me, caller=admin_id).status == 200

    world.set_up_second_factor(admin_id, enabled=False)
    world.clock.advance(minutes=1)
    sign_in(world, admin_id)

    assert world.invoke(get_me, caller=admin_id).code == "second_factor_required"


def test_refresh_neither_adds_nor_removes_a_second_factor(world: World) -> None:
    require(world, "required-for-admins")
    admin_id = admin_with_a_factor(world)
    sign_in(world, admin_id)
    signed_in_at = world.clock.now
    world.set_up_second_factor(admin_id, enabled=False)
    world.clock.advance(minutes=15)

    sign_in(world, admin_id, REFRESH)

    assert world.invoke(get_me, caller=admin_id, signed_in_at=signed_in_at).status == 200


def test_promoted_user_needs_a_sign_in_with_a_second_factor(world: World) -> None:
    require(world, "required-for-admins")
    user = world.add_user()
    world.set_up_second_factor(user.id)
    sign_in(world, user.id)
    assert world.invoke(get_me, caller=user.id).status == 200
    promoted = world.user(user.id)
    world.change_user(promoted, promoted.model_copy(update={"is_admin": True}))
    assert world.invoke(get_me, caller=user.id).code == "second_factor_required"

    world.clock.advance(minutes=1)
    sign_in(world, user.id)

    assert world.invoke(get_me, caller=user.id).status == 200


def test_admin_of_another_provider_has_no_second_factor_here(world: World) -> None:
    require(world, "required-for-admins")
    admin = world.add_user(is_admin=True)
    world.federate(admin.id)
    sign_in(world, admin.id, attributes={"identities": '[{"providerName": "Google"}]'})
    assert world.invoke(get_me, caller=admin.id).code == "second_factor_required"


def test_admin_signs_in_again_when_the_factor_cannot_be_looked_up(world: World) -> None:
    require(world, "required-for-admins")
    admin_id = admin_with_a_factor(world)

    with failing(world.aws, "cognito-idp"):
        sign_in(world, admin_id)
    assert world.user(admin_id).last_login_at == world.clock.now
    assert world.invoke(get_me, caller=admin_id).code == "second_factor_required"

    world.clock.advance(minutes=1)
    sign_in(world, admin_id)
    assert world.invoke(get_me, caller=admin_id).status == 200


@pytest.mark.parametrize("mfa", ["off", "optional", "required"])
def test_nothing_is_looked_up_or_refused_unless_admins_need_a_factor(
    world: World, mfa: Mfa
) -> None:
    require(world, mfa)
    with watched(world.aws) as seen:
        sign_in(world, world.admin_id)
    assert not [call for call in seen if call.service == "cognito-idp"]
    assert world.invoke(get_me).status == 200


def test_second_factor_costs_no_further_read_of_a_call(world: World) -> None:
    admin_id = admin_with_a_factor(world)
    with watched(world.aws) as before:
        world.invoke(get_me, caller=admin_id)
    require(world, "required-for-admins")
    sign_in(world, admin_id)
    with watched(world.aws) as after:
        assert world.invoke(get_me, caller=admin_id).status == 200
    assert [call.operation for call in after] == [call.operation for call in before]


def test_sign_in_writes_no_entry_of_the_index_by_actor(world: World) -> None:
    user = world.add_user()

    with tallying(world) as tally:
        sign_in(world, user.id)

    assert not [item for item in world.items() if item.get("gsi2pk") == "ACTOR#admit_sign_in"]
    # The record, its journal entry and the check of the user, in a transaction, and the entry of
    # the index by target.
    assert tally.write_units == 3 * TRANSACTIONAL + 1
