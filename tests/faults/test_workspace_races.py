"""Concurrent registration, leaving, archiving, transfer and deletion, and crashes between the parts
of a job: counts stay correct, nothing is lost, and active workspaces are only in groups of their
owners (W1, W2, G2).
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.delete_group import delete_group
from functions.groups.remove_user_from_group import remove_user_from_group
from functions.system.register_resource import register_resource
from functions.system.remove_resource import remove_resource
from functions.system.update_resource import update_resource
from functions.users.delete_user import delete_user
from functions.workspaces.delete_workspace import delete_workspace
from functions.workspaces.transfer_workspace import transfer_workspace
from functions.workspaces.transfer_workspaces import AT_ONCE, transfer_workspaces
from rollcall.resources.deletion import RESOURCES_AT_ONCE
from tests.faults.injection import Crash
from tests.faults.invariants import check_settled
from tests.faults.races import COMMIT, race
from tests.world.gateway import Reply
from tests.world.opening import open_world
from tests.world.snapshot import Snapshot
from tests.world.strict_aws import Response, Serve, WireCall, let_through
from tests.world.world import World

type Action = Callable[[], Reply]


def settled(world: World) -> None:
    """All invariants hold after the reactions."""
    world.drain()
    assert check_settled(world) == []


def join(world: World, group_id: str) -> str:
    """A new member of a group."""
    user = world.add_user()
    return world.change_user(user, user.with_membership(group_id)).id


def registering(world: World, owner_id: str, group_id: str) -> Action:
    body = {"type": "workspace", "userId": owner_id, "groupId": group_id}
    return partial(world.invoke, register_resource, body=body)


def leaving(world: World, owner_id: str, group_id: str) -> Action:
    path = {"user_id": owner_id, "group_id": group_id}
    return partial(world.invoke, remove_user_from_group, path=path)


def deleting_group(world: World, group_id: str) -> Action:
    return partial(world.invoke, delete_group, path={"group_id": group_id})


def deleting_owner(world: World, owner_id: str) -> Action:
    return partial(world.invoke, delete_user, path={"user_id": owner_id})


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))])
def test_first_of_four_concurrent_operations_succeeds(world: World, order: tuple[int, ...]) -> None:
    group_id = world.add_group("Writers")
    owner_id = join(world, group_id)
    actions: list[Action] = [
        registering(world, owner_id, group_id),
        leaving(world, owner_id, group_id),
        deleting_group(world, group_id),
        deleting_owner(world, owner_id),
    ]

    replies = race(world, actions, order)

    assert {reply.status for reply in replies} <= {200, 201, 404, 409}
    assert replies[order[0]].status in {200, 201}
    registered = replies[0].status == 201
    assert replies[3].status == 200, "an owner of workspaces can always be deleted"
    if registered:
        assert world.resource(replies[0].body["id"]).orphaned
        assert world.group(group_id).exists is (replies[2].code == "active_workspaces")
    settled(world)


@pytest.mark.parametrize("order", [*itertools.permutations(range(2))])
def test_transfer_and_leaving_the_group_at_the_same_time_cannot_both_succeed(
    world: World, order: tuple[int, ...]
) -> None:
    group_id = world.add_group("Writers")
    owner_id, heir_id = join(world, group_id), join(world, group_id)
    workspace = world.add_resource(owner_id, group_id=group_id)
    path, body = {"workspace_id": workspace.id}, {"userId": heir_id}
    actions: list[Action] = [
        partial(world.invoke, transfer_workspace, path=path, body=body),
        leaving(world, heir_id, group_id),
    ]

    replies = race(world, actions, order)

    first, second = (replies[each] for each in order)
    assert (first.status, second.status) == (200, 409)
    settled(world)


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_workspace_is_removed_during_deletion_of_its_owner_and_a_transfer(
    world: World, order: tuple[int, ...]
) -> None:
    owner_id, heir_id = world.add_user().id, world.add_user().id
    workspace = world.add_resource(owner_id)
    actions: list[Action] = [
        deleting_owner(world, owner_id),
        partial(
            world.invoke,
            transfer_workspaces,
            path={"owner_id": owner_id},
            body={"userId": heir_id},
        ),
        partial(world.invoke, remove_resource, path={"resource_id": workspace.id}),
    ]

    replies = race(world, actions, order)

    assert {reply.status for reply in replies} <= {200, 404}
    assert not world.resource(workspace.id).exists
    settled(world)


def test_concurrent_registrations_are_all_counted(world: World) -> None:
    group_id = world.add_group("Writers")
    owner_id = join(world, group_id)

    replies = race(world, [registering(world, owner_id, group_id) for _ in range(10)])

    assert {reply.status for reply in replies} == {201}
    assert world.user(owner_id).owned.active_in_group == {group_id: 10}
    settled(world)


def test_concurrent_registrations_of_one_external_id_create_one_resource(world: World) -> None:
    body = {"type": "persona", "userId": world.add_user().id, "externalId": "p-1"}

    replies = race(world, [partial(world.invoke, register_resource, body=body) for _ in range(8)])

    assert sorted(reply.status for reply in replies) == [201] + [409] * 7
    settled(world)


def test_invariants_hold_after_random_concurrent_operations(world: World) -> None:
    group_id = world.add_group("Writers")
    users = [join(world, group_id) for _ in range(3)]
    resources = [world.add_resource(users[0], group_id=group_id).id for _ in range(2)]
    replies: list[Reply] = []

    def riot(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 (no secret)
        for _ in range(10):
            user_id, resource_id = chance.choice(users), chance.choice(resources)
            resource, user = {"resource_id": resource_id}, {"user_id": user_id}
            place = {"groupId": group_id}
            actions: list[Action] = [
                registering(world, user_id, group_id),
                leaving(world, user_id, group_id),
                partial(world.invoke, add_user_to_group, path=user, body=place),
                partial(world.invoke, update_resource, path=resource, body={"userId": user_id}),
                partial(world.invoke, update_resource, path=resource, body={"active": False}),
                partial(world.invoke, update_resource, path=resource, body={"active": True}),
            ]
            replies.append(chance.choice(actions)())

    threads = [threading.Thread(target=riot, args=[seed]) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(replies) == 40
    assert {reply.status for reply in replies} <= {200, 201, 404, 409}
    settled(world)


class CrashAtCommit:
    """The process crashes before or after one of its commits."""

    def __init__(self, number: int, after: bool) -> None:
        self._left, self._after = number, after

    def __call__(self, call: WireCall, serve: Serve) -> Response:
        """Serve or crash."""
        if call.operation != COMMIT:
            return serve()
        self._left -= 1
        if self._left >= 0:
            return serve()
        if self._after:
            serve()
        raise Crash


def test_transfer_that_crashes_is_completed_by_the_same_request(
    world: World, subtests: pytest.Subtests
) -> None:
    owner_id, heir_id = world.add_user().id, world.add_user().id
    world.add_resources(AT_ONCE + 1, owner_id)
    path, body, headers = {"owner_id": owner_id}, {"userId": heir_id}, {"Idempotency-Key": "k"}
    send = partial(world.invoke, transfer_workspaces, path=path, body=body, headers=headers)
    start = Snapshot.of(world)

    for number, after in itertools.product(range(3), (False, True)):
        with subtests.test(commit=number, after=after):
            start.restore(world)
            world.aws.intercept = CrashAtCommit(number, after)
            with pytest.raises(Crash):
                send()
            world.aws.intercept = let_through

            first, second = send(), send()

            assert (first.status, first.body["remaining"]) == (200, 0)
            assert second == first
            assert world.user(heir_id).owned.by_type == {"workspace": AT_ONCE + 1}
            entries = [e for e in world.journal() if e.action == "transfer_workspaces"]
            assert len(entries) == AT_ONCE + 1
            settled(world)


def test_release_that_crashes_is_completed_by_the_stream(
    world: World, subtests: pytest.Subtests
) -> None:
    owner_id = world.add_user().id
    world.add_resources(RESOURCES_AT_ONCE + 1, owner_id, "persona")
    world.add_resources(RESOURCES_AT_ONCE, owner_id)
    assert deleting_owner(world, owner_id)().status == 200
    start = Snapshot.of(world)

    for number, after in itertools.product(range(2), (False, True)):
        with subtests.test(commit=number, after=after):
            start.restore(world)
            world.aws.intercept = CrashAtCommit(number, after)
            with pytest.raises(Crash):
                world.drain()
            world.aws.intercept = let_through

            settled(world)

            resources = [item for item in world.items() if item["sk"].startswith("RESOURCE#")]
            ends = {(each["type"], each["orphaned"], each["erased"]) for each in resources}
            assert ends == {("persona", False, True), ("workspace", True, False)}


STEPS = st.tuples(
    st.sampled_from(
        ["register", "archive", "use", "move", "transfer", "remove", "join", "leave", "delete"]
    ),
    st.integers(0, 2),
    st.integers(0, 5),
    st.integers(0, 1),
)


class Sequence:
    """A world of three users and two groups with sequential actions."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.groups = [world.add_group(name) for name in ("One", "Two")]
        self.users = [join(world, self.groups[0]) for _ in range(3)]
        self.resources: list[str] = []

    def do(self, action: str, user: int, resource: int, group: int) -> Reply | None:
        """Do one step; None if the step needs a resource and there is none."""
        user_id, group_id = self.users[user], self.groups[group]
        if action == "register":
            reply = registering(self.world, user_id, group_id)()
            self.resources += [reply.body["id"]] if reply.status == 201 else []
            return reply
        if action in {"join", "leave", "delete"}:
            return self._do_to_user(action, user_id, group_id)
        if not self.resources:
            return None
        return self._do_to_resource(
            action, self.resources[resource % len(self.resources)], user_id, group_id
        )

    def _do_to_user(self, action: str, user_id: str, group_id: str) -> Reply:
        if action == "leave":
            return leaving(self.world, user_id, group_id)()
        if action == "delete":
            return deleting_owner(self.world, user_id)()
        path, body = {"user_id": user_id}, {"groupId": group_id}
        return self.world.invoke(add_user_to_group, path=path, body=body)

    def _do_to_resource(self, action: str, resource_id: str, user_id: str, group_id: str) -> Reply:
        workspace = {"workspace_id": resource_id}
        if action == "remove":
            return self.world.invoke(delete_workspace, path=workspace)
        if action == "transfer":
            return self.world.invoke(transfer_workspace, path=workspace, body={"userId": user_id})
        body = {
            "archive": {"active": False},
            "use": {"active": True},
            "move": {"groupId": group_id},
        }
        path = {"resource_id": resource_id}
        return self.world.invoke(update_resource, path=path, body=body[action])


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=5, max_size=25))
def test_counts_are_correct_after_any_sequence_of_actions(
    steps: list[tuple[str, int, int, int]],
) -> None:
    with open_world() as world:
        sequence = Sequence(world)
        for step in steps:
            reply = sequence.do(*step)
            assert reply is None or reply.status in {200, 201, 404, 409}, (step, reply)
        settled(world)
