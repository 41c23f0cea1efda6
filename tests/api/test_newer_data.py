"""This version keeps what a newer version of the code has stored, as during a deployment or after a
rollback.

Operations run with their roles here, whose policies name only the attributes that this version
knows. So a write that repeated unknown attributes would be denied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from functions.jobs.reconcile_all_identities import reconcile_all_identities
from functions.jobs.rotate_signing_keys import rotate_signing_keys
from functions.reactions.admit_sign_in import admit_sign_in
from functions.users.get_user import get_user
from functions.users.update_user import update_user
from rollcall.accounts.position import PassPosition
from rollcall.directory.snapshots import DirectoryState
from rollcall.grants import built_in_roles
from rollcall.grants.grant import Grant
from rollcall.invitations.invitation import Invitation
from rollcall.kit.entity import SCHEMA_ATTRIBUTE, Entity, Item, Key, Row, Stored
from rollcall.kit.errors import NewerData
from rollcall.kit.idempotency import StoredAnswer, erase_answers
from rollcall.kit.journal import JournalEntry
from rollcall.kit.key_rotation import KINDS, ROTATED_AFTER
from rollcall.kit.model import camel_case
from rollcall.kit.operation import Operation
from rollcall.kit.throttle import Throttle
from rollcall.kit.transaction import Change
from rollcall.lifecycle.runs import StepRow
from rollcall.resources.resource import ListingRow
from rollcall.users.fields import Profile
from rollcall.users.user import User
from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Scene
from tests.world.iam import acting_as
from tests.world.world import World

LATER = "laterAttribute"
"""An attribute that a newer version has introduced."""
CHANGING = {each.name: each for each in read_catalog().operations if each.writes and each.changes}
type Path = tuple[str, ...]


def find_kinds[S: Stored](base: type[S]) -> Iterator[type[S]]:
    """The kinds of stored items below a class: those with a partition and without subclasses."""
    for kind in base.__subclasses__():
        yield from find_kinds(kind)
        ours = kind.__module__.startswith("rollcall.")
        if ours and not kind.__subclasses__() and hasattr(kind, "partition"):
            yield kind


ENTITIES = sorted({*find_kinds(Entity)}, key=lambda kind: kind.__name__)
ROWS = sorted({*find_kinds(Row)}, key=lambda kind: kind.__name__)


def named(kind: type[Any]) -> str:
    return kind.__name__


def read(item: Item | None, path: Path) -> Any:
    """The value at a path of an item; None if there is none."""
    found: Any = item
    for name in path:
        found = (found or {}).get(name)
    return found


# Every kind of entity.

MOMENT = datetime(2026, 1, 5, 9, tzinfo=UTC)
CANDIDATES: tuple[Any, ...] = ("first", "second", 1, 2, True, MOMENT, {}, (), {"first": ()})
REFERENCES = {"default_role_id": built_in_roles.USER.id}
"""Values of fields that must name an entity that exists."""


def find_values(annotation: Any) -> Iterator[Any]:
    """Different values of a field's type."""
    members = [
        member
        for each in (annotation, *get_args(annotation))
        if isinstance(each, type) and issubclass(each, Enum)
        for member in each
    ]
    for value in (*members, *CANDIDATES):
        try:
            yield TypeAdapter(annotation).validate_python(value, strict=not members)
        except ValidationError:
            continue


def make(kind: type[Entity]) -> Entity:
    """An entity with a value in each required field."""
    required = {
        name: REFERENCES.get(name) or next(find_values(field.annotation))
        for name, field in kind.model_fields.items()
        if field.is_required()
    }
    return kind.model_validate({**required, "created_at": MOMENT, "updated_at": MOMENT})


def find_models(model: BaseModel, without: tuple[str, ...] = ()) -> Iterator[tuple[str, BaseModel]]:
    """The nested models of a model by their fields."""
    for name in type(model).model_fields.keys() - without:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield name, value


def find_maps(model: BaseModel, without: tuple[str, ...] = ()) -> Iterator[Path]:
    """The paths of the item and of the nested models in it, at every depth."""
    yield ()
    for name, nested in find_models(model, without):
        yield from ((camel_case(name), *path) for path in find_maps(nested))


