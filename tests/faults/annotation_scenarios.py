"""Scenarios of notes and unique ids besides their examples."""

from __future__ import annotations

from collections.abc import Iterable

from functions.users.add_note import add_note
from functions.users.assign_unique_id import assign_unique_id
from functions.users.delete_note import delete_note
from functions.users.delete_user import delete_user
from rollcall.users.note import find_notes
from rollcall.users.statuses import Status
from rollcall.users.unique_ids import unique_id_claim
from tests.api.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import about, ask, leave_behind, scenario
from tests.world.gateway import Reply
from tests.world.world import World

TEXT = "Likes tea with lemon"


@scenario("add_note", 201)
def a_note_on_oneself(world: World) -> Plan:
    """The actor is also the user that the note requires."""
    return ask(world, add_note, about(world.admin_id, text=TEXT))


@scenario("add_note", 404)
def a_note_on_a_user_deleted_while_cognito_was_down(world: World) -> Plan:
    user = world.add_user()
    leave_behind(world, user, user.as_erased(world.clock.now))
    return ask(world, add_note, about(user.id, text=TEXT))


@scenario("delete_note", again=frozenset({404}))
def a_note_among_others_on_a_soft_deleted_user(world: World) -> Plan:
    user = world.add_user()
    kept, gone = world.add_note(user.id, "Stays"), world.add_note(user.id, TEXT)
    world.change_user(user, user.as_deleted(world.clock.now))

    def verify(_: Reply) -> Iterable[str]:
        if [note.id for note in find_notes(world.runtime.table, user.id)] != [kept]:
            yield "the wrong notes are left"
        beyond = [i["pk"] for i in world.items() if TEXT in str(i) and "JOURNAL#" not in i["pk"]]
        yield from (f"{pk} still contains the deleted text" for pk in beyond)

    path = {"user_id": user.id, "note_id": gone}
    return ask(world, delete_note, Example(path=path), verify)


@scenario("delete_user", again=frozenset({404}))
def a_user_with_more_notes_than_one_batch_takes(world: World) -> Plan:
    user = world.add_user()
    for number in range(27):
        world.add_note(user.id, f"{TEXT} {number}")

    def verify(_: Reply) -> Iterable[str]:
        left = [item["sk"] for item in world.items() if item["pk"] == user.key().pk]
        if left != ["#USER"]:
            yield f"the deleted user still has {left}"

    return ask(world, delete_user, Example(path={"user_id": user.id}), verify)


@scenario("assign_unique_id")
def a_generated_unique_id(world: World) -> Plan:
    """Attempts may generate different ids, but a stored id must not change."""
    return ask(world, assign_unique_id, about(world.add_user(status=Status.INACTIVE).id))


@scenario("assign_unique_id")
def a_unique_id_that_replaces_another(world: World) -> Plan:
    user = world.add_user(unique_id="EMP-0041")

    def verify(_: Reply) -> Iterable[str]:
        if world.runtime.table.get_item(unique_id_claim("EMP-0041").key):
            yield "the replaced unique id is still claimed"

    return ask(world, assign_unique_id, about(user.id, uniqueId="EMP-0042"), verify)


@scenario("assign_unique_id", 409)
def a_taken_unique_id_with_different_case(world: World) -> Plan:
    world.add_user(unique_id="EMP-0042")
    return ask(world, assign_unique_id, about(world.add_user().id, uniqueId="emp-0042"))
