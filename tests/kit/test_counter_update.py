"""The update action that adds to the counters of one item."""

from __future__ import annotations

from rollcall.grants.holders import active_workspaces_of_group, members_of_group
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.counter_update import CounterUpdate, group_by_item
from rollcall.kit.entity import Counter, Floor, Key
from rollcall.kit.errors import Conflict, NotFound

ITEM = Key("USER#usr_1", "#OWNED")


def test_several_counters_of_one_item_are_one_update() -> None:
    update = CounterUpdate.of({members_of_group("g"): 1, active_workspaces_of_group("g"): -2})
    assert update.expression() == {
        "UpdateExpression": "ADD #c0 :c0, #c1 :c1",
        "ExpressionAttributeNames": {"#c0": "memberCount", "#c1": "activeWorkspaceCount"},
    }
    assert update.values == {":c0": 1, ":c1": -2, ":no": False}


def test_counter_increases_only_while_its_entity_exists_and_decreases_also_later() -> None:
    up, down = (CounterUpdate.of({members_of_group("g"): delta}) for delta in (1, -1))
    assert up.condition == "attribute_exists(pk) AND erased = :no"
    assert isinstance(up.refusal, NotFound)
    assert (down.condition, down.refusal) == ("attribute_exists(pk)", None)


def test_counter_with_a_floor_does_not_decrease_below_it() -> None:
    counter = Counter.named("admins", Floor(1, "last_admin", "One must stay."))
    update = CounterUpdate.of({counter: -2})
    assert update.condition == "#c0 >= :c0least"
    assert update.values == {":c0": -2, ":c0least": 3}
    assert isinstance(update.refusal, Conflict)
    assert CounterUpdate.of({counter: 1}).condition is None


def test_stamped_counters_increment_the_revision() -> None:
    update = CounterUpdate.of({Counter(ITEM, "type#workspace", stamped=True): 1})
    assert update.expression()["UpdateExpression"] == "ADD #c0 :c0, revision :one"

    update.require(ConditionCheck.at_revision(ITEM, 4))
    assert update.condition == "revision = :revision"
    assert update.values == {":c0": 1, ":one": 1, ":revision": 4}


def test_counters_of_one_item_are_grouped_and_unchanged_ones_left_out() -> None:
    key = Key("SHELF", "SHELF")
    books, boxes, other = Counter(key, "books"), Counter(key, "boxes"), Counter.named("other")
    assert group_by_item({books: 1, boxes: -2, other: 0}) == {key: {books: 1, boxes: -2}}
