"""Events between two steps of an operation: the actor loses permissions (I9), the stream reaction
runs first, another request changes the same user, or a newer state is already stored (I2, I6, I7).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.demote_user import demote_user
from functions.users.disable_user import disable_user
from functions.users.enable_user import enable_user
from functions.users.reset_password import reset_password
from functions.users.update_user import update_user
from rollcall.access.authorization import authorize_caller
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.kit.operation import Operation
from rollcall.users.statuses import Status
from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Scene
from tests.faults.invariants import accounts, check_always, check_settled
from tests.faults.races import COMMIT, meanwhile
from tests.faults.staging import make_foreign_account
from tests.world.aws_edge import failing, watched
from tests.world.gateway import Reply
from tests.world.world import World

PASSWORD, OTHER_PASSWORD = "Open-Sesame-7", "TempPass123!"
WRITING = [
    operation
    for operation in read_catalog().operations
    if operation.changes and operation.authorize is authorize_caller
]
CLOSED = {demote_user: 403, disable_user: 403, delete_user: 401}
"""Operations that revoke an actor's permissions, and the status of the answer afterwards."""


def update(world: World, user_id: str, key: str = "", **body: Any) -> Reply:
    """The admin changing a user."""
    headers = {"Idempotency-Key": key} if key else None
    return world.invoke(update_user, path={"user_id": user_id}, body=body, headers=headers)


def reset(world: World, user_id: str, key: str, password: str) -> Reply:
    """The admin setting a user's password."""
    headers, body = {"Idempotency-Key": key}, {"newPassword": password}
    return world.invoke(reset_password, path={"user_id": user_id}, body=body, headers=headers)


def remove_foreign_account(world: World) -> None:
    """Delete the foreign account."""
    world.runtime.identity.delete("somebody-else")


@pytest.mark.parametrize("removal", CLOSED, ids=lambda each: each.name)
@pytest.mark.parametrize("operation", WRITING, ids=lambda each: each.name)
def test_actor_who_loses_permissions_before_the_commit_changes_nothing(
    world: World, operation: Operation[Any, Any], removal: Operation[Any, Any]
) -> None:
    scene = Scene(world)
    actor_id = world.add_user(is_admin=True).id
    example = EXAMPLES[operation.name](scene)
    before = {entry.id for entry in world.journal()}

    with meanwhile(world, COMMIT, partial(world.invoke, removal, path={"user_id": actor_id})):
        reply = world.invoke(
            operation,
            caller=actor_id,
            path=example.path,
            body=example.body,
            query=example.query,
        )

    assert reply.status == CLOSED[removal]
    written = [entry for entry in world.journal() if entry.id not in before]
    assert [(entry.target.id, entry.action) for entry in written] == [(actor_id, removal.name)]
    assert check_always(world) == []


def test_permission_that_a_group_stops_granting_before_the_commit_is_missing(
    world: World,
) -> None:
    group_id = world.add_group("Editors", Permission.USER_UPDATE)
    actor, user = world.add_user(), world.add_user()
    world.change_user(actor, actor.with_membership(group_id, GroupRole.MEMBER))

    with meanwhile(world, COMMIT, partial(world.grant_to_group, group_id, ())):
        reply = world.invoke(
            update_user, caller=actor.id, path={"user_id": user.id}, body={"name": "Ada"}
        )

    assert (reply.status, reply.code) == (403, "permission_missing")
    assert world.user(user.id) == user


def test_temporary_password_is_set_if_the_stream_creates_the_account_first(world: World) -> None:
    body = {"email": "new@example.com", "temporaryPassword": PASSWORD}

    with meanwhile(world, "AdminCreateUser", world.drain):
        reply = world.invoke(create_user, body=body)

    assert reply.status == 201
    assert accounts(world)[reply.body["id"]].password == PASSWORD
    assert check_settled(world) == []


def test_user_disabled_during_an_enabling_stays_disabled_in_cognito(world: World) -> None:
    user = world.add_user(status=Status.INACTIVE)
    path = {"user_id": user.id}

    with meanwhile(world, "AdminEnableUser", partial(world.invoke, disable_user, path=path)):
        world.invoke(enable_user, path=path)

    assert world.user(user.id).status is Status.INACTIVE
    assert not accounts(world)[user.id].enabled
    assert check_settled(world) == []


