"""One update of an item that adds to the numbers on it."""

from __future__ import annotations

from rollcall.grants.holders import active_workspaces_of_group, members_of_group
from rollcall.kit.adjustment import Adjustment
from rollcall.kit.entity import Counter, Floor, Key
from rollcall.kit.errors import Conflict, NotFound
from rollcall.kit.requirement import Required

ITEM = Key("USER#usr_1", "#OWNED")


def test_several_numbers_of_one_item_are_one_update() -> None:
    update = Adjustment.of({members_of_group("g"): 1, active_workspaces_of_group("g"): -2})
    assert update.expression() == {
        "UpdateExpression": "ADD #c0 :c0, #c1 :c1",
        "ExpressionAttributeNames": {"#c0": "memberCount", "#c1": "activeWorkspaceCount"},
    }
    assert update.values == {":c0": 1, ":c1": -2, ":no": False}


def test_number_goes_up_only_while_what_it_stands_on_exists_and_down_also_later() -> None:
    up, down = (Adjustment.of({members_of_group("g"): delta}) for delta in (1, -1))
    assert up.condition == "attribute_exists(pk) AND erased = :no"
    assert isinstance(up.refusal, NotFound)
    assert (down.condition, down.refusal) == ("attribute_exists(pk)", None)


def test_number_with_a_floor_is_held_above_it_on_the_way_down() -> None:
    counter = Counter.named("admins", Floor(1, "last_admin", "One must stay."))
    update = Adjustment.of({counter: -2})
    assert update.condition == "#c0 >= :c0least"
    assert update.values == {":c0": -2, ":c0least": 3}
    assert isinstance(update.refusal, Conflict)
    assert Adjustment.of({counter: 1}).condition is None


def test_stamped_numbers_move_the_revision_that_others_are_held_against() -> None:
    update = Adjustment.of({Counter(ITEM, "type#workspace", stamped=True): 1})
    assert update.expression()["UpdateExpression"] == "ADD #c0 :c0, revision :one"

    update.require(Required.at_revision(ITEM, 4))
    assert update.condition == "revision = :revision"
    assert update.values == {":c0": 1, ":one": 1, ":revision": 4}