def change_once(entity: Entity) -> Entity:
    """The entity with another value in one of its fields, and in each nested model."""
    for name, field in type(entity).model_fields.items():
        fixed = {*Entity.model_fields, *entity.row_fields, *entity.unversioned_fields}
        for value in find_values(field.annotation) if name not in fixed else ():
            changed = entity.model_copy(update={name: value, **change_models(entity)})
            moved = (changed.key(), changed.claims()) != (entity.key(), entity.claims())
            if changed.facts() != entity.facts() and not moved and not changed.emptied:
                return changed
    raise AssertionError(f"{entity.kind} has no field to change")


def change_models(entity: Entity) -> dict[str, BaseModel]:
    """The nested models, each with another text."""
    changed: dict[str, BaseModel] = {}
    for name, model in find_models(entity, entity.row_fields):
        fields = type(model).model_fields
        text = next(each for each, field in fields.items() if field.annotation == str | None)
        changed[name] = model.model_copy(update={text: "second"})
    return changed


def store(world: World, kind: type[Entity]) -> Entity:
    """A stored entity of a kind, as it is read."""
    made = make(kind)
    if world.runtime.table.get_item(made.key()) is None:
        world.call().commit(Change(None, made), answer=lambda written: written)
    return reread(world, made)


def reread(world: World, entity: Entity) -> Entity:
    item = world.runtime.table.get_item(entity.key())
    return type(entity).model_validate(item)


@pytest.mark.parametrize("kind", ENTITIES, ids=named)
def test_entity_keeps_what_a_newer_version_has_stored(world: World, kind: type[Entity]) -> None:
    stored = store(world, kind)
    paths = [(*path, LATER) for path in find_maps(stored, kind.row_fields)]
    for path in paths:
        world.plant(stored.key(), path, {"kept": list(path)})
    before = reread(world, stored)

    world.commit(before, change_once(before))

    item = world.runtime.table.get_item(stored.key())
    assert [read(item, path) for path in paths] == [{"kept": list(path)} for path in paths]
    after = reread(world, stored)
    assert (after.version, after.facts()) == (before.version + 1, change_once(before).facts())
    assert LATER not in world.journal(stored.id)[-1].changes


@pytest.mark.parametrize("kind", ENTITIES, ids=named)
def test_entity_of_a_newer_schema_is_read_and_not_written(world: World, kind: type[Entity]) -> None:
    stored = store(world, kind)
    world.plant(stored.key(), (SCHEMA_ATTRIBUTE,), kind.current_schema + 1)
    before, written = reread(world, stored), world.stored()

    with pytest.raises(NewerData) as refused:
        world.commit(before, change_once(before))
    with pytest.raises(NewerData):
        world.runtime.table.update_unversioned(before, {"seenAt": 1})
    with pytest.raises(NewerData):
        world.commit(before, before)

    assert (refused.value.status, refused.value.code) == (503, "newer_data")
    assert before == stored.model_copy(update={"schema_version": kind.current_schema + 1})
    assert world.stored() == written


def test_users_have_a_nested_map() -> None:
    user = make(User)
    assert [*find_maps(user, user.row_fields)] == [(), ("profile",)]
    assert isinstance(change_models(user)["profile"], Profile)


def find_listed_models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in lists within a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field in annotation.model_fields.values():
            yield from find_listed_models(field.annotation)
    for each in get_args(annotation):
        listed = get_origin(annotation) in {tuple, list}
        if listed and isinstance(each, type) and issubclass(each, BaseModel):
            yield each
        yield from find_listed_models(each)


@pytest.mark.parametrize("kind", [*ENTITIES, *ROWS], ids=named)
def test_lists_that_are_stored_contain_no_models_because_they_are_replaced_whole(
    kind: type[Stored],
) -> None:
    fields = kind.model_fields.items()
    own = [field.annotation for name, field in fields if name not in kind.row_fields]
    assert not [model for each in own for model in find_listed_models(each)]


def test_lists_of_models_are_found() -> None:
    assert set(find_listed_models(User)) >= set(User.grant_fields.values())


