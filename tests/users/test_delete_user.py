"""DELETE /admin/users/{userId}, permanently and restorably (U11, I1, I4, I5, I6, I10, I16)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.get_me import get_me
from functions.users.get_user import get_user
from functions.users.update_user import update_user
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.resources.deletion import RESOURCES_AT_ONCE
from rollcall.resources.resource import find_resources
from rollcall.users.user import ADMINS, User
from tests.faults.invariants import check_settled
from tests.faults.races import COMMIT, meanwhile
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import World

SOFT = {"mode": "soft"}


def delete(
    world: World,
    user_id: str,
    *,
    caller: str = "",
    if_match: str = "",
    key: str = "",
    query: dict[str, str] | None = None,
) -> Reply:
    headers = {"If-Match": if_match, "Idempotency-Key": key}
    sent = {name: value for name, value in headers.items() if value}
    return world.invoke(
        delete_user, caller=caller, path={"user_id": user_id}, query=query, headers=sent
    )


def add_member(world: World) -> User:
    user = world.add_user("gone@example.com", name="Gone Soon", phone="+4915112345678")
    return world.change_user(
        user, user.with_membership(world.add_group("Readers"), GroupRole.MEMBER)
    )


def test_documented_answer(world: World) -> None:
    reply = delete(world, world.add_user().id)
    assert (reply.status, reply.body) == (
        200,
        {
            "success": True,
            "message": "User deleted from database and Cognito",
            "workspacesOrphaned": 0,
            "resources": {},
            "resourcesPending": 0,
        },
    )


def test_account_memberships_claims_and_personal_data_are_deleted(world: World) -> None:
    user = add_member(world)

    delete(world, user.id)

    assert world.account(user.id) is None
    (left,) = (item for item in world.items() if item["pk"] == user.key().pk)
    assert not {"email", "phone", "username", "name"} & left.keys()
    assert "expiresAt" in left, "the tombstone goes by itself"
    assert not [item for item in world.items() if item.get("owner") == user.id]
    assert world.invoke(get_user, path={"user_id": user.id}).code == "user_not_found"


def test_email_can_be_used_again_by_a_user_with_another_id(world: World) -> None:
    user = add_member(world)
    delete(world, user.id)

    made = world.invoke(create_user, body={"email": "gone@example.com"})

    assert made.status == 201
    assert made.body["id"] != user.id


def test_journal_has_the_actor_and_the_deleted_user_with_the_email(world: World) -> None:
    user = add_member(world)

    delete(world, user.id, query={"reason": "Asked for it"})

    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "delete_user",
        world.admin_id,
        "Asked for it",
    )
    assert (entry.changes["email"].before, entry.changes["email"].after) == (
        "gone@example.com",
        None,
    )
    left = entry.changes[f"groups.{user.group_ids[0]}"]
    assert (left.before, left.after) == ({"role": "member"}, None)


def test_deletion_succeeds_when_cognito_no_longer_has_the_account(world: World) -> None:
    user = world.add_user()
    world.runtime.identity.delete(user.id)
    assert delete(world, user.id).status == 200


def test_soft_deleted_user_cannot_sign_in_and_keeps_the_data(world: World) -> None:
    user = add_member(world)

    reply = delete(world, user.id, query=SOFT)

    assert reply.body == {"success": True, "message": "User deleted; restorable until purged"}
    shown = world.invoke(get_user, path={"user_id": user.id}).body
    assert (shown["status"], shown["email"], shown["groups"]) == (
        "deleted",
        "gone@example.com",
        list(user.group_ids),
    )
    assert shown["deletedAt"] == "2026-01-05T09:00:00.000Z"
    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is False
    assert world.invoke(get_me, caller=user.id).code == "account_not_active"


def test_soft_deleting_twice_changes_nothing(world: World) -> None:
    user = world.add_user()
    delete(world, user.id, query=SOFT)
    stored = world.stored()
    assert delete(world, user.id, query=SOFT).status == 200
    assert world.stored() == stored


def test_soft_deleted_user_can_be_permanently_deleted(world: World) -> None:
    user = world.add_user()
    delete(world, user.id, query=SOFT)
    assert delete(world, user.id).status == 200
    assert world.user(user.id).erased
    assert world.account(user.id) is None


@pytest.mark.parametrize("query", [{}, SOFT], ids=["permanent", "soft"])
def test_own_account_cannot_be_deleted(world: World, query: dict[str, str]) -> None:
    world.add_user(is_admin=True)
    reply = delete(world, world.admin_id, query=query)
    assert (reply.status, reply.code) == (409, "own_account")
    assert reply.body["detail"] == "You cannot delete your own account. Ask another admin."


@pytest.mark.parametrize("query", [{}, SOFT], ids=["permanent", "soft"])
def test_last_admin_cannot_be_removed(world: World, query: dict[str, str]) -> None:
    caller = world.add_user(permissions=(Permission.ADMIN_ACCESS,))

    reply = delete(world, world.admin_id, caller=caller.id, query=query)

    assert (reply.status, reply.code) == (409, "last_admin")
    assert world.count(ADMINS) == 1
    assert world.account(world.admin_id) is not None


def test_deleted_admin_is_no_longer_counted(world: World) -> None:
    admin = world.add_user(is_admin=True)
    delete(world, admin.id)
    assert world.count(ADMINS) == 1


@pytest.mark.parametrize("confirm", ["gone@example.com", " Gone@Example.com "])
def test_confirmation_that_matches_is_accepted(world: World, confirm: str) -> None:
    assert delete(world, add_member(world).id, query={"confirm": confirm}).status == 200


@pytest.mark.parametrize("confirm", ["other@example.com", ""])
def test_confirmation_that_differs_is_refused(world: World, confirm: str) -> None:
    user = add_member(world)
    reply = delete(world, user.id, query={"confirm": confirm})
    assert (reply.status, reply.code) == (409, "confirmation_differs")
    assert world.user(user.id) == user


def test_mode_in_a_body_is_refused_instead_of_ignored(world: World) -> None:
    user = world.add_user()

    reply = world.invoke(delete_user, path={"user_id": user.id}, body={"mode": "soft"})

    assert (reply.status, reply.fields) == (422, ["mode"])
    assert reply.body["errors"][0]["message"] == "Send this in the query."
    assert world.user(user.id).exists


def test_unknown_mode_and_fields_are_refused(world: World) -> None:
    user = world.add_user()
    reply = delete(world, user.id, query={"mode": "gently", "force": "1"})
    assert (reply.status, sorted(reply.fields)) == (422, ["force", "mode"])


def test_stale_version_is_refused(world: World) -> None:
    user = world.add_user()
    world.invoke(update_user, path={"user_id": user.id}, body={"name": "Changed meanwhile"})

    reply = delete(world, user.id, if_match='"1"')

    assert (reply.status, reply.code) == (412, "stale_version")
    assert delete(world, user.id, if_match='"2"').status == 200


def test_deleting_twice_is_not_found_but_the_same_request_has_the_same_answer(
    world: World,
) -> None:
    user = world.add_user()
    first = delete(world, user.id, key="key-1")

    assert delete(world, user.id).code == "user_not_found"
    assert delete(world, user.id, key="key-1") == first


def test_account_of_a_deleted_user_is_deleted_after_an_outage_of_cognito(world: World) -> None:
    user = add_member(world)

    with failing(world.aws, "cognito-idp"):
        assert delete(world, user.id).status == 503

    assert world.user(user.id).erased
    assert world.account(user.id) is not None
    world.drain()
    assert world.account(user.id) is None
    assert [item["sk"] for item in world.items() if item["pk"] == user.key().pk] == ["#USER"]


def test_superior_cannot_be_deleted(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_DELETE,))
    group_id = world.add_group("Creators", Permission.USER_CREATE)
    user = world.add_user()
    world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))

    reply = delete(world, user.id, caller=caller.id)

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert "user.create" in reply.body["detail"]


def own(world: World, **types: int) -> User:
    """A user who owns this many resources of each type."""
    user = world.add_user()
    for resource_type, number in types.items():
        world.add_resources(number, user.id, resource_type.replace("_", "-"))
    return user


def configure(world: World, types: str) -> None:
    """Configure additional resource types."""
    settings = world.runtime.settings.model_copy(update={"resource_types": types})
    world.runtime = replace(world.runtime, settings=settings)


def test_answer_and_journal_count_what_the_user_owned(world: World) -> None:
    user = own(world, workspace=2, persona=1, api_key=3)

    reply = delete(world, user.id)

    owned = {"workspace": 2, "persona": 1, "api-key": 3}
    assert reply.body["workspacesOrphaned"] == 2
    assert (reply.body["resources"], reply.body["resourcesPending"]) == (owned, 0)
    assert world.journal(user.id)[-1].changes["released"].after == owned


def test_workspaces_are_orphaned_and_other_resources_deleted(world: World) -> None:
    group_id, user = world.add_group("Writers"), own(world, persona=1, ontology=1, annotation=1)
    world.change_user(user, user.with_membership(group_id))
    workspace = world.add_resource(user.id, group_id=group_id)
    resources = [item["id"] for item in world.items() if item["sk"].startswith("RESOURCE#")]

    delete(world, user.id)

    kept = [each for each in resources if world.resource(each).exists]
    assert kept == [workspace.id]
    orphan = world.resource(workspace.id)
    assert (orphan.orphaned, orphan.user_id, orphan.group_id) == (True, user.id, group_id)
    actions = {world.journal(each)[-1].action for each in resources}
    assert actions == {"delete_user"}
    world.drain()
    assert check_settled(world) == []


def test_resource_of_a_refusing_type_prevents_the_deletion(world: World) -> None:
    configure(world, "invoice=refuse,receipt=refuse,draft=cascade")
    user = own(world, invoice=2, receipt=1, draft=1)
    stored = world.stored()

    reply = delete(world, user.id)

    assert (reply.status, reply.code) == (409, "owns_resources")
    assert "2 of type invoice, 1 of type receipt" in reply.body["detail"]
    assert world.stored() == stored
    assert delete(world, user.id, query=SOFT).status == 200
    assert delete(world, user.id).code == "owns_resources"


def test_resources_of_a_type_no_longer_configured_are_orphaned(world: World) -> None:
    configure(world, "draft=cascade")
    user = own(world, draft=1)
    configure(world, "")

    assert delete(world, user.id).status == 200

    (draft,) = (item for item in world.items() if item["sk"].startswith("RESOURCE#"))
    assert (draft["orphaned"], draft["erased"]) == (True, False)


def test_soft_deleted_user_keeps_everything(world: World) -> None:
    user = own(world, workspace=1, persona=1)

    reply = delete(world, user.id, query=SOFT)

    assert reply.body.keys() == {"success", "message"}, "nothing becomes of what is owned"
    shown = world.invoke(get_user, path={"user_id": user.id}).body
    assert shown["resources"] == {"workspace": 1, "persona": 1}


def test_rest_beyond_one_transaction_continues_and_is_in_the_answer(world: World) -> None:
    user = own(world, workspace=RESOURCES_AT_ONCE * 2, persona=RESOURCES_AT_ONCE + 5)

    reply = delete(world, user.id)

    left = RESOURCES_AT_ONCE * 2 + 5
    assert (reply.status, reply.body["resourcesPending"]) == (200, left)
    assert reply.body["workspacesOrphaned"] == RESOURCES_AT_ONCE * 2
    assert (world.user(user.id).erased, world.user(user.id).things_left) == (True, left)
    assert world.account(user.id) is None
    world.drain()
    resources = [item for item in world.items() if item["sk"].startswith("RESOURCE#")]
    assert {(each["type"], each["orphaned"], each["erased"]) for each in resources} == {
        ("workspace", True, False),
        ("persona", False, True),
    }
    assert [item["sk"] for item in world.items() if item["pk"] == user.key().pk] == ["#USER"]
    assert check_settled(world) == []


def test_resource_registered_before_the_commit_is_released(world: World) -> None:
    user = own(world, workspace=1)

    with meanwhile(world, COMMIT, partial(world.add_resource, user.id, "persona")):
        reply = delete(world, user.id)

    assert reply.body["resources"] == {"workspace": 1, "persona": 1}
    assert check_settled(world) == []


def test_refusing_resource_registered_before_the_commit_prevents_the_deletion(
    world: World,
) -> None:
    configure(world, "invoice=refuse")
    user = own(world, workspace=1)

    with meanwhile(world, COMMIT, partial(world.add_resource, user.id, "invoice")):
        reply = delete(world, user.id)

    assert reply.code == "owns_resources"
    assert world.user(user.id).exists
    assert check_settled(world) == []


def test_resource_changed_before_the_commit_is_released_in_its_new_state(world: World) -> None:
    user, heir = own(world, workspace=1), world.add_user()
    (resource,) = find_resources(world.runtime.table, user.id, 1)
    moved = resource.model_copy(update={"user_id": heir.id})

    with meanwhile(world, COMMIT, partial(world.change_resource, resource, moved)):
        reply = delete(world, user.id)

    assert reply.body["resources"] == {}
    assert world.user(heir.id).owned.by_type == {"workspace": 1}
    assert check_settled(world) == []
