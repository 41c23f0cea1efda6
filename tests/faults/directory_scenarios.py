"""Segments and pushed facts: what their operations meet besides their examples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from functions.directory.create_segment import create_segment
from functions.directory.delete_segment import delete_segment
from functions.directory.update_segment import update_segment
from tests.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import ask, scenario
from tests.world import Reply, World

ACTIVE = 'status eq "active"'


def _segment(segment_id: str, **body: Any) -> Example:
    return Example(path={"segment_id": segment_id}, body=body)


@scenario("create_segment", 201)
def a_segment_whose_name_another_one_has(world: World) -> Plan:
    world.add_segment("In use", ACTIVE)
    return ask(world, create_segment, Example(body={"name": "In use", "filter": ACTIVE}))


@scenario("create_segment", 422)
def a_segment_that_asks_for_what_there_is_not(world: World) -> Plan:
    return ask(world, create_segment, Example(body={"name": "Odd", "filter": "shoeSize gt 44"}))


@scenario("update_segment", again=frozenset({412}))
def another_name_and_filter_under_a_condition(world: World) -> Plan:
    segment = world.add_segment("In use", ACTIVE)

    def verify(_: Reply) -> Iterable[str]:
        stored = world.segment(segment.id)
        if (stored.name, stored.filter, stored.version) != ("Admins", "isAdmin eq true", 2):
            yield f"the segment is {stored}"

    example = _segment(segment.id, name="Admins", filter="isAdmin eq true")
    return ask(world, update_segment, example, verify, headers={"If-Match": '"1"'})


@scenario("delete_segment", again=frozenset({404}))
def one_of_two_segments_whose_maker_is_gone(world: World) -> Plan:
    kept, gone = (world.add_segment(name, ACTIVE, "usr_gone") for name in ("Kept", "Gone"))

    def verify(_: Reply) -> Iterable[str]:
        if not world.segment(gone.id).erased or world.segment(kept.id) != kept:
            yield "not the one was deleted that was meant"

    return ask(world, delete_segment, Example(path={"segment_id": gone.id}), verify)
