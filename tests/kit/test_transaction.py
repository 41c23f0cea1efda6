"""State and journal in one transaction (A1, I4, I5, I6, I8, I9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rollcall.grants.grant import GroupRole
from rollcall.grants.group import Group
from rollcall.grants.holders import GROUP
from rollcall.kit.actor import Actor
from rollcall.kit.entity import Counter, Floor, Key
from rollcall.kit.errors import Conflict, Contended, Invalid, NotFound
from rollcall.kit.requirement import Required
from rollcall.kit.transaction import Change, Origin, Transaction
from rollcall.users.statuses import Status
from rollcall.users.user import ADMINS, User
from tests.aws_edge import failing, watched
from tests.world import World


def begin(
    world: World, witnesses: Mapping[Any, int] | None = None, *requires: Required
) -> Transaction:
    """An empty transaction of somebody."""
    actor = Actor(kind="user", id="usr_actor", witnesses=dict(witnesses or {}))
    origin = Origin("test_it", "req_1", "Because", world.clock.now)
    return Transaction(world.runtime.table, actor, origin, requires)


def rename(world: World, user: User, name: str, **options: Any) -> None:
    transaction = begin(world, **options)
    transaction.add_change(Change(user, user.model_copy(update={"name": name})))
    transaction.add_witnesses()
    transaction.send()


def test_everything_of_a_change_goes_in_one_request(world: World) -> None:
    user = world.add_user("old@example.com")
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    admin = user.model_copy(update={"email": "new@example.com", "is_admin": True})
    after = admin.with_membership(group_id, GroupRole.MEMBER)

    witness = {world.user(world.admin_id).key(): 1}

    with watched(world.aws) as seen:
        transaction = begin(world, witness, Required.present(Group, other_id))
        transaction.add_change(Change(user, after))
        transaction.add_counts([Change(user, after)])
        transaction.add_requirements()
        transaction.add_witnesses()
        transaction.send()

    (sent,) = (call.parameters["TransactItems"] for call in seen)
    kinds = [
        (verb, body.get("Key", body.get("Item"))["pk"]["S"].partition("#")[0])
        for action in sent
        for verb, body in action.items()
    ]
    assert sorted(kinds) == [
        ("ConditionCheck", "GROUP"),
        ("ConditionCheck", "USER"),
        ("Delete", "CLAIM"),
        ("Put", "CLAIM"),
        ("Put", "JOURNAL"),
        ("Put", "USER"),
        ("Put", "USER"),
        ("Put", "USER"),
        ("Update", "COUNTER"),
        ("Update", "GROUP"),
        ("Update", "ROLE"),
    ]


def test_entry_tells_what_the_transaction_did(world: World) -> None:
    user = world.add_user(name="Old")

    rename(world, user, "New")

    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.request_id, entry.reason) == ("test_it", "req_1", "Because")
    assert (entry.actor.id, entry.target.id, entry.target.version) == ("usr_actor", user.id, 2)
    assert (entry.changes["name"].before, entry.changes["name"].after) == ("Old", "New")


def test_second_writer_of_one_version_has_to_read_again(world: World) -> None:
    user = world.add_user()
    rename(world, user, "First")
    with pytest.raises(Contended):
        rename(world, user, "Second")
    assert world.user(user.id).name == "First"
    assert len(world.journal(user.id)) == 2


def test_new_entity_is_never_written_over_another(world: World) -> None:
    user = world.add_user()
    transaction = begin(world)
    transaction.add_change(Change(None, user.model_copy(update={"email": "other@example.com"})))
    with pytest.raises(Contended):
        transaction.send()
    assert world.user(user.id) == user


def test_actor_who_has_changed_meanwhile_writes_nothing(world: World) -> None:
    user, actor = world.add_user(), world.add_user(is_admin=True)
    world.change_user(actor, actor.model_copy(update={"is_admin": False}))
    with pytest.raises(Contended):
        rename(world, user, "New", witnesses={actor.key(): actor.version})
    assert world.user(user.id) == user


def test_what_was_not_there_when_the_actor_was_admitted_must_not_be_there(world: World) -> None:
    user, absent = world.add_user(), Key("ABSENT", "ABSENT")
    rename(world, user, "New", witnesses={absent: 0})
    world.runtime.table.put_once({**absent._asdict(), "version": 1})

    with pytest.raises(Contended):
        rename(world, world.user(user.id), "Newer", witnesses={absent: 0})

    assert world.user(user.id).name == "New"


def test_actor_who_changes_himself_needs_no_second_check(world: World) -> None:
    user = world.add_user()
    rename(world, user, "New", witnesses={user.key(): user.version})
    assert world.user(user.id).name == "New"


def test_actor_who_changes_himself_after_another_did_is_contended(world: World) -> None:
    user = world.add_user()
    with pytest.raises(Contended):
        rename(world, user, "New", witnesses={user.key(): user.version + 1})


def test_required_entity_that_is_gone_is_not_found(world: World) -> None:
    user = world.add_user()
    transaction = begin(world, None, Required.present(Group, "grp_gone"))
    transaction.add_change(Change(user, user.model_copy(update={"name": "New"})))
    transaction.add_requirements()
    with pytest.raises(NotFound, match="Group not found"):
        transaction.send()
    assert world.user(user.id) == user


def test_actor_who_is_also_what_is_required_has_to_be_unchanged_all_the_same(world: World) -> None:
    user, actor = world.add_user(), world.add_user()
    required = Required.present(User, actor.id)

    def rename_as_actor(name: str) -> None:
        before = world.user(user.id)
        transaction = begin(world, {actor.key(): actor.version}, required)
        transaction.add_change(Change(before, before.model_copy(update={"name": name})))
        transaction.add_requirements()
        transaction.add_witnesses()
        transaction.send()

    rename_as_actor("First")
    rename(world, actor, "Meanwhile")
    with pytest.raises(Contended):
        rename_as_actor("Second")
    assert world.user(user.id).name == "First"


def test_moved_version_counts_more_than_any_other_refusal(world: World) -> None:
    user, other = world.add_user("old@example.com"), world.add_user("taken@example.com")
    actor = world.add_user()
    rename(world, actor, "Meanwhile")
    transaction = begin(world, {actor.key(): actor.version})
    transaction.add_change(Change(user, user.model_copy(update={"email": other.email})))
    transaction.add_witnesses()
    with pytest.raises(Contended):
        transaction.send()


def test_counter_adds_up_what_all_changes_mean_together(world: World) -> None:
    leaving, coming = world.add_user(is_admin=True), world.add_user()
    changes = [
        Change(leaving, leaving.model_copy(update={"is_admin": False})),
        Change(coming, coming.model_copy(update={"is_admin": True})),
    ]
    transaction = begin(world)
    for change in changes:
        transaction.add_change(change)
    transaction.add_counts(changes)
    with watched(world.aws) as seen:
        transaction.send()

    assert world.count(ADMINS) == 2
    (sent,) = (call.parameters["TransactItems"] for call in seen)
    assert not any("Update" in action for action in sent), "one comes and one goes: no change"


def test_counter_never_falls_below_its_minimum(world: World) -> None:
    admin = world.user(world.admin_id)
    change = Change(admin, admin.with_status(Status.SUSPENDED, world.clock.now))
    transaction = begin(world)
    transaction.add_change(change)
    transaction.add_counts([change])
    with pytest.raises(Conflict) as refused:
        transaction.send()
    assert refused.value.code == "last_admin"
    assert world.user(world.admin_id) == admin


def test_more_items_than_dynamodb_takes_at_once_are_refused(world: World) -> None:
    user = world.add_user()
    crowded = user
    for number in range(101):
        crowded = crowded.with_membership(f"grp_{number}", GroupRole.MEMBER)
    transaction = begin(world)
    transaction.add_change(Change(user, crowded))
    with watched(world.aws) as seen, pytest.raises(Invalid) as refused:
        transaction.send()
    assert (refused.value.code, seen) == ("too_many_items", [])


def test_conflict_of_two_transactions_is_contended(world: World) -> None:
    user = world.add_user()
    code = "TransactionInProgressException"
    with (
        failing(world.aws, "dynamodb", "TransactWriteItems", code=code),
        pytest.raises(Contended),
    ):
        rename(world, user, "New")


# Numbers that stand on the items of others.


NOTHING_LESS = Floor(0, "too_few", "There are not so many.")
READERS = Counter(Group.key_of("grp_readers"), "readers", NOTHING_LESS, holder=GROUP)
WRITERS = Counter(Group.key_of("grp_readers"), "writers", NOTHING_LESS, holder=GROUP)
OF_ITSELF = Counter(Key("SHELF", "SHELF"), "books", stamped=True)
BESIDE_IT = Counter(Key("SHELF", "SHELF"), "boxes", stamped=True)


def put_readers(world: World, **fields: Any) -> Group:
    now = world.clock.now
    group = Group(id="grp_readers", created_at=now, updated_at=now, name="Readers", **fields)
    assert world.runtime.table.put_once(group.item())
    return group


def adjust(world: World, deltas: Mapping[Counter, int], *requires: Required) -> None:
    transaction = begin(world, None, *requires)
    transaction.adjust_counts(deltas)
    transaction.add_requirements()
    transaction.send()


def stored(world: World, counter: Counter) -> dict[str, Any]:
    return world.runtime.table.get_item(counter.key) or {}


def test_several_numbers_on_one_item_change_in_one_action_and_nothing_else_does(
    world: World,
) -> None:
    group = put_readers(world)
    with watched(world.aws) as seen:
        adjust(world, {READERS: 3, WRITERS: 1})
    adjust(world, {READERS: -1, WRITERS: 2})

    assert stored(world, READERS) == {**group.item(), "readers": 2, "writers": 3}
    assert [len(call.parameters["TransactItems"]) for call in seen] == [1]


def test_number_that_does_not_change_is_not_touched(world: World) -> None:
    with watched(world.aws) as seen:
        adjust(world, {READERS: 0, OF_ITSELF: 0})
    assert seen == []


@pytest.mark.parametrize("erased", [True, None], ids=["a tombstone", "nothing"])
def test_number_of_a_holder_that_is_gone_does_not_rise(world: World, erased: bool | None) -> None:
    if erased:
        put_readers(world, erased=True)
    before = stored(world, READERS)

    with pytest.raises(NotFound, match="Group not found"):
        adjust(world, {READERS: 1})

    assert stored(world, READERS) == before


def test_number_of_a_tombstone_still_falls_but_makes_no_item(world: World) -> None:
    with pytest.raises(Contended):
        adjust(world, {READERS._replace(floor=None): -1})
    assert stored(world, READERS) == {}

    group = put_readers(world, erased=True)
    world.runtime.table.update_unversioned(group.key(), {"readers": 2})
    adjust(world, {READERS: -1})
    assert stored(world, READERS)["readers"] == 1


@pytest.mark.parametrize(("delta", "refused"), [(-2, False), (-3, True), (5, False)])
def test_number_on_a_holder_stops_at_its_floor(world: World, delta: int, refused: bool) -> None:
    put_readers(world)
    adjust(world, {READERS: 2})
    if not refused:
        adjust(world, {READERS: delta})
        assert stored(world, READERS)["readers"] == 2 + delta
        return
    with pytest.raises(Conflict) as met:
        adjust(world, {READERS: delta})
    assert (met.value.code, met.value.detail) == ("too_few", "There are not so many.")
    assert stored(world, READERS)["readers"] == 2


def test_refused_number_takes_all_others_with_it(world: World) -> None:
    put_readers(world)
    with pytest.raises(Conflict):
        adjust(world, {READERS: -1, WRITERS: -1, OF_ITSELF: 1})
    assert stored(world, OF_ITSELF) == {}


def test_stamped_item_counts_its_changes_once_each(world: World) -> None:
    adjust(world, {OF_ITSELF: 2, BESIDE_IT: 1})
    adjust(world, {OF_ITSELF: -2})
    assert stored(world, OF_ITSELF) == {
        "pk": "SHELF",
        "sk": "SHELF",
        "books": 0,
        "boxes": 1,
        "revision": 2,
    }


def test_decision_by_numbers_holds_only_while_they_are_as_they_were_read(world: World) -> None:
    user = world.add_user()
    unread, read = (Required.at_revision(OF_ITSELF.key, revision) for revision in (0, 1))

    def rename_under(required: Required) -> None:
        before = world.user(user.id)
        transaction = begin(world, None, required)
        renamed = before.model_copy(update={"name": f"Name {before.version}"})
        transaction.add_change(Change(before, renamed))
        transaction.add_requirements()
        transaction.send()

    rename_under(unread)
    adjust(world, {OF_ITSELF: 1})
    with pytest.raises(Contended):
        rename_under(unread)
    rename_under(read)
    adjust(world, {OF_ITSELF: -1})
    with pytest.raises(Contended):
        rename_under(read)
    assert world.user(user.id).version == 3


def test_decision_by_numbers_may_change_them_itself(world: World) -> None:
    adjust(world, {OF_ITSELF: 1}, Required.at_revision(OF_ITSELF.key, 0))
    adjust(world, {OF_ITSELF: 1}, Required.at_revision(OF_ITSELF.key, 1))
    with pytest.raises(Contended):
        adjust(world, {OF_ITSELF: 1}, Required.at_revision(OF_ITSELF.key, 1))
    assert stored(world, OF_ITSELF)["books"] == 2


def test_entity_that_has_changed_is_no_longer_what_was_required(world: World) -> None:
    user, group = world.add_user(), put_readers(world)
    required = Required.unchanged(group)

    def touch() -> None:
        before = world.user(user.id)
        transaction = begin(world, None, required)
        transaction.add_change(Change(before, before.model_copy(update={"name": "New"})))
        transaction.add_requirements()
        transaction.send()

    touch()
    transaction = begin(world)
    transaction.add_change(Change(group, group.model_copy(update={"description": "Who read"})))
    transaction.send()
    with pytest.raises(Contended):
        touch()


def test_tombstone_is_not_present(world: World) -> None:
    put_readers(world, erased=True)
    with pytest.raises(NotFound, match="Group not found"):
        adjust(world, {OF_ITSELF: 1}, Required.present(Group, "grp_readers"))
    assert stored(world, OF_ITSELF) == {}


def test_nothing_to_do_is_not_sent(world: World) -> None:
    with watched(world.aws) as seen:
        begin(world).send()
    assert seen == []
