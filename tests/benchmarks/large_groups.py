"""The cost of a group with 10,000 members and of a user with 100 groups.

The requests run with the roles of the functions, against one table. For comparison there are the
same requests for a group with ten members and a user with one group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import batched
from typing import NamedTuple

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.delete_group import delete_group
from functions.groups.get_group import get_group
from functions.groups.list_group_members import list_group_members
from functions.groups.list_user_groups import list_user_groups
from functions.reactions.finish_deletion import finish_deletion
from functions.roles.list_permission_holders import list_permission_holders
from functions.users.get_user import get_user
from rollcall.grants.grant import GroupRole, Membership
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.attribute_values import to_attributes
from rollcall.kit.entity import Item
from rollcall.kit.ids import new_id
from rollcall.users.user import User
from tests.benchmarks.measuring import show_progress
from tests.benchmarks.tally import Tally, print_tallies, tallying
from tests.world.gateway import Reply
from tests.world.iam import acting_as
from tests.world.opening import open_world
from tests.world.world import World

MEMBERS, FEW_MEMBERS = 10_000, 10
GROUPS, ADDED_AT_ONCE = 100, 40
A_PAGE = 25
LAST_PAGE = MEMBERS // A_PAGE
GRANTED = (Permission.USER_VIEW, Permission.GROUP_VIEW)


class Setting(NamedTuple):
    """The measured groups and users."""

    large_id: str
    small_id: str
    busy_id: str
    """A user with many groups."""
    plain_id: str
    """A user with one group."""


def measure_large_groups() -> None:
    """Fill a table, count and print."""
    with open_world() as world:
        setting = _set_up(world)
        tallies = {name: _tally(world, name, run) for name, run in _cases(world, setting).items()}
    show_progress("")
    print_tallies(
        f"A group with {MEMBERS:,} members (large) and one with {FEW_MEMBERS} (small), a user with "
        f"{GROUPS} groups (busy) and one with 1 (plain); pages of {A_PAGE}",
        tallies,
    )


def _cases(world: World, setting: Setting) -> Mapping[str, Callable[[], object]]:
    """The cases in order; each starts from the state that the previous ones left."""
    large, small, busy, plain = setting
    cursor = _list_members(world, large, page=LAST_PAGE - 1).body["pagination"]["nextCursor"]
    holders = _list_holders(world, page=LAST_PAGE - 1).body["pagination"]["nextCursor"]
    return {
        "get_group, small": partial(_ask_group, world, small),
        "get_group, large": partial(_ask_group, world, large),
        "list_group_members, small": partial(_list_members, world, small),
        "list_group_members, large, page 1": partial(_list_members, world, large),
        f"list_group_members, large, page {LAST_PAGE} by cursor": partial(
            _list_members, world, large, cursor=cursor
        ),
        f"list_group_members, large, page {LAST_PAGE} by number": partial(
            _list_members, world, large, page=LAST_PAGE
        ),
        "list_permission_holders, page 1": partial(_list_holders, world),
        f"list_permission_holders, page {LAST_PAGE} by cursor": partial(
            _list_holders, world, cursor=holders
        ),
        "list_user_groups, plain": partial(_list_groups, world, plain),
        "list_user_groups, busy": partial(_list_groups, world, busy),
        "get_user, plain": partial(_get_user, world, plain),
        "get_user, busy": partial(_get_user, world, busy),
        "refused, called by plain: authorization alone": partial(_be_refused, world, plain),
        "refused, called by busy: authorization alone": partial(_be_refused, world, busy),
        "add_user_to_group, busy into small": partial(_join, world, busy, small),
        "add_user_to_group, plain into large": partial(_join, world, plain, large),
        "delete_group, large": partial(_delete, world, large),
        "finish_deletion, large, first of the steps": partial(_finish, world, large),
    }


def _tally(world: World, name: str, run: Callable[[], object]) -> Tally:
    show_progress(f"large groups: {name}")
    with tallying(world) as tally:
        run()
    return tally


def _set_up(world: World) -> Setting:
    show_progress("large groups: filling the table")
    groups = [world.add_group(f"Group {number}", *GRANTED) for number in range(GROUPS)]
    plain, busy = world.join_group(world.add_user().id, groups[0]), world.add_user()
    for some in batched(groups, ADDED_AT_ONCE, strict=False):
        joined = busy
        for group_id in some:
            joined = joined.with_membership(group_id)
        busy = world.change_user(busy, joined)
    large_id, small_id = world.add_group("Large", *GRANTED), world.add_group("Small", *GRANTED)
    _fill(world, large_id, MEMBERS)
    _fill(world, small_id, FEW_MEMBERS)
    return Setting(large_id, small_id, busy.id, plain.id)


def _fill(world: World, group_id: str, number: int) -> None:
    """Write members to the table directly, because the operations are slow."""
    items = (item for each in range(number) for item in _items_of_member(world, group_id, each))
    for some in batched(items, 25, strict=False):
        puts = [{"PutRequest": {"Item": to_attributes(item)}} for item in some]
        world.dynamodb.batch_write_item(RequestItems={world.runtime.table.name: puts})
    world.runtime.table.update_unversioned(Group.key_of(group_id), {"memberCount": number})


def _items_of_member(world: World, group_id: str, number: int) -> Iterable[Item]:
    now = world.clock.now
    user_id = new_id("usr", now)
    member = Membership(user_id=user_id, group_id=group_id, role=GroupRole.MEMBER)
    user = User(
        id=user_id,
        version=1,
        identity_version=1,
        created_at=now,
        updated_at=now,
        email=f"member-{number}-{group_id}@example.com",
        username=user_id[4:],
        name=f"Member {number}",
        memberships=(member,),
    )
    return (user.item(), member.item())


def _list_members(world: World, group_id: str, **query: object) -> Reply:
    asked = {name: str(value) for name, value in query.items()}
    path = {"group_id": group_id}
    reply = world.invoke(list_group_members, path=path, query={**asked, "limit": str(A_PAGE)})
    return _answered(reply)


def _list_holders(world: World, **query: object) -> Reply:
    asked = {name: str(value) for name, value in query.items()}
    path = {"permission": Permission.USER_VIEW.value}
    reply = world.invoke(list_permission_holders, path=path, query={**asked, "limit": str(A_PAGE)})
    return _answered(reply)


def _ask_group(world: World, group_id: str) -> Reply:
    return _answered(world.invoke(get_group, path={"group_id": group_id}))


def _list_groups(world: World, user_id: str) -> Reply:
    return _answered(world.invoke(list_user_groups, path={"user_id": user_id}))


def _get_user(world: World, user_id: str) -> Reply:
    return _answered(world.invoke(get_user, path={"user_id": user_id}))


def _be_refused(world: World, user_id: str) -> None:
    """Send a request that is refused for a missing permission."""
    reply = world.invoke(delete_group, caller=user_id, path={"group_id": "grp_unknown"})
    if reply.status != 403:
        raise RuntimeError(f"The request was answered {reply.body}.")


def _join(world: World, user_id: str, group_id: str) -> Reply:
    body = {"groupId": group_id}
    return _answered(world.invoke(add_user_to_group, path={"user_id": user_id}, body=body))


def _delete(world: World, group_id: str) -> Reply:
    return _answered(world.invoke(delete_group, path={"group_id": group_id}))


def _finish(world: World, group_id: str) -> None:
    entry = world.journal(group_id)[-1]
    with acting_as(finish_deletion):
        finish_deletion.react(entry.item(), world.runtime)


def _answered(reply: Reply) -> Reply:
    if reply.status >= 300:
        raise RuntimeError(f"The request was answered {reply.body}.")
    return reply
