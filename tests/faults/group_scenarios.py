"""Scenarios of groups besides their examples, and of the end of memberships."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from functions.groups.add_users_to_group import add_users_to_group
from functions.groups.change_group_role import change_group_role
from functions.groups.delete_group import delete_group
from functions.groups.demote_group_admin import demote_group_admin
from functions.groups.replace_user_groups import replace_user_groups
from functions.groups.update_group import update_group
from functions.reactions.finish_deletion import finish_deletion
from rollcall.access.policy import change_policy, find_policy
from rollcall.grants.grant import GroupRole
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.transaction import Change
from rollcall.members.removal import remove_memberships
from tests.api.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import Verify, about, ask, last_entry, scenario, work
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World

ENDS = START + timedelta(days=30)


def _granting_group(world: World, number: int) -> tuple[str, list[str]]:
    """A group that grants a permission, with this many members, who are also in another group. The
    last member is erased, and no reaction has run yet.
    """
    group_id = world.add_group("Editors", Permission.USER_UPDATE)
    kept_id = world.add_group("Kept", Permission.USER_VIEW)
    members = [world.join_group(world.add_user().id, group_id) for _ in range(number)]
    for member in members[:-1]:
        world.join_group(member.id, kept_id)
    world.write(members[-1], members[-1].as_erased(world.clock.now))
    return group_id, [member.id for member in members]


def _granted(world: World, group_id: str) -> tuple[Permission, ...]:
    return find_policy(world.runtime.table, world.clock.now)[1].of_group(group_id)


def _delete(world: World, group_id: str) -> None:
    """Delete a group only in the table, like an operation that crashes after its commit."""
    group, call = world.group(group_id), world.call("leave_behind")
    call.commit(
        Change(group, group.as_erased()),
        *change_policy(call, lambda policy: policy.with_group(group_id, ()).with_ended(group_id)),
        answer=lambda written: written,
    )


def _all_have_left(world: World, group_id: str, members: Iterable[str]) -> Verify:
    def verify(_: Reply) -> Iterable[str]:
        if _granted(world, group_id):
            yield "the deleted group still grants permissions"
        for user in map(world.user, members):
            if group_id in user.group_ids:
                yield f"{user.id} is still in the deleted group"
            if user.exists and not user.group_ids:
                yield f"{user.id} has also lost another group"

    return verify


@scenario("update_group", again=frozenset({412}))
def a_conditional_change_of_name_and_permissions(world: World) -> Plan:
    group_id = world.add_group("Readers", Permission.USER_VIEW)
    body = {"name": "Editors", "permissions": ["user.update"]}
    example = Example(path={"group_id": group_id}, body=body)

    def verify(_: Reply) -> Iterable[str]:
        if _granted(world, group_id) != (Permission.USER_UPDATE,):
            yield f"the group grants {_granted(world, group_id)}"

    return ask(world, update_group, example, verify, headers={"If-Match": '"1"'})


@scenario("update_group", 409)
def a_group_with_a_taken_name(world: World) -> Plan:
    world.add_group("Taken")
    body = {"name": "TAKEN", "permissions": ["user.view"]}
    path = {"group_id": world.add_group("Readers")}
    return ask(world, update_group, Example(path=path, body=body))


@scenario("delete_group", again=frozenset({404}))
def a_group_with_members_that_grants(world: World) -> Plan:
    group_id, members = _granting_group(world, 3)
    example = Example(path={"group_id": group_id})
    return ask(world, delete_group, example, _all_have_left(world, group_id, members))


@scenario("delete_group", 409)
def a_group_with_an_active_workspace(world: World) -> Plan:
    group_id = world.add_group("Readers", Permission.USER_VIEW)
    owner = world.join_group(world.add_user().id, group_id)
    world.add_resource(owner.id, group_id=group_id)
    return ask(world, delete_group, Example(path={"group_id": group_id}))


@scenario("finish_deletion", by_client=False)
def a_stream_record_about_a_deleted_group(world: World) -> Plan:
    group_id, members = _granting_group(world, 3)
    _delete(world, group_id)
    record = last_entry(world, group_id)
    verify = _all_have_left(world, group_id, members)
    return work(lambda: finish_deletion.react(record, world.runtime), verify)


@scenario("finish_deletion", by_client=False)
def a_step_for_some_members_of_a_deleted_group(world: World) -> Plan:
    group_id, members = _granting_group(world, 3)
    _delete(world, group_id)
    verify = _all_have_left(world, group_id, members)
    # The journal entry of this step triggers the other steps.
    return work(
        lambda: remove_memberships(world.call("finish_deletion"), Group, group_id, 2), verify
    )


@scenario("add_users_to_group", 207)
def rows_of_every_kind(world: World) -> Plan:
    group_id = world.add_group("Readers", Permission.USER_VIEW)
    new, promoted, gone = world.add_user(), world.add_user(), world.add_user()
    world.join_group(promoted.id, group_id)
    world.change_user(gone, gone.as_deleted(world.clock.now))
    rows = [
        {"userId": new.id, "endsAt": ENDS.isoformat()},
        {"userId": "usr_unknown"},
        {"userId": promoted.id, "role": "admin"},
        {"userId": gone.id},
    ]

    def verify(reply: Reply) -> Iterable[str]:
        outcomes = [each["status"] for each in reply.body["results"]]
        if outcomes not in ([201, 404, 200, 409], [200, 404, 200, 409]):
            yield f"the results of the rows are {outcomes}"
        held = {
            user_id: [(each.role, each.ends_at) for each in world.user(user_id).memberships]
            for user_id in (new.id, promoted.id, gone.id)
        }
        if held != {
            new.id: [(GroupRole.MEMBER, ENDS)],
            promoted.id: [(GroupRole.ADMIN, None)],
            gone.id: [],
        }:
            yield f"the memberships of the users are {held}"

    example = Example(path={"group_id": group_id}, body={"members": rows})
    return ask(world, add_users_to_group, example, verify)


@scenario("replace_user_groups")
def groups_joined_changed_limited_and_left_at_once(world: World) -> Plan:
    user = world.add_user()
    kept, changed, limited, left, joined = (
        world.add_group(name, Permission.USER_VIEW)
        for name in ("Kept", "Changed", "Limited", "Left", "Joined")
    )
    for group_id in (kept, changed, limited, left):
        world.join_group(user.id, group_id)
    rows = [
        {"groupId": kept},
        {"groupId": changed, "role": "admin"},
        {"groupId": limited, "endsAt": ENDS.isoformat()},
        {"groupId": joined},
    ]

    def verify(_: Reply) -> Iterable[str]:
        held = {
            each.group_id: (each.role, each.ends_at) for each in world.user(user.id).memberships
        }
        if held != {
            kept: (GroupRole.MEMBER, None),
            changed: (GroupRole.ADMIN, None),
            limited: (GroupRole.MEMBER, ENDS),
            joined: (GroupRole.MEMBER, None),
        }:
            yield f"the user is in {held}"

    return ask(world, replace_user_groups, about(user.id, groups=rows), verify)


@scenario("replace_user_groups", again=frozenset({412}))
def a_conditional_replacement_of_groups(world: World) -> Plan:
    user = world.join_group(world.add_user().id, world.add_group("Left"))
    headers = {"If-Match": f'"{user.version}"'}
    rows = [{"groupId": world.add_group("Joined")}]
    return ask(world, replace_user_groups, about(user.id, groups=rows), headers=headers)


@scenario("replace_user_groups", 409)
def a_removal_from_a_group_with_an_active_workspace_of_the_user(world: World) -> Plan:
    busy_id = world.add_group("Busy")
    user = world.join_group(world.add_user().id, busy_id)
    world.add_resource(user.id, group_id=busy_id)
    rows = [{"groupId": world.add_group("Other")}]
    return ask(world, replace_user_groups, about(user.id, groups=rows))


@scenario("change_group_role")
def another_role_for_a_time(world: World) -> Plan:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    path = {"user_id": user.id, "group_id": group_id}
    body = {"role": "admin", "endsAt": ENDS.isoformat()}
    return ask(world, change_group_role, Example(path=path, body=body))


@scenario("demote_group_admin")
def a_group_admin_who_steps_back(world: World) -> Plan:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id, GroupRole.ADMIN)
    return ask(world, demote_group_admin, Example(path={"user_id": user.id, "group_id": group_id}))