# Every kind of row.


def change_grant(kind: type[Grant]) -> Callable[[World], Key]:
    """Changes a grant of this kind: it gets an expiry."""

    def change(world: World) -> Key:
        group_id, role_id = world.add_group("Readers"), world.add_role("Reader")
        ids = {"group_id": group_id, "role_id": role_id, "permission": "user.view"}
        ids |= {"organization_id": world.add_organization("Example Corp"), "role": "member"}
        user = world.add_user()
        grant = kind.model_validate({"user_id": user.id, **ids})
        field = next(name for name, each in User.grant_fields.items() if each is kind)
        user = world.change_user(user, user.with_grants(field, [grant]))
        plant_later(world, grant.key())
        user = world.user(user.id)
        (held,) = getattr(user, field)
        limited = held.model_copy(update={"ends_at": world.clock.now + timedelta(days=1)})
        world.change_user(user, user.with_grants(field, [limited]))
        assert getattr(world.user(user.id), field) == (limited,)
        return grant.key()

    return change


def plant_later(world: World, key: Key) -> None:
    world.plant(key, (LATER,), "kept")


def change_listing(world: World) -> Key:
    user, group_id = world.add_user(), world.add_group("Readers")
    user = world.join_group(user.id, group_id)
    resource = world.add_resource(user.id, group_id=group_id)
    (row,) = resource.rows()
    plant_later(world, row.key())
    world.change_resource(resource, resource.model_copy(update={"orphaned": True}))
    assert (world.runtime.table.get_item(row.key()) or {})["orphaned"]
    return row.key()


def change_answer(world: World) -> Key:
    example = EXAMPLES["create_user"](Scene(world))
    reply = world.invoke(
        CHANGING["create_user"], body=example.body, headers={"Idempotency-Key": "1"}
    )
    (found,) = (item for item in world.items() if "answer" in item)
    key = Key(found["pk"], found["sk"])
    plant_later(world, key)
    erase_answers(world.runtime.table, reply.body["id"])
    assert "answer" not in (world.runtime.table.get_item(key) or {})
    return key


def change_directory(world: World) -> Key:
    world.build_directory()
    state = DirectoryState.read(world.runtime.table)
    assert state is not None
    key = state.key()
    plant_later(world, key)
    world.clock.advance(hours=2)
    world.add_user()
    before = world.runtime.table.get_item(key) or {}
    world.build_directory()
    assert (world.runtime.table.get_item(key) or {})["snapshotId"] != before["snapshotId"]
    return key


def change_position(world: World) -> Key:
    reconcile_all_identities.run(world.runtime)
    position = PassPosition.read(world.runtime.table)
    assert position is not None
    plant_later(world, position.key())
    world.clock.advance(days=1)
    reconcile_all_identities.run(world.runtime)
    assert PassPosition.read(world.runtime.table) != position
    return position.key()


CHANGES: Mapping[type[Row], Callable[[World], Key]] = {
    **{kind: change_grant(kind) for kind in ROWS if issubclass(kind, Grant)},
    ListingRow: change_listing,
    StoredAnswer: change_answer,
    DirectoryState: change_directory,
    PassPosition: change_position,
}
NEVER_CHANGED: Mapping[str, str] = {
    StepRow.__name__: "a run writes each step once",
    JournalEntry.__name__: "the journal is only appended to",
    "JournalTail": "a resource for declarations, which names journal entries",
}


def test_every_kind_of_row_is_either_changed_here_or_never_changed() -> None:
    assert {named(kind) for kind in ROWS} == {*map(named, CHANGES), *NEVER_CHANGED}


@pytest.mark.parametrize("kind", CHANGES, ids=named)
def test_row_keeps_what_a_newer_version_has_stored(world: World, kind: type[Row]) -> None:
    key = CHANGES[kind](world)
    assert (world.runtime.table.get_item(key) or {})[LATER] == "kept"


