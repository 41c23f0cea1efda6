"""The trigger at sign-in (I3, S3; last sign-in of U6)."""

from __future__ import annotations

import pytest

from functions.reactions.admit_sign_in import admit_sign_in
from rollcall.kit.errors import Forbidden
from rollcall.users.statuses import Status
from tests.world.aws_edge import failing
from tests.world.iam import acting_as
from tests.world.world import World

SIGN_IN, REFRESH = "TokenGeneration_Authentication", "TokenGeneration_RefreshTokens"


def sign_in(
    world: World, user_id: str, source: str = SIGN_IN, attributes: dict[str, str] | None = None
) -> None:
    request = {"userAttributes": attributes} if attributes else {}
    event = {"userName": user_id, "triggerSource": source, "request": request, "response": {}}
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
