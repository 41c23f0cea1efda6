"""Users and everything else come back from a restored table (``rollcall restore``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from functions.jobs.reconcile_identities import reconcile_identities
from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.get_me import get_me
from functions.users.get_user_history import get_user_history
from rollcall.grants.grant import OrganizationMembership
from rollcall.grants.permissions import Permission
from rollcall.kit.attribute_values import to_attributes
from rollcall.kit.deployment_record import DeploymentRecord
from rollcall.kit.entity import Entity, Key
from rollcall.kit.errors import NotFound
from rollcall.kit.job import make_call
from rollcall.kit.model import format_time
from rollcall.resources.resource import Resource
from rollcall.users.note import find_notes
from rollcall.users.statuses import Status
from rollcall.users.user import EMAIL, User
from rollcall_infra.restorable import KINDS, RECORDS, WholeTable, find_kind
from rollcall_infra.restoration import Outcome, Restoration, RestoredRow
from rollcall_infra.restore import ACTION
from tests.faults.injection import Crash, Injection, Kind, choose_sites, variants_of
from tests.faults.invariants import accounts, check_settled
from tests.world import dynamodb
from tests.world.iam import acting_as
from tests.world.snapshot import Snapshot
from tests.world.strict_aws import Interception, let_through
from tests.world.world import World

BACKUP = "rollcall-restored"


class People(NamedTuple):
    """A small population of every kind."""

    ada: str
    grace: str
    group: str
    organization: str
    role: str
    workspace: str


def populate(world: World) -> People:
    """Two users with rows, claims, counters, resources, facts and notes."""
    group = world.add_group("Readers", Permission.USER_VIEW)
    role = world.add_role("Auditor", Permission.ROLE_VIEW)
    organization = world.add_organization("Engines")
    ada = world.add_user("ada@example.com", name="Ada", unique_id="U00000001").id
    world.join_group(ada, group)
    world.join_organization(ada, organization)
    world.give_role(ada, role)
    world.add_note(ada, "Called about the invoice.")
    world.push_facts(ada, "learning", courses=3)
    world.sign_in(ada)
    workspace = world.add_resource(ada, group_id=group, name="Notes on engines").id
    grace = world.add_user("grace@example.com", name="Grace").id
    world.join_group(grace, group)
    world.add_invitation("invited@example.com")
    world.drain()
    return People(ada, grace, group, organization, role, workspace)


@pytest.fixture(autouse=True)
def restored_table() -> Iterator[None]:
    """Delete the backup at the end of a test."""
    yield
    dynamodb.drop_table(BACKUP)


@pytest.fixture
def people(world: World) -> People:
    """A population, and the backup of it."""
    made = populate(world)
    back_up(world)
    return made


def back_up(world: World) -> None:
    """Restore the present state to another table. An hour passes after that."""
    dynamodb.copy_table(world.runtime.table.name, BACKUP)
    world.clock.advance(hours=1)


def start(world: World, **options: Any) -> Restoration:
    backup, table = (WholeTable(world.dynamodb, name) for name in (BACKUP, "rollcall"))
    call = make_call(ACTION, world.runtime, reason="As of then: an accident")
    return Restoration(call, backup, table, **options)


def restore(world: World, user_id: str = "", **options: Any) -> dict[str, RestoredRow]:
    """Apply a restore; the rows by id, without what has not changed."""
    return _rows(start(world, apply=True, **options), user_id)


def plan(world: World, user_id: str = "", **options: Any) -> dict[str, RestoredRow]:
    """Plan a restore, which changes nothing."""
    before = world.stored()
    rows = _rows(start(world, **options), user_id)
    assert world.stored() == before
    return rows


def _rows(restoration: Restoration, user_id: str) -> dict[str, RestoredRow]:
    found = restoration.restore_user(user_id) if user_id else restoration.restore_all()
    quiet = (Outcome.UNCHANGED, Outcome.KEPT)
    return {row.id: row for row in found if row.outcome not in quiet}


def settle(world: World) -> None:
    """Let the reactions and the reconciliation run, and check all invariants."""
    world.drain()
    with acting_as(reconcile_identities):
        reconcile_identities.run(world.runtime)
    assert check_settled(world) == []


def erase(world: World, user_id: str) -> None:
    assert world.invoke(delete_user, path={"user_id": user_id}).status == 200
    world.drain()
    world.clock.advance(minutes=1)


def delete_group(world: World, group_id: str) -> None:
    world.grant_to_group(group_id, ())
    group = world.group(group_id)
    world.commit(group, group.as_erased())
    world.drain()


def lose(world: World, *keys: Key) -> None:
    """Delete items without the write path, as an accident does."""
    for key in keys:
        dynamodb.delete_item("rollcall", *key)


def lose_table(world: World) -> None:
    """Continue with an empty table."""
    lose(world, *(Key(item["pk"], item["sk"]) for item in world.items()))
    world.seen.clear()


def test_every_kind_of_entity_is_restored(world: World, people: People) -> None:
    def subclasses(kind: type[Entity]) -> Iterator[type[Entity]]:
        for each in kind.__subclasses__():
            yield each
            yield from subclasses(each)

    declared = {
        each
        for each in subclasses(Entity)
        if hasattr(each, "kind") and each.__module__.startswith("rollcall.")
    }
    assert declared - {DeploymentRecord} == set(KINDS), "the record is about the table itself"
    assert set(RECORDS) < set(KINDS)
    for item in world.items():
        kind = find_kind(Key(item["pk"], item["sk"]))
        assert (kind is not None) is ("version" in item), item


def test_deleted_user_comes_back_with_grants_notes_resources_and_unique_values(
    world: World, people: People
) -> None:
    before = world.user(people.ada)
    erase(world, people.ada)
    version = world.user(people.ada).version

    planned = plan(world, people.ada, include_erased=True)
    rows = restore(world, people.ada, include_erased=True)

    assert {row.outcome for row in rows.values()} == {Outcome.CREATED, Outcome.CHANGED}
    assert planned.keys() == rows.keys()
    user = world.user(people.ada)
    assert (user.email, user.unique_id, user.name) == ("ada@example.com", "U00000001", "Ada")
    assert list(user.grants) == list(before.grants)
    assert user.version == version + 1
    assert user.last_login_at == before.last_login_at
    assert [note.text for note in find_notes(world.runtime.table, people.ada)] == [
        "Called about the invoice."
    ]
    assert user.fact_sets[0].values == {"courses": 3}
    workspace = world.resource(people.workspace)
    assert (workspace.user_id, workspace.orphaned) == (people.ada, False)
    assert workspace.group_id == people.group
    entry = world.journal(people.ada)[-1]
    assert (entry.action, entry.reason) == (ACTION, "As of then: an accident")
    taken = {"email": "ada@example.com"}
    assert world.invoke(create_user, body=taken).code == "email_taken"
    settle(world)
    assert accounts(world)[people.ada].status == "FORCE_CHANGE_PASSWORD"
    assert restore(world, people.ada) == {}


def test_deleted_user_stays_deleted_unless_asked(world: World, people: People) -> None:
    erase(world, people.ada)
    before = world.stored()

    for rows in (plan(world, people.ada), restore(world, people.ada), restore(world)):
        assert rows[people.ada].outcome is Outcome.ERASED
        assert {row.code for row in rows.values()} == {"user_erased"}

    assert world.stored() == before


def test_user_whose_tombstone_has_expired_stays_deleted_and_continues_the_versions(
    world: World, people: People
) -> None:
    erase(world, people.ada)
    version = world.user(people.ada).version
    lose(world, User.key_of(people.ada))
    assert plan(world, people.ada)[people.ada].outcome is Outcome.ERASED

    restore(world, people.ada, include_erased=True)

    assert world.user(people.ada).version == version + 1
    settle(world)
    at = {"at": format_time(world.clock.now)}
    reply = world.invoke(get_user_history, path={"user_id": people.ada}, query=at)
    assert reply.body["then"]["user"]["email"] == "ada@example.com"


def test_changed_user_becomes_what_it_was_and_signs_in_again(world: World, people: People) -> None:
    before = world.user(people.grace)
    world.sign_in(people.grace)
    world.join_organization(people.grace, people.organization)
    user = world.change_user(
        world.user(people.grace),
        world.user(people.grace)
        .without_membership(people.group)
        .model_copy(update={"name": "Wrong", "email": "wrong@example.com"}),
    )
    assert (user.name, user.memberships) == ("Wrong", ())
    signed_in_at = world.clock.now

    planned = plan(world, people.grace)[people.grace]
    row = restore(world, people.grace)[people.grace]

    assert planned == row
    assert row.outcome is Outcome.CHANGED
    changed = ("authEpoch", "email", f"groups.{people.group}", "name")
    assert row.fields == (*changed, f"organizations.{people.organization}")
    restored = world.user(people.grace)
    assert (restored.name, restored.email) == (before.name, before.email)
    assert list(restored.grants) == list(before.grants)
    assert restored.version == user.version + 1
    assert restored.last_login_at is not None
    reply = world.invoke(get_me, caller=people.grace, signed_in_at=signed_in_at)
    assert reply.status == 401
    settle(world)
    unchanged = world.stored()
    assert restore(world) == {}
    assert world.stored() == unchanged


def test_plan_shows_each_status_and_admin_that_would_change(world: World, people: People) -> None:
    grace = world.user(people.grace)
    world.change_user(grace, grace.with_status(Status.SUSPENDED, world.clock.now))
    ada = world.user(people.ada)
    world.change_user(ada, ada.model_copy(update={"is_admin": True}))

    rows = plan(world)

    row = rows[people.grace]
    assert (row.status_before, row.status_after) == (Status.SUSPENDED, Status.ACTIVE)
    assert (rows[people.ada].becomes_admin, rows[people.ada].status_after) == (False, None)


def test_ended_sessions_and_changed_credentials_are_not_taken_back(
    world: World, people: People
) -> None:
    grace = world.user(people.grace).with_credential("reset", world.clock.now)
    world.change_user(world.user(people.grace), grace.with_sessions_ended(world.clock.now))
    changed = world.user(people.grace)

    assert restore(world) == {}

    assert world.user(people.grace) == changed


def test_email_of_another_user_is_refused_and_the_rest_is_restored(
    world: World, people: People
) -> None:
    erase(world, people.ada)
    taker = world.add_user("ada@example.com")
    grace = world.user(people.grace)
    world.change_user(grace, grace.model_copy(update={"name": "Wrong"}))

    for rows in (plan(world, include_erased=True), restore(world, include_erased=True)):
        assert (rows[people.ada].outcome, rows[people.ada].code) == (Outcome.REFUSED, "email_taken")
        assert rows[people.grace].outcome is Outcome.CHANGED

    assert world.user(taker.id).email == "ada@example.com"
    assert not world.user(people.ada).exists
    settle(world)


def test_values_that_users_have_passed_on_come_back_in_any_order(
    world: World, people: People
) -> None:
    """One of the two is restored first, while the other still has the address."""
    for user_id, email in ((people.ada, "new@example.com"), (people.grace, "ada@example.com")):
        user = world.user(user_id)
        world.change_user(user, user.model_copy(update={"email": email}))

    rows = restore(world)

    assert {row.outcome for row in rows.values()} == {Outcome.CHANGED}
    assert world.user(people.ada).email == "ada@example.com"
    settle(world)


def test_deleted_group_comes_back_with_its_members_and_permissions(
    world: World, people: People
) -> None:
    workspace = world.resource(people.workspace)
    world.change_resource(workspace, workspace.model_copy(update={"group_id": None}))
    delete_group(world, people.group)
    assert world.user(people.grace).memberships == ()

    row = restore(world, people.grace).get(people.grace)
    assert row is None, "the only difference is a membership in a deleted group"
    restore(world)

    assert world.group(people.group).member_count == 2
    assert world.user(people.grace).group_ids == (people.group,)
    assert world.resource(people.workspace).group_id == people.group
    world.clock.advance(seconds=2)
    reply = world.invoke(get_me, caller=people.grace)
    assert "user.view" in reply.body["effectivePermissions"]
    settle(world)
    assert restore(world) == {}


def test_grants_of_deleted_groups_are_named_and_left_out(world: World, people: People) -> None:
    erase(world, people.grace)
    workspace = world.resource(people.workspace)
    world.change_resource(workspace, workspace.model_copy(update={"group_id": None}))
    delete_group(world, people.group)

    row = restore(world, people.grace, include_erased=True)[people.grace]

    assert row.dropped == (f"groups.{people.group}",)
    assert world.user(people.grace).exists
    settle(world)


def test_users_created_since_stay(world: World, people: People) -> None:
    added = world.add_user("new@example.com")
    world.join_group(added.id, people.group)
    kept = [row for row in start(world).restore_all() if row.outcome is Outcome.KEPT]
    assert [row.id for row in kept if row.kind == "user"] == [added.id]

    restore(world)

    assert world.user(added.id).email == "new@example.com"
    settle(world)


def test_user_with_more_grants_than_a_transaction_holds_comes_back(world: World) -> None:
    user = world.add_user("ada@example.com")
    organizations = [world.add_organization(f"Engines {number}") for number in range(70)]
    for some in (organizations[:35], organizations):
        user = world.user(user.id)
        grants = [
            OrganizationMembership(user_id=user.id, organization_id=each, role_id="rol_user")
            for each in some
        ]
        world.change_user(user, user.with_grants("organization_memberships", grants))
    back_up(world)
    erase(world, user.id)

    row = restore(world, user.id, include_erased=True)[user.id]

    assert row.outcome is Outcome.CREATED
    restored = {each.organization_id for each in world.user(user.id).organization_memberships}
    assert restored == set(organizations)
    settle(world)


def test_lost_table_is_filled_and_no_mail_is_sent_again(world: World, people: People) -> None:
    before = {user.id: user for user in world.users()}
    journal, mails, told = world.journal(), world.mails(), world.clock.now
    lose_table(world)

    assert plan(world)[people.ada].outcome is Outcome.CREATED
    restore(world)

    for user_id, user in before.items():
        found = world.user(user_id)
        assert found.facts() == user.facts() | {"authEpoch": found.auth_epoch}
        assert found.auth_epoch > told.timestamp()
        assert found.version == user.version + 1
    assert {entry.id for entry in journal} < {entry.id for entry in world.journal()}
    assert world.group(people.group).member_count == 2
    settle(world)
    assert world.mails() == mails
    assert restore(world) == {}


def test_users_without_an_account_stay_deleted_if_the_journal_was_lost_too(
    world: World, people: People
) -> None:
    erase(world, people.ada)
    lose_table(world)

    rows = restore(world)

    assert rows[people.ada].outcome is Outcome.ERASED
    assert world.resource(people.workspace).orphaned
    assert people.ada not in {user.id for user in world.users()}
    assert find_notes(world.runtime.table, people.ada) == []


DAMAGE = {
    "lost user": lambda people: [User.key_of(people.ada)],
    "lost membership": lambda people: [Key(f"USER#{people.ada}", f"#GROUP#{people.group}")],
    "lost claim": lambda _: [Key(f"{EMAIL.partition}ada@example.com", "CLAIM")],
    "lost counter": lambda _: [Key("COUNTER#GROUPS", "COUNTER")],
    "lost group": lambda people: [Key(f"GROUP#{people.group}", f"GROUP#{people.group}")],
    "lost policy": lambda _: [Key("ACCESS", "ACCESS")],
    "lost resource": lambda people: [Resource.key_of(people.workspace)],
    "lost numbers": lambda people: [Key(f"USER#{people.ada}", "#OWNED")],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_lost_items_come_back(world: World, people: People, damage: Any) -> None:
    before = world.user(people.ada)
    lose(world, *damage(people))

    restore(world)

    assert list(world.user(people.ada).grants) == list(before.grants)
    world.drain()
    unrecorded = ("in its journal", "had another value before")  # the damage
    lines = check_settled(world)
    assert [each for each in lines if not any(words in each for words in unrecorded)] == []
    assert restore(world) == {}


@pytest.mark.parametrize("attributes", [{}, {"version": 9, "status": "nonsense"}], ids=str)
def test_damaged_user_comes_back_as_a_later_version(
    world: World, people: People, attributes: dict[str, Any]
) -> None:
    key = User.key_of(people.grace)
    dynamodb.put_item("rollcall", to_attributes({**key._asdict(), **attributes}))

    assert restore(world)[people.grace].outcome is Outcome.CREATED

    user = world.user(people.grace)
    assert (user.name, user.status) == ("Grace", Status.ACTIVE)
    assert user.version > attributes.get("version", 0)
    assert restore(world) == {}


def test_wrong_counters_are_counted_again(world: World, people: People) -> None:
    key = Key(f"GROUP#{people.group}", f"GROUP#{people.group}")
    world.runtime.table.update_unversioned(key, {"memberCount": 7})

    row = restore(world)[f"{key.pk} memberCount"]

    assert (row.outcome, row.detail) == (Outcome.CORRECTED, "7 instead of 2.")
    settle(world)


def test_damaged_backup_is_named_and_the_rest_is_restored(world: World, people: People) -> None:
    for table in (BACKUP, "rollcall"):
        item = {**User.key_of(people.grace)._asdict(), "status": "nonsense", "version": 1}
        dynamodb.put_item(table, to_attributes(item))
    ada = world.user(people.ada)
    world.change_user(ada, ada.model_copy(update={"name": "Wrong"}))

    rows = restore(world)

    assert rows[people.grace].code == "unreadable"
    assert world.user(people.ada).name == "Ada"


def test_unfinished_deletion_is_refused(world: World, people: People) -> None:
    assert world.invoke(delete_user, path={"user_id": people.ada}).status == 200
    user = world.user(people.ada)
    world.write(user, user.model_copy(update={"things_left": 1}))

    row = restore(world, people.ada, include_erased=True)[people.ada]

    assert row.code == "deletion_unfinished"


def test_user_that_the_backup_does_not_have_is_refused(world: World, people: People) -> None:
    with pytest.raises(NotFound, match="no user usr_unknown"):
        plan(world, "usr_unknown")


def test_interrupted_restore_continues_to_the_same_result(world: World) -> None:
    group = world.add_group("Readers", Permission.USER_VIEW)
    user = world.add_user("ada@example.com")
    world.join_group(user.id, group)
    world.add_note(user.id, "A note")
    back_up(world)
    erase(world, user.id)
    lose(world, Key(f"GROUP#{group}", f"GROUP#{group}"))
    started, undisturbed = Snapshot.of(world), Injection()
    run_with(world, undisturbed)
    wanted = _ends(world)
    known: set[str] = set()

    for site, call in choose_sites(undisturbed.calls):
        for variant in (each for each in variants_of(call) if each.kind is Kind.CRASH):
            started.restore(world)
            with suppress(Crash):
                run_with(world, Injection(site, variant))
            if (state := repr(sorted(map(repr, world.stored())))) not in known:
                known.add(state)
                run_with(world, let_through)
                assert _ends(world) == wanted, f"{call} (#{site}), {variant}"
    assert len(known) >= 4, "before, with the group, with the user, with the note"


def run_with(world: World, interception: Interception) -> None:
    world.aws.intercept = interception
    try:
        restore(world, include_erased=True)
    finally:
        world.aws.intercept = let_through


def _ends(world: World) -> list[Any]:
    ignored = {"requestId", "id", "sk", "pk", "gsi1sk", "gsi2sk"}
    stored = [
        {name: value for name, value in item.items() if name not in ignored}
        if item["pk"].startswith("JOURNAL#")
        else item
        for item in world.items()
    ]
    return sorted(map(repr, stored))