@pytest.mark.parametrize("removed", [True, False], ids=["removed", "changed"])
@pytest.mark.parametrize("kind", [kind for kind in ROWS if issubclass(kind, Grant)], ids=named)
def test_grant_of_a_newer_schema_is_neither_changed_nor_removed(
    world: World, kind: type[Grant], removed: bool
) -> None:
    user = world.user(change_grant(kind)(world).pk.removeprefix("USER#"))
    ((field, (grant,)),) = (
        (name, getattr(user, name)) for name in User.grant_fields if getattr(user, name)
    )
    world.plant(grant.key(), (SCHEMA_ATTRIBUTE,), kind.current_schema + 1)
    user, written = world.user(user.id), world.stored()

    kept = [each.model_copy(update={"ends_at": None}) for each in getattr(user, field)]
    with pytest.raises(NewerData):
        world.write(user, user.with_grants(field, [] if removed else kept))
    assert world.stored() == written

    world.write(user, user.model_copy(update={"name": "The grant is not written"}))
    assert world.user(user.id).name == "The grant is not written"


def test_signing_key_keeps_what_a_newer_version_has_stored(world: World) -> None:
    for kind in KINDS:
        world.plant(kind.key(), (LATER,), "kept", world.runtime.keys.name)
    world.clock.advance(days=ROTATED_AFTER.days + 1)
    with acting_as(rotate_signing_keys):
        assert rotate_signing_keys.run(world.runtime).rotated == len(KINDS)
    assert [(world.runtime.keys.get_item(kind.key()) or {})[LATER] for kind in KINDS] == [
        "kept"
    ] * 2


# Every operation that changes something, with what follows from it.


def plant_everywhere(world: World, name: str, value: Any) -> None:
    for item in world.items():
        world.plant(Key(item["pk"], item["sk"]), (name,), value)
        if "profile" in item:
            world.plant(Key(item["pk"], item["sk"]), ("profile", LATER), value)


def by_key(world: World) -> dict[Key, Item]:
    return {Key(item["pk"], item["sk"]): item for item in world.items()}


def may_lose(before: Item, after: Item) -> bool:
    """Whether the content was deleted: what a newer version stored can be personal data."""
    return any(after.get(mark) and not before.get(mark) for mark in ("erased", "anonymizedAt"))


@pytest.mark.parametrize("operation", CHANGING.values(), ids=CHANGING)
def test_operation_and_reactions_keep_what_a_newer_version_has_stored(
    world: World, operation: Operation[Any, Any]
) -> None:
    example = EXAMPLES[operation.name](Scene(world))
    plant_everywhere(world, LATER, "kept")
    before = by_key(world)

    reply = world.invoke(operation, path=example.path, body=example.body, query=example.query)
    world.drain()

    assert reply.status == operation.status
    after = by_key(world)
    surviving = [key for key in before if key in after and not may_lose(before[key], after[key])]
    lost = [key for key in surviving if after[key].get(LATER) != "kept"]
    assert not lost
    with_profile = [key for key in surviving if "profile" in before[key]]
    assert with_profile
    assert all(after[key]["profile"][LATER] == "kept" for key in with_profile)


@pytest.mark.parametrize("operation", CHANGING.values(), ids=CHANGING)
def test_operation_writes_no_item_of_a_newer_schema(
    world: World, operation: Operation[Any, Any]
) -> None:
    example = EXAMPLES[operation.name](Scene(world))
    plant_everywhere(world, SCHEMA_ATTRIBUTE, 2)
    before = by_key(world)

    reply = world.invoke(operation, path=example.path, body=example.body, query=example.query)

    after = by_key(world)
    assert reply.status in {503, operation.status}, reply.body
    if reply.status == 503:
        counted = {key for key in after if key.pk.startswith(Throttle.partition)}
        assert reply.code == "newer_data"
        assert {key: after[key] for key in after.keys() - counted} == before
    for key, item in before.items():
        assert after[key][SCHEMA_ATTRIBUTE] == 2
        assert after[key].get("version") == item.get("version")


# What is not carried on, and what is.


def test_content_that_is_deleted_takes_along_what_a_newer_version_has_stored(world: World) -> None:
    invitation = world.add_invitation()
    user = world.user(invitation.user_id)
    for key in (invitation.key(), user.key()):
        world.plant(key, (LATER,), "jane@example.com")

    user = world.user(user.id)
    world.change_user(user, user.as_erased(world.clock.now))

    assert world.user(user.id).erased
    assert world.invitation(invitation.id).anonymized_at
    assert LATER not in repr(world.items())


