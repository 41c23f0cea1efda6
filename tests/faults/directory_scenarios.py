"""Scenarios of segments and pushed facts besides their examples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from functions.directory.create_segment import create_segment
from functions.directory.delete_segment import delete_segment
from functions.directory.update_segment import update_segment
from functions.system.replace_facts import replace_facts
from functions.users.delete_user import delete_user
from rollcall.users.fact_set import SOURCES_AT_MOST, find_facts
from tests.api.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import ask, leave_behind, scenario
from tests.world.gateway import Reply
from tests.world.world import World

ACTIVE = 'status eq "active"'


def _segment(segment_id: str, **body: Any) -> Example:
    return Example(path={"segment_id": segment_id}, body=body)


@scenario("create_segment", 201)
def a_segment_with_the_name_of_another_one(world: World) -> Plan:
    world.add_segment("In use", ACTIVE)
    return ask(world, create_segment, Example(body={"name": "In use", "filter": ACTIVE}))


@scenario("create_segment", 422)
def a_segment_with_an_unknown_field(world: World) -> Plan:
    return ask(world, create_segment, Example(body={"name": "Odd", "filter": "shoeSize gt 44"}))


@scenario("update_segment", again=frozenset({412}))
def a_conditional_change_of_name_and_filter(world: World) -> Plan:
    segment = world.add_segment("In use", ACTIVE)

    def verify(_: Reply) -> Iterable[str]:
        stored = world.segment(segment.id)
        if (stored.name, stored.filter, stored.version) != ("Admins", "isAdmin eq true", 2):
            yield f"the segment is {stored}"

    example = _segment(segment.id, name="Admins", filter="isAdmin eq true")
    return ask(world, update_segment, example, verify, headers={"If-Match": '"1"'})


@scenario("delete_segment", again=frozenset({404}))
def one_of_two_segments_whose_owner_is_deleted(world: World) -> Plan:
    kept, gone = (world.add_segment(name, ACTIVE, "usr_gone") for name in ("Kept", "Gone"))

    def verify(_: Reply) -> Iterable[str]:
        if not world.segment(gone.id).erased or world.segment(kept.id) != kept:
            yield "the wrong segment was deleted"

    return ask(world, delete_segment, Example(path={"segment_id": gone.id}), verify)


def _facts(user_id: str, **facts: Any) -> Example:
    return Example(path={"user_id": user_id, "source": "learning"}, body={"facts": facts})


@scenario("replace_facts")
def facts_that_replace_those_of_their_source_only(world: World) -> Plan:
    user_id = world.add_user().id
    world.push_facts(user_id, "learning", progress=10, certified=True)
    world.push_facts(user_id, "billing", plan="free")

    def verify(_: Reply) -> Iterable[str]:
        stored = {each.source: each.values for each in world.user(user_id).fact_sets}
        if stored != {"billing": {"plan": "free"}, "learning": {"progress": 20}}:
            yield f"the facts about the user are {stored}"

    return ask(world, replace_facts, _facts(user_id, progress=20), verify)


@scenario("replace_facts")
def the_same_facts_at_a_later_time(world: World) -> Plan:
    user_id, before = world.add_user().id, world.clock.now
    world.push_facts(user_id, "learning", progress=10)

    def verify(_: Reply) -> Iterable[str]:
        found = find_facts(world.runtime.table, user_id, "learning")
        if found is None or found.pushed_at <= before:
            yield "the time of the push was not updated"

    return ask(world, replace_facts, _facts(user_id, progress=10), verify)


@scenario("replace_facts", 404)
def facts_about_a_user_deleted_while_cognito_was_down(world: World) -> Plan:
    user = world.add_user()
    leave_behind(world, user, user.as_erased(world.clock.now))
    return ask(world, replace_facts, _facts(user.id, progress=10))


@scenario("replace_facts", 409)
def facts_of_one_source_too_many(world: World) -> Plan:
    user_id = world.add_user().id
    for number in range(SOURCES_AT_MOST):
        world.push_facts(user_id, f"source-{number}", progress=number)
    return ask(world, replace_facts, _facts(user_id, progress=10))


@scenario("delete_user", again=frozenset({404}))
def deletion_of_a_user_with_facts_and_sign_ins(world: World) -> Plan:
    user = world.add_user()
    for source in ("billing", "learning"):
        world.push_facts(user.id, source, progress=10)
    world.sign_in(user.id)

    def verify(_: Reply) -> Iterable[str]:
        left = [item["sk"] for item in world.items() if item["pk"] == user.key().pk]
        if left != ["#USER"]:
            yield f"the deleted user still has {left}"

    return ask(world, delete_user, Example(path={"user_id": user.id}), verify)
