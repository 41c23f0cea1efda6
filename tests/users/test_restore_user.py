"""POST /admin/users/{userId}/restore (U11, I4, R4)."""

from __future__ import annotations

from itertools import batched

import pytest

from functions.groups.delete_group import delete_group
from functions.groups.get_group import get_group
from functions.organizations.get_organization import get_organization
from functions.organizations.list_organization_members import list_organization_members
from functions.users.delete_user import delete_user
from functions.users.get_me import get_me
from functions.users.restore_user import restore_user
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from rollcall.users.user import ADMINS, HIDDEN_AT_MOST
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import World


def restore(world: World, user_id: str, caller: str = "") -> Reply:
    return world.invoke(restore_user, caller=caller, path={"user_id": user_id})


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.DELETED])
def test_restored_user_has_the_previous_state(world: World, status: Status) -> None:
    group_id = world.add_group("Readers")
    user = world.add_user(status=status, name="Back Again")
    user = world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))
    world.change_user(user, user.as_deleted(world.clock.now))

    reply = restore(world, user.id)

    assert (reply.status, reply.body["status"]) == (200, status.value)
    restored = world.user(user.id)
    assert (restored.name, restored.group_ids, restored.deleted_at) == (
        "Back Again",
        (group_id,),
        None,
    )
    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is (status not in {Status.INACTIVE, Status.SUSPENDED})


def test_members_are_counted_as_they_are_listed(world: World) -> None:
    group_id, organization_id = world.add_group("Readers"), world.add_organization("Acme")
    users = [world.join_group(world.add_user().id, group_id) for _ in range(5)]
    users = [world.join_organization(each.id, organization_id) for each in users]
    users.sort(key=lambda each: each.id)

    def shown() -> set[tuple[str, ...]]:
        found = set()
        for operation, path in (
            (get_group, {"group_id": group_id}),
            (list_organization_members, {"organization_id": organization_id}),
        ):
            page = world.invoke(operation, path=path).body
            members = page.get("members", page)
            ids = tuple(each["userId"] for each in members["items"])
            assert members["pagination"]["total"] == len(ids)
            assert page.get("memberCount", len(ids)) == len(ids)
            found.add(ids)
        organization = world.invoke(get_organization, path={"organization_id": organization_id})
        assert {organization.body["memberCount"]} == {len(each) for each in found}
        return found

    everyone = {tuple(each.id for each in users)}
    assert shown() == everyone
    for user in users[1:3]:
        world.invoke(delete_user, path={"user_id": user.id}, query={"mode": "soft"})
    assert shown() == {(users[0].id, users[3].id, users[4].id)}

    restore(world, users[1].id)
    world.invoke(delete_user, path={"user_id": users[2].id})  # permanently
    world.drain()

    assert shown() == {tuple(each.id for each in users if each is not users[2])}
    assert world.group(group_id).hidden_member_count == 0


def test_page_of_members_is_full_although_some_are_hidden(world: World) -> None:
    group_id = world.add_group("Readers")
    users = [world.join_group(world.add_user().id, group_id) for _ in range(6)]
    users.sort(key=lambda each: each.id)
    for user in users[:3]:
        world.change_user(user, user.as_deleted(world.clock.now))

    page = world.invoke(get_group, path={"group_id": group_id}, query={"limit": "2"}).body

    assert [each["userId"] for each in page["members"]["items"]] == [e.id for e in users[3:5]]
    assert page["members"]["pagination"]["totalPages"] == 2


@pytest.mark.parametrize("number", [HIDDEN_AT_MOST, HIDDEN_AT_MOST + 30])
def test_user_with_any_number_of_groups_is_deleted_and_restored(world: World, number: int) -> None:
    groups = [world.add_group(f"Group {each}") for each in range(number)]
    user = world.add_user()
    for some in batched(groups, 30, strict=False):
        joined = user
        for group_id in some:
            joined = joined.with_membership(group_id)
        user = world.change_user(user, joined)

    assert (
        world.invoke(delete_user, path={"user_id": user.id}, query={"mode": "soft"}).status == 200
    )
    hidden = number <= HIDDEN_AT_MOST
    assert {world.group(each).listed_count for each in groups} == {0 if hidden else 1}
    assert restore(world, user.id).status == 200

    assert {world.group(each).listed_count for each in groups} == {1}
    assert {each.hidden for each in world.user(user.id).memberships} == {None}


def test_deleted_group_leaves_hidden_members_too(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    world.change_user(user, user.as_deleted(world.clock.now))
    world.invoke(delete_group, path={"group_id": group_id})
    world.drain()

    assert restore(world, user.id).body["groups"] == []
    assert (world.group(group_id).member_count, world.group(group_id).hidden_member_count) == (0, 0)


def test_sessions_from_before_stay_ended(world: World) -> None:
    user = world.add_user()
    before = world.clock.now
    world.clock.advance(minutes=1)
    world.change_user(user, user.as_deleted(world.clock.now))
    world.clock.advance(minutes=1)
    restore(world, user.id)
    assert world.invoke(get_me, caller=user.id, signed_in_at=before).code == "session_ended"
    assert world.invoke(get_me, caller=user.id).status == 200


def test_restored_admin_counts_again(world: World) -> None:
    admin = world.add_user(is_admin=True)
    world.change_user(admin, admin.as_deleted(world.clock.now))
    assert world.count(ADMINS) == 1
    restore(world, admin.id)
    assert world.count(ADMINS) == 2


def test_only_a_deleted_user_can_be_restored(world: World) -> None:
    user = world.add_user(status=Status.INACTIVE)
    reply = restore(world, user.id)
    assert (reply.status, reply.code) == (409, "user_not_deleted")
    assert world.user(user.id) == user


def test_permanently_deleted_user_is_not_found(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_erased(world.clock.now))
    assert restore(world, user.id).code == "user_not_found"


def test_superior_cannot_be_enabled_or_restored(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_DELETE,))
    user = world.add_user(permissions=(Permission.USER_CREATE,))
    deleted = world.change_user(user, user.as_deleted(world.clock.now))

    reply = restore(world, user.id, caller=caller.id)

    assert (reply.status, reply.code) == (403, "grant_exceeds_own")
    assert world.user(user.id) == deleted


def test_account_is_enabled_after_an_outage_of_cognito(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_deleted(world.clock.now))

    with failing(world.aws, "cognito-idp"):
        assert restore(world, user.id).status == 503

    world.drain()
    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is True
