"""PUT /system/users/{userId}/facts/{source} (U4, I6, I7)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from functions.directory.list_users import list_users
from functions.system.replace_facts import replace_facts
from functions.users.delete_user import delete_user
from functions.users.get_user import get_user
from rollcall.users.fact_set import FACTS, SOURCES_AT_MOST
from tests.faults.invariants import check_settled
from tests.faults.races import COMMIT, meanwhile, race
from tests.world.gateway import Reply
from tests.world.world import CLIENT_ID, World


def push(
    world: World, user_id: str, facts: Any, source: str = "learning", key: str = "", **body: Any
) -> Reply:
    return world.invoke(
        replace_facts,
        path={"user_id": user_id, "source": source},
        body={"facts": facts, **body},
        headers={"Idempotency-Key": key} if key else {},
    )


def list_ids(world: World, text: str) -> list[str]:
    reply = world.invoke(list_users, query={"filter": text})
    assert reply.body.get("skippedFilters") is None
    return [user["id"] for user in reply.body["items"]]


def facts_of(world: World, user_id: str) -> Any:
    return world.invoke(get_user, path={"user_id": user_id}).body["facts"]


def test_pushed_facts_are_answered_and_replace_the_previous_ones(world: World) -> None:
    user_id = world.add_user().id
    push(world, user_id, {"progress": 10, "programIds": ["prg_1"]})
    world.clock.advance(hours=1)

    reply = push(world, user_id, {"progress": 12.5, "certified": True})

    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert reply.body == {
        "version": 2,
        "userId": user_id,
        "source": "learning",
        "facts": {"progress": 12.5, "certified": True},
        "pushedAt": "2026-01-05T10:00:00.000Z",
    }


def test_each_source_has_its_own_facts_and_the_user_shows_all(world: World) -> None:
    user = world.add_user()
    push(world, user.id, {"progress": 10})
    push(world, user.id, {"plan": "free"}, source="billing")

    assert facts_of(world, user.id) == {"billing": {"plan": "free"}, "learning": {"progress": 10}}
    push(world, user.id, {})
    assert facts_of(world, user.id) == {"billing": {"plan": "free"}, "learning": {}}
    assert world.user(user.id).version == user.version


def test_lists_filter_by_facts_that_were_just_pushed(world: World) -> None:
    ahead, behind = world.add_user().id, world.add_user().id
    world.build_directory()
    push(world, ahead, {"progress": 80, "statuses": ["active", "completed"]})
    push(world, behind, {"progress": 20, "statuses": ["active"]})

    assert list_ids(world, "facts.learning.progress ge 50") == [ahead]
    assert list_ids(world, 'facts.learning.statuses eq "completed"') == [ahead]
    push(world, ahead, {"progress": 10, "statuses": []})
    assert list_ids(world, "facts.learning.progress ge 15") == [behind]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\x00", "\U0001f600"]
)
def test_any_text_in_a_fact_leaves_the_list_readable(world: World, moment: str) -> None:
    user_id = world.add_user().id
    world.build_directory()
    assert push(world, user_id, {"lastActivityAt": moment}).status == 200
    assert list_ids(world, "facts.learning.lastActivityAt pr") == [user_id]


def test_source_that_repeats_its_facts_stays_active(world: World) -> None:
    user_id = world.add_user().id
    world.build_directory()
    push(world, user_id, {"progress": 80})
    days = world.runtime.settings.facts_fresh_days

    world.clock.advance(days=days, seconds=1)
    skipped = world.invoke(list_users, query={"progress_min": "90"}).body
    assert [each["reason"] for each in skipped["skippedFilters"]] == ["stale_source"]
    assert skipped["pagination"]["total"] == 2

    push(world, user_id, {"progress": 80})
    heard = world.invoke(list_users, query={"progress_min": "90"}).body
    assert "skippedFilters" not in heard
    assert heard["pagination"]["total"] == 0


def test_each_push_has_a_journal_entry_of_the_service(world: World) -> None:
    user_id = world.add_user().id
    push(world, user_id, {"progress": 10}, reason="Nightly")
    push(world, user_id, {"progress": 20})

    first, second = world.journal(f"{user_id}/facts/learning")
    assert (first.action, first.actor.kind, first.actor.id) == (
        "replace_facts",
        "client",
        CLIENT_ID,
    )
    assert (first.reason, first.touches) == ("Nightly", (user_id,))
    change = second.changes["values"]
    assert (change.before, change.after) == ({"progress": 10}, {"progress": 20})


def test_same_key_pushes_once(world: World) -> None:
    user_id = world.add_user().id
    first = push(world, user_id, {"progress": 10}, key="key-1")
    push(world, user_id, {"progress": 20})
    assert push(world, user_id, {"progress": 10}, key="key-1") == first
    assert facts_of(world, user_id) == {"learning": {"progress": 20}}


def test_soft_deleted_user_accepts_facts(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_deleted(world.clock.now))
    assert push(world, user.id, {"progress": 10}).status == 200


def test_unknown_user_is_refused(world: World) -> None:
    gone = world.add_user()
    world.invoke(delete_user, path={"user_id": gone.id})
    stored = world.stored()
    for user_id in ("usr_unknown", gone.id):
        reply = push(world, user_id, {"progress": 10})
        assert (reply.status, reply.body["detail"]) == (404, "User not found")
    assert world.stored() == stored


def test_permanent_deletion_removes_facts_and_sign_ins(world: World) -> None:
    user, other = world.add_user(), world.add_user()
    for each in (user, other):
        push(world, each.id, {"progress": 10})
        world.sign_in(each.id)
    world.build_directory()
    assert len(list_ids(world, "facts.learning.progress eq 10")) == 2

    assert world.invoke(delete_user, path={"user_id": user.id}).status == 200
    world.drain()

    left = [item["sk"] for item in world.items() if item["pk"] == user.key().pk]
    assert left == ["#USER"]
    assert list_ids(world, "facts.learning.progress eq 10") == [other.id]
    assert check_settled(world) == []


def test_facts_pushed_during_the_deletion_are_removed(world: World) -> None:
    user = world.add_user()
    happen = partial(world.invoke, delete_user, path={"user_id": user.id})

    with meanwhile(world, COMMIT, happen):
        reply = push(world, user.id, {"progress": 10})

    assert (reply.status, reply.code) == (404, "user_not_found")
    world.drain()
    assert not [item for item in world.items() if item["sk"].startswith(FACTS)]
    assert check_settled(world) == []


@pytest.mark.parametrize("known", [False, True], ids=["first", "later"])
def test_concurrent_pushes_apply_one_after_the_other(world: World, known: bool) -> None:
    user_id = world.add_user().id
    if known:
        push(world, user_id, {"progress": 1})

    replies = race(world, [partial(push, world, user_id, {"progress": n}) for n in (10, 20, 30)])

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert {reply.body["version"] - known for reply in replies} == {1, 2, 3}
    last = max(replies, key=lambda reply: int(reply.body["version"]))
    assert facts_of(world, user_id) == {"learning": last.body["facts"]}
    assert check_settled(world) == []


def test_number_of_sources_for_each_user_is_limited(world: World) -> None:
    user_id = world.add_user().id
    for number in range(SOURCES_AT_MOST):
        assert push(world, user_id, {"a": 1}, source=f"source-{number}").status == 200

    reply = push(world, user_id, {"a": 1}, source="one-too-many")

    assert (reply.status, reply.code) == (409, "too_many_sources")
    assert push(world, user_id, {"a": 2}, source="source-0").status == 200
    assert push(world, world.add_user().id, {"a": 1}, source="one-too-many").status == 200


@pytest.mark.parametrize(
    ("facts", "fields"),
    [
        (None, [""]),
        ({"a": None, "b": [1, {}], "c": 1e16, "d": "x" * 501}, ["a", "b.1", "c", "d"]),
        ({"a": [0] * 101}, ["a"]),
        ({f"a{number}": 1 for number in range(51)}, [""]),
        ({f"a{number}": "x" * 500 for number in range(40)}, [""]),
    ],
)
def test_each_invalid_fact_has_its_error(world: World, facts: Any, fields: list[str]) -> None:
    reply = push(world, world.add_user().id, facts)
    assert reply.status == 422
    assert reply.fields == [f"facts.{each}".rstrip(".") for each in fields]


def test_wrong_source_and_unknown_fields_are_refused(world: World) -> None:
    reply = push(world, world.add_user().id, {}, source="Learning", at="now")
    assert (reply.status, sorted(reply.fields)) == (422, ["at", "source"])


def test_if_none_match_creates_and_never_replaces(world: World) -> None:
    user_id = world.add_user().id

    def push_new(facts: dict[str, int]) -> Reply:
        return world.invoke(
            replace_facts,
            path={"user_id": user_id, "source": "learning"},
            body={"facts": facts},
            headers={"If-None-Match": "*"},
        )

    assert push_new({"progress": 1}).status == 200
    assert (push_new({"progress": 2}).status, facts_of(world, user_id)) == (
        412,
        {"learning": {"progress": 1}},
    )