def test_tombstone_keeps_what_a_newer_version_has_stored_in_it(world: World) -> None:
    erased = world.add_invitation()
    world.commit(erased, erased.anonymized(world.clock.now))
    tombstone = world.invitation(erased.id)
    world.plant(tombstone.key(), (LATER,), "kept")
    world.commit(tombstone, tombstone.withdrawn())
    assert (world.runtime.table.get_item(tombstone.key()) or {})[LATER] == "kept"
    assert Invitation.current_schema == 1


def test_restored_user_has_what_a_newer_version_had_stored(world: World) -> None:
    user = world.add_user(profile=Profile(city="Rome"))
    for path in ((LATER,), ("profile", LATER)):
        world.plant(user.key(), path, "kept")
    user = world.change_user(user, user.as_deleted(world.clock.now))
    world.change_user(user, user.as_restored(world.clock.now))

    item = world.runtime.table.get_item(user.key())
    assert [read(item, path) for path in ((LATER,), ("profile", LATER))] == ["kept", "kept"]


def test_change_that_is_taken_back_leaves_what_a_newer_version_has_stored(world: World) -> None:
    user = world.add_user(profile=Profile(city="Rome"))
    world.plant(user.key(), ("profile", LATER), "kept")
    user = world.user(user.id)
    moved = user.model_copy(update={"profile": Profile(city="Oslo", country="NO")})
    call = world.call()
    call.commit(Change(user, moved), answer=lambda written: written)
    (committed,) = call.committed
    call.take_back(Change(committed.after, user))

    item = world.runtime.table.get_item(user.key())
    assert read(item, ("profile",)) == {**user.item()["profile"], LATER: "kept"}


# Reading.


def send_rename(world: World, user_id: str) -> Any:
    return world.invoke(update_user, path={"user_id": user_id}, body={"name": "New"})


@pytest.mark.parametrize("key", [("status",), ("profile", "birthDate")], ids=".".join)
def test_newer_data_that_cannot_be_read_is_a_clear_error(world: World, key: Path) -> None:
    user = world.add_user()
    world.plant(user.key(), (SCHEMA_ATTRIBUTE,), User.current_schema + 1)
    world.plant(user.key(), key, "of a newer version")
    written = world.stored()

    shown = world.invoke(get_user, path={"user_id": user.id})
    for reply in (shown, send_rename(world, user.id)):
        assert (reply.status, reply.code) == (503, "newer_data")
        assert reply.body["detail"].endswith("Send the same request again in a few minutes.")
    assert world.stored() == written


def test_data_that_cannot_be_read_without_a_newer_schema_is_an_internal_error(
    world: World,
) -> None:
    user = world.add_user()
    world.plant(user.key(), ("status",), "of nobody")
    reply = world.invoke(get_user, path={"user_id": user.id})
    assert (reply.status, reply.code) == (500, "internal_error")


def test_newer_data_is_shown_and_not_renamed(world: World) -> None:
    user = world.add_user(name="Old")
    world.plant(user.key(), (SCHEMA_ATTRIBUTE,), User.current_schema + 1)
    shown = world.invoke(get_user, path={"user_id": user.id})
    assert (shown.status, shown.body["name"]) == (200, "Old")
    assert send_rename(world, user.id).code == "newer_data"
    assert world.user(user.id).name == "Old"


def test_sign_in_works_with_newer_data(world: World) -> None:
    user = world.add_user()
    world.sign_in(user.id)
    item = next(item for item in world.items() if item["sk"] == "#SIGN_IN")
    world.plant(Key(item["pk"], item["sk"]), (SCHEMA_ATTRIBUTE,), 2)
    event = {"userName": user.id, "triggerSource": "TokenGeneration_Authentication"}
    with acting_as(admit_sign_in):
        admit_sign_in.react(event, world.runtime)
    assert world.sign_ins(user.id).count == item["count"]
    assert world.sign_ins(user.id).version == item["version"]
