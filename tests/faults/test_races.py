"""Concurrent writes: the second writer is refused or retries (I4, I5, I7, I8)."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from functions.users.add_note import add_note
from functions.users.assign_unique_id import assign_unique_id
from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.demote_user import demote_user
from functions.users.disable_user import disable_user
from functions.users.enable_user import enable_user
from functions.users.get_me import get_me
from functions.users.promote_user import promote_user
from functions.users.suspend_user import suspend_user
from functions.users.update_user import update_user
from rollcall.kit.operation import Operation
from rollcall.users.statuses import Status
from rollcall.users.user import ADMINS
from tests.faults.invariants import check_settled
from tests.faults.races import race
from tests.world.gateway import Reply
from tests.world.world import World

PASSWORD = "Open-Sesame-7"
ROUNDS = 12


def action(
    world: World, operation: Operation[Any, Any], actor_id: str, target_id: str
) -> Callable[[], Reply]:
    """One user calls an operation on another."""
    return partial(world.invoke, operation, caller=actor_id, path={"user_id": target_id})


def creation(
    world: World, headers: dict[str, str] | None = None, **body: Any
) -> Callable[[], Reply]:
    """The admin creates a user."""
    return partial(world.invoke, create_user, body=body, headers=headers)


def settled(world: World) -> None:
    """All invariants hold after the reactions, without a reconciliation."""
    world.drain()
    assert check_settled(world) == []


def make_admins(world: World, number: int) -> list[str]:
    """Create platform admins, so that there are this many."""
    more = [world.add_user(is_admin=True).id for _ in range(number - 1)]
    return [world.admin_id, *more]


@pytest.mark.parametrize("operation", [demote_user, disable_user, suspend_user, delete_user])
@pytest.mark.parametrize(
    "order",
    [
        *itertools.permutations(range(2)),
        *itertools.permutations(range(3)),
        *([*range(first, 5), *range(first)] for first in range(5)),
    ],
)
def test_at_least_one_of_the_admins_who_remove_each_other_remains(
    world: World, operation: Operation[Any, Any], order: tuple[int, ...]
) -> None:
    admins = make_admins(world, len(order))
    pairs = zip(admins, [*admins[1:], admins[0]], strict=True)

    replies = race(world, [action(world, operation, *pair) for pair in pairs], order)

    assert world.count(ADMINS) >= 1
    assert replies[order[0]].status == 200
    assert {reply.status for reply in replies} <= {200, 401, 403, 409}
    settled(world)


def test_one_email_in_fifty_spellings_creates_one_user(world: World) -> None:
    letters = itertools.product(*((each, each.upper()) for each in "wanted"))
    spellings = {f"{''.join(each)}@Example.COM" for each in itertools.islice(letters, 50)}

    replies = race(world, [creation(world, email=spelling) for spelling in spellings])

    assert Counter(reply.status for reply in replies) == {201: 1, 409: 49}
    assert {reply.code for reply in replies if reply.status == 409} == {"email_taken"}
    assert len(world.users_with_email("wanted@example.com")) == 1
    settled(world)


def test_one_of_many_changes_to_the_same_version_succeeds(world: World) -> None:
    user = world.add_user()
    headers = {"If-Match": f'"{user.version}"'}
    rename = partial(world.invoke, update_user, path={"user_id": user.id}, headers=headers)

    names = [f"Name {number}" for number in range(8)]
    replies = race(
        world, [partial(rename, body={"name": name}) for name in names], range(7, -1, -1)
    )

    assert [reply.status for reply in replies] == [412] * 7 + [200]
    assert world.user(user.id).name == "Name 7"
    settled(world)


def test_concurrent_changes_to_different_fields_all_succeed(world: World) -> None:
    user = world.add_user()
    change = partial(world.invoke, update_user, path={"user_id": user.id})
    bodies = [{"name": "Ada"}, {"email": "ada@example.com"}, {"profile": {"city": "Bonn"}}]

    replies = race(world, [partial(change, body=body) for body in bodies])

    assert [reply.status for reply in replies] == [200, 200, 200]
    after = world.user(user.id)
    assert (after.name, after.email, after.profile.city) == ("Ada", "ada@example.com", "Bonn")
    settled(world)


def test_concurrent_requests_with_one_idempotency_key_have_one_effect(world: World) -> None:
    headers = {"Idempotency-Key": "key-1"}
    body = {"email": "new@example.com", "temporaryPassword": PASSWORD}

    replies = race(world, [creation(world, headers, **body) for _ in range(8)])

    assert {reply.status for reply in replies} == {201}
    assert len({reply.body["id"] for reply in replies}) == 1
    assert len([entry for entry in world.journal() if entry.action == "create_user"]) == 1
    settled(world)
    assert world.user(replies[0].body["id"]).in_step


def test_concurrent_users_with_colliding_usernames_get_different_ones(world: World) -> None:
    emails = [f"ada@example{number}.com" for number in range(6)]

    replies = race(world, [creation(world, email=email) for email in emails])

    assert {reply.status for reply in replies} == {201}
    usernames = {reply.body["username"] for reply in replies}
    assert usernames == {"ada", *(f"ada{number}" for number in range(2, 7))}
    settled(world)


def test_one_unique_id_in_twenty_spellings_is_assigned_once(world: World) -> None:
    letters = itertools.product(*((each, each.upper()) for each in "badge"))
    spellings = ["".join(each) for each in itertools.islice(letters, 20)]
    users = {world.add_user().id: spelling for spelling in spellings}
    assign = partial(world.invoke, assign_unique_id)

    replies = race(
        world,
        [
            partial(assign, path={"user_id": user_id}, body={"uniqueId": spelling})
            for user_id, spelling in users.items()
        ],
    )

    assert Counter(reply.status for reply in replies) == {200: 1, 409: 19}
    assert {reply.code for reply in replies if reply.status == 409} == {"unique_id_taken"}
    assert len([user for user in world.users() if user.unique_id]) == 1
    settled(world)


def test_generated_unique_ids_are_all_different_down_to_the_last_one(world: World) -> None:
    settings = world.runtime.settings.model_copy(update={"unique_id_pattern": "EMP-#"})
    world.runtime = replace(world.runtime, settings=settings)
    users = [world.add_user().id for _ in range(11)]

    generate = partial(world.invoke, assign_unique_id, body={})
    replies = race(world, [partial(generate, path={"user_id": each}) for each in users])

    given = {reply.body["uniqueId"] for reply in replies if reply.status == 200}
    assert given == {f"EMP-{digit}" for digit in range(10)}
    assert [reply.code for reply in replies if reply.status != 200] == ["unique_ids_exhausted"]
    settled(world)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_user_who_is_deleted_while_a_note_is_added_has_no_notes(
    world: World, order: tuple[int, ...]
) -> None:
    user = world.add_user()
    note = partial(world.invoke, add_note, path={"user_id": user.id}, body={"text": "Called."})

    added, deleted = race(world, [note, action(world, delete_user, world.admin_id, user.id)], order)

    assert deleted.status == 200
    assert added.status == (201 if order == (0, 1) else 404)
    world.drain()
    assert [item["sk"] for item in world.items() if item["pk"] == user.key().pk] == ["#USER"]
    settled(world)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_concurrent_disabling_and_promotion_result_in_a_disabled_admin(
    world: World, order: tuple[int, ...]
) -> None:
    user, signed_in_at = world.add_user(), world.clock.now
    actions = [
        action(world, each, world.admin_id, user.id) for each in (disable_user, promote_user)
    ]

    replies = race(world, actions, order)

    assert [reply.status for reply in replies] == [200, 200]
    after = world.user(user.id)
    assert (after.status, after.is_admin) == (Status.INACTIVE, True)
    assert world.count(ADMINS) == 1
    assert world.invoke(get_me, caller=user.id, signed_in_at=signed_in_at).status == 403
    settled(world)


def test_invariants_hold_after_random_concurrent_operations_of_admins_on_each_other(
    world: World,
) -> None:
    admins = make_admins(world, 4)
    operations = [promote_user, demote_user, disable_user, enable_user, suspend_user]
    replies: list[Reply] = []

    def riot(actor_id: str) -> None:
        chance = random.Random(actor_id)  # noqa: S311 (no secret)
        for _ in range(ROUNDS):
            target_id = chance.choice(admins)
            replies.append(action(world, chance.choice(operations), actor_id, target_id)())

    threads = [threading.Thread(target=riot, args=[actor_id]) for actor_id in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(replies) == ROUNDS * len(admins)
    assert {reply.status for reply in replies} <= {200, 401, 403, 409}
    assert world.count(ADMINS) >= 1
    settled(world)
