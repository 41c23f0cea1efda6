"""State and journal in one transaction (A1, I4, I5, I6, I8, I9)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from rollcall.grants.grant import GroupRole
from rollcall.grants.group import Group
from rollcall.grants.holders import GROUP
from rollcall.kit.actor import Actor
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.entity import Counter, Floor, Key
from rollcall.kit.errors import Conflict, Contended, Invalid, NotFound
from rollcall.kit.transaction import Change, Origin, Transaction
from rollcall.users.statuses import Status
from rollcall.users.user import ADMINS, User
from tests.world.aws_edge import failing, watched
from tests.world.world import World


def begin(
    world: World, witnesses: Mapping[Any, int] | None = None, *requires: ConditionCheck
) -> Transaction:
    """An empty transaction of a user."""
    actor = Actor(kind="user", id="usr_actor", witnesses=dict(witnesses or {}))
    origin = Origin("test_it", "req_1", "Because", world.clock.now)
    return Transaction(world.runtime.table, actor, origin, requires)


def rename(world: World, user: User, name: str, **options: Any) -> None:
    transaction = begin(world, **options)
    transaction.add_change(Change(user, user.model_copy(update={"name": name})))
    transaction.add_witnesses()
    transaction.send()


def test_change_is_sent_in_one_request(world: World) -> None:
    user = world.add_user("old@example.com")
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    admin = user.model_copy(update={"email": "new@example.com", "is_admin": True})
    after = admin.with_membership(group_id, GroupRole.MEMBER)

    witness = {world.user(world.admin_id).key(): 1}

    with watched(world.aws) as seen:
        transaction = begin(world, witness, ConditionCheck.exists(Group, other_id))
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


def test_entry_describes_the_transaction(world: World) -> None:
    user = world.add_user(name="Old")

    rename(world, user, "New")

    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.request_id, entry.reason) == ("test_it", "req_1", "Because")
    assert (entry.actor.id, entry.target.id, entry.target.version) == ("usr_actor", user.id, 2)
    assert (entry.changes["name"].before, entry.changes["name"].after) == ("Old", "New")


def test_second_writer_of_one_version_must_read_again(world: World) -> None:
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


def test_lost_entity_is_written_again_after_its_last_version(world: World) -> None:
    user = world.join_group(world.add_user("ada@example.com").id, world.add_group("Readers"))
    before = world.items()
    world.runtime.table.delete_items([user.key(), next(iter(user.claims())).key])

    world.call().commit(Change(user, user, lost=True), answer=lambda written: written)

    found = world.user(user.id)
    assert (found.version, found.facts()) == (user.version + 1, user.facts())
    entry = world.journal(user.id)[-1]
    assert (entry.target.version, entry.changes) == (user.version + 1, {})
    numbers = [item for item in before if "memberCount" in item]
    assert [item for item in world.items() if "memberCount" in item] == numbers
    assert {Key(i["pk"], i["sk"]) for i in before} < {Key(i["pk"], i["sk"]) for i in world.items()}


def test_lost_entity_does_not_replace_the_version_of_another_writer(world: World) -> None:
    user = world.add_user()
    for _ in range(2):
        lost = Change(user, user, lost=True)
        with suppress(Contended):
            world.call().commit(lost, answer=lambda written: written)
    assert world.user(user.id).version == user.version + 1
    assert len(world.journal(user.id)) == 2


def test_actor_who_has_changed_since_authorization_writes_nothing(world: World) -> None:
    user, actor = world.add_user(), world.add_user(is_admin=True)
    world.change_user(actor, actor.model_copy(update={"is_admin": False}))
    with pytest.raises(Contended):
        rename(world, user, "New", witnesses={actor.key(): actor.version})
    assert world.user(user.id) == user


def test_item_missing_at_authorization_must_still_be_missing(world: World) -> None:
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


def test_required_entity_that_does_not_exist_is_not_found(world: World) -> None:
    user = world.add_user()
    transaction = begin(world, None, ConditionCheck.exists(Group, "grp_gone"))
    transaction.add_change(Change(user, user.model_copy(update={"name": "New"})))
    transaction.add_requirements()
    with pytest.raises(NotFound, match="Group not found"):
        transaction.send()
    assert world.user(user.id) == user


def test_actor_who_is_also_required_must_be_unchanged(world: World) -> None:
    user, actor = world.add_user(), world.add_user()
    required = ConditionCheck.exists(User, actor.id)

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


def test_concurrent_write_takes_precedence_over_other_errors(world: World) -> None:
    user, other = world.add_user("old@example.com"), world.add_user("taken@example.com")
    actor = world.add_user()
    rename(world, actor, "Meanwhile")
    transaction = begin(world, {actor.key(): actor.version})
    transaction.add_change(Change(user, user.model_copy(update={"email": other.email})))
    transaction.add_witnesses()
    with pytest.raises(Contended):
        transaction.send()


def test_counter_adds_up_all_changes(world: World) -> None:
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


def test_more_items_than_dynamodb_accepts_are_refused(world: World) -> None:
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


# Counters on the items of entities.


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


def adjust(world: World, deltas: Mapping[Counter, int], *requires: ConditionCheck) -> None:
    transaction = begin(world, None, *requires)
    transaction.adjust_counts(deltas)
    transaction.add_requirements()
    transaction.send()


def stored(world: World, counter: Counter) -> dict[str, Any]:
    return world.runtime.table.get_item(counter.key) or {}


def test_several_counters_of_one_item_change_in_one_action(
    world: World,
) -> None:
    group = put_readers(world)
    with watched(world.aws) as seen:
        adjust(world, {READERS: 3, WRITERS: 1})
    adjust(world, {READERS: -1, WRITERS: 2})

    assert stored(world, READERS) == {**group.item(), "readers": 2, "writers": 3}
    assert [len(call.parameters["TransactItems"]) for call in seen] == [1]


def test_counter_without_a_change_is_not_written(world: World) -> None:
    with watched(world.aws) as seen:
        adjust(world, {READERS: 0, OF_ITSELF: 0})
    assert seen == []


@pytest.mark.parametrize("erased", [True, None], ids=["a tombstone", "nothing"])
def test_counter_of_a_missing_entity_does_not_increase(world: World, erased: bool | None) -> None:
    if erased:
        put_readers(world, erased=True)
    before = stored(world, READERS)

    with pytest.raises(NotFound, match="Group not found"):
        adjust(world, {READERS: 1})

    assert stored(world, READERS) == before


def test_counter_of_a_tombstone_can_decrease_but_creates_no_item(world: World) -> None:
    with pytest.raises(Contended):
        adjust(world, {READERS._replace(floor=None): -1})
    assert stored(world, READERS) == {}

    group = put_readers(world, erased=True)
    world.runtime.table.update_unversioned(group.key(), {"readers": 2})
    adjust(world, {READERS: -1})
    assert stored(world, READERS)["readers"] == 1


@pytest.mark.parametrize(("delta", "refused"), [(-2, False), (-3, True), (5, False)])
def test_counter_on_an_entity_stops_at_its_floor(world: World, delta: int, refused: bool) -> None:
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


def test_failed_counter_cancels_all_others(world: World) -> None:
    put_readers(world)
    with pytest.raises(Conflict):
        adjust(world, {READERS: -1, WRITERS: -1, OF_ITSELF: 1})
    assert stored(world, OF_ITSELF) == {}


def test_stamped_item_increments_its_revision_once_per_change(world: World) -> None:
    adjust(world, {OF_ITSELF: 2, BESIDE_IT: 1})
    adjust(world, {OF_ITSELF: -2})
    assert stored(world, OF_ITSELF) == {
        "pk": "SHELF",
        "sk": "SHELF",
        "books": 0,
        "boxes": 1,
        "revision": 2,
    }


def test_decision_by_counters_requires_that_they_are_unchanged(world: World) -> None:
    user = world.add_user()
    unread, read = (ConditionCheck.at_revision(OF_ITSELF.key, revision) for revision in (0, 1))

    def rename_under(required: ConditionCheck) -> None:
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


def test_decision_by_counters_can_change_them(world: World) -> None:
    adjust(world, {OF_ITSELF: 1}, ConditionCheck.at_revision(OF_ITSELF.key, 0))
    adjust(world, {OF_ITSELF: 1}, ConditionCheck.at_revision(OF_ITSELF.key, 1))
    with pytest.raises(Contended):
        adjust(world, {OF_ITSELF: 1}, ConditionCheck.at_revision(OF_ITSELF.key, 1))
    assert stored(world, OF_ITSELF)["books"] == 2


def test_required_entity_must_be_unchanged(world: World) -> None:
    user, group = world.add_user(), put_readers(world)
    required = ConditionCheck.unchanged(group)

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


def test_tombstone_does_not_exist(world: World) -> None:
    put_readers(world, erased=True)
    with pytest.raises(NotFound, match="Group not found"):
        adjust(world, {OF_ITSELF: 1}, ConditionCheck.exists(Group, "grp_readers"))
    assert stored(world, OF_ITSELF) == {}


def test_empty_transaction_is_not_sent(world: World) -> None:
    with watched(world.aws) as seen:
        begin(world).send()
    assert seen == []