def test_older_name_that_reaches_cognito_last_is_replaced_by_the_newer_one(world: World) -> None:
    user = world.add_user()

    def rename() -> None:
        update(world, user.id, name="Newer")
        world.drain()

    with meanwhile(world, "AdminUpdateUserAttributes", rename):
        update(world, user.id, name="Older")

    assert accounts(world)[user.id].attribute_lookup["name"] == "Newer"
    assert check_settled(world) == []


def test_user_deleted_while_the_account_is_created_has_no_account(world: World) -> None:
    def delete() -> None:
        (user,) = world.users_with_email("new@example.com")
        assert world.invoke(delete_user, path={"user_id": user.id}).status == 200

    with meanwhile(world, "AdminCreateUser", delete):
        world.invoke(create_user, body={"email": "new@example.com"})

    assert accounts(world).keys() == {world.admin_id}
    assert check_settled(world) == []


def test_change_does_not_reset_an_invitation_that_was_sent_meanwhile(world: World) -> None:
    with failing(world.aws, "cognito-idp"):
        world.invoke(create_user, body={"email": "new@example.com"})
    (user,) = world.users_with_email("new@example.com")
    assert user.pending_credential == "invitation"

    with meanwhile(world, COMMIT, world.drain):
        assert update(world, user.id, profile={"city": "Bonn"}).status == 200

    assert world.user(user.id).pending_credential is None
    assert check_settled(world) == []


def test_repeated_old_request_does_not_overwrite_a_later_password(
    world: World,
) -> None:
    user = world.add_user()
    assert reset(world, user.id, "first", PASSWORD).status == 200
    world.clock.advance(minutes=1)
    with failing(world.aws, "cognito-idp", "AdminSetUserPassword"):
        assert reset(world, user.id, "second", OTHER_PASSWORD).status == 503

    assert reset(world, user.id, "first", PASSWORD).status == 200
    assert world.user(user.id).pending_credential == "password"
    assert reset(world, user.id, "second", OTHER_PASSWORD).status == 200

    assert accounts(world)[user.id].password == OTHER_PASSWORD
    assert check_settled(world) == []


def test_address_that_cognito_rejects_is_reverted_without_later_changes_by_others(
    world: World,
) -> None:
    make_foreign_account(world, "foreign@example.com")
    user = world.add_user("own@example.com")

    with meanwhile(
        world,
        "AdminUpdateUserAttributes",
        partial(update, world, user.id, profile={"city": "Bonn"}),
    ):
        reply = update(world, user.id, email="foreign@example.com", name="Ada", status="inactive")

    assert (reply.status, reply.code) == (422, "unknown_account_holds_alias")
    after = world.user(user.id)
    assert (after.email, after.name, after.status) == ("own@example.com", None, Status.ACTIVE)
    assert after.profile.city == "Bonn"
    world.drain()
    assert check_settled(world) == []


def test_refused_request_succeeds_with_the_same_key_after_the_cause_is_removed(
    world: World,
) -> None:
    make_foreign_account(world, "foreign@example.com")
    user = world.add_user("own@example.com")
    assert update(world, user.id, "key-1", email="foreign@example.com").status == 422

    remove_foreign_account(world)

    assert update(world, user.id, "key-1", email="foreign@example.com").status == 200
    world.drain()
    assert check_settled(world) == []


def test_emails_swapped_while_cognito_was_down_are_swapped_in_cognito_later(
    world: World,
) -> None:
    one, two = world.add_user("one@example.com"), world.add_user("two@example.com")
    with failing(world.aws, "cognito-idp"):
        update(world, one.id, email="parked@example.com")
        update(world, two.id, email="one@example.com")
        update(world, one.id, email="two@example.com")

    with watched(world.aws) as seen:
        world.drain()

    held = {name: held.attribute_lookup["email"] for name, held in accounts(world).items()}
    assert (held[one.id], held[two.id]) == ("two@example.com", "one@example.com")
    assert len(seen) < 100
    assert check_settled(world) == []
