"""The caller, and the caller's present permissions (R3, I3, I9, I13)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollcall.access.authorization import authorize_caller
from rollcall.access.policy import (
    change_policy,
    find_policy,
)
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.kit.actor import Actor
from rollcall.kit.errors import Problem
from rollcall.kit.http import GatewayEvent
from rollcall.users.user import User
from tests.world.aws_edge import watched
from tests.world.world import World


def authorize(world: World, claims: dict[str, str]) -> Actor:
    event = GatewayEvent.model_validate(
        {
            "requestContext": {
                "authorizer": {"claims": claims},
                "identity": {"sourceIp": "192.0.2.7", "userAgent": "curl"},
            }
        }
    )
    return authorize_caller(event, world.runtime, world.clock.now)


def refusal(world: World, claims: dict[str, str]) -> tuple[int, str]:
    with pytest.raises(Problem) as refused:
        authorize(world, claims)
    return refused.value.status, refused.value.code


def join(world: World, user: User, *group_ids: str) -> User:
    for group_id in group_ids:
        user = world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))
    return user


def test_actor_comes_from_the_table(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    user = join(world, world.add_user(permissions=(Permission.USER_CREATE,)), group_id)

    actor = authorize(world, world.claims(user.id))

    assert (actor.kind, actor.id) == ("user", user.id)
    assert actor.signed_in_at == int(world.clock.now.timestamp())
    assert actor.permissions == {"user.view", "user.create"}
    assert (actor.ip_address, actor.user_agent) == ("192.0.2.7", "curl")
    policy = find_policy(world.runtime.table, world.clock.now)[1]
    assert actor.witnesses == {user.key(): user.version, policy.key(): policy.version}


def test_cognito_groups_in_the_token_are_ignored(world: World) -> None:
    user = world.add_user()
    claims = {**world.claims(user.id), "cognito:groups": "admins", "scope": "rollcall/admin"}
    assert authorize(world, claims).permissions == frozenset()


def test_authorization_takes_one_read_and_a_second_one_for_groups(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    user = join(world, world.add_user(), group_id)
    for caller, reads in ((world.admin_id, ["Query"]), (user.id, ["Query", "GetItem"])):
        with watched(world.aws) as seen:
            authorize(world, world.claims(caller))
        assert [call.operation for call in seen] == reads


@pytest.mark.parametrize(
    "claims",
    [{}, {"username": ""}, {"username": "usr_unknown"}, {"sub": "usr_1", "client_id": "machine"}],
)
def test_token_without_an_account_is_refused(world: World, claims: dict[str, str]) -> None:
    assert refusal(world, claims) == (401, "unknown_account")


def test_session_is_valid_if_it_began_after_the_last_end_of_sessions(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.with_sessions_ended(world.clock.now))
    epoch = int(world.clock.now.timestamp())
    for signed_in, counts in ((epoch - 1, False), (epoch, False), (epoch + 1, True)):
        claims = {"username": user.id, "auth_time": str(signed_in)}
        if counts:
            assert authorize(world, claims).id == user.id
        else:
            assert refusal(world, claims) == (401, "session_ended")


def test_token_without_a_sign_in_time_counts_as_the_oldest(world: World) -> None:
    user = world.add_user()
    assert authorize(world, {"username": user.id}).id == user.id
    world.change_user(user, user.with_sessions_ended(world.clock.now))
    assert refusal(world, {"username": user.id}) == (401, "session_ended")


@pytest.mark.parametrize("auth_time", ["", "never", "-1", "1e12", "1.5", "9" * 400])
def test_sign_in_at_no_readable_time_counts_as_the_oldest(world: World, auth_time: str) -> None:
    user = world.add_user()
    claims = {"username": user.id, "auth_time": auth_time}
    assert authorize(world, claims).signed_in_at == 0
    world.change_user(user, user.with_sessions_ended(world.clock.now))
    assert refusal(world, claims) == (401, "session_ended")


def test_token_of_another_application_is_refused(world: World) -> None:
    settings = world.runtime.settings.model_copy(update={"client_ids": "ours,another"})
    world.runtime = replace(world.runtime, settings=settings)
    claims = world.claims(world.admin_id)

    for client_id in ("", "foreign", "our"):
        assert refusal(world, {**claims, "client_id": client_id}) == (401, "token_invalid")
    for client_id in ("ours", "another"):
        assert authorize(world, {**claims, "client_id": client_id}).id == world.admin_id


def test_admin_of_a_deleted_group_has_no_permissions_for_it(world: World) -> None:
    groups = [world.add_group("Readers"), world.add_group("Writers")]
    user = world.add_user()
    for group_id in groups:
        user = world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))
    (ended,) = change_policy(world.call(), lambda policy: policy.with_ended(groups[0]))
    world.call().commit(ended, answer=lambda written: written)

    actor = authorize(world, world.claims(user.id))

    assert not actor.holds(Permission.WORKSPACE_DELETE, about=groups[0])
    assert actor.holds(Permission.WORKSPACE_DELETE, about=groups[1])
