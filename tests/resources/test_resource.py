"""Resources: their indexes, their counters and their owners."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rollcall.grants.grant import Period
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.grants.scopes import Scope
from rollcall.kit.actor import Actor
from rollcall.kit.call import Call
from rollcall.kit.entity import Counter
from rollcall.kit.errors import Conflict, Forbidden, NotFound
from rollcall.kit.transaction import Change
from rollcall.resources.resource import (
    Resource,
    find_resources,
    load_resource,
    load_resources,
    load_workspace,
    without_deleted_groups,
)
from rollcall.users.owned import active_workspaces_of, resources_of
from rollcall.users.resource_types import WORKSPACE, OwnerDeletion
from rollcall.users.user import User
from tests.world.clock import START
from tests.world.world import World


def resource(**fields: Any) -> Resource:
    common = {"id": "wsp_1", "created_at": START, "updated_at": START, "user_id": "usr_1"}
    return Resource(**{**common, "type": WORKSPACE, **fields})


def names(counted: Resource) -> set[tuple[Counter, int]]:
    return set(counted.counts().items())


def test_active_workspace_counts_for_its_owner_and_its_group() -> None:
    assert names(resource(group_id="grp_1")) == {
        (resources_of("usr_1", WORKSPACE), 1),
        (active_workspaces_of("usr_1", "grp_1"), 1),
        (_in_group("grp_1"), 1),
    }


def _in_group(group_id: str) -> Counter:
    (counter,) = resource(group_id=group_id, orphaned=True).counts()
    assert counter.key == Group.key_of(group_id)
    assert counter.attribute == "activeWorkspaceCount"
    return counter


@pytest.mark.parametrize(
    "fields",
    [{"active": False, "group_id": "grp_1"}, {}, {"type": "persona", "group_id": "grp_1"}],
    ids=["archived", "of no group", "no workspace"],
)
def test_other_resources_count_for_their_owner_only(fields: dict[str, Any]) -> None:
    made = resource(**fields)
    assert names(made) == {(resources_of("usr_1", made.type), 1)}


def test_orphaned_and_deleted_resources_count_for_no_user() -> None:
    assert not resource(orphaned=True).counts()
    assert not resource(group_id="grp_1").as_erased().counts()


def test_resource_is_listed_in_its_indexes() -> None:
    made = resource(group_id="grp_1", orphaned=True)
    assert made.index() == {
        "gsi1pk": "OWNER#usr_1",
        "gsi1sk": "workspace#wsp_1",
        "gsi2pk": "TYPE#workspace",
        "gsi2sk": "wsp_1",
    }
    (place,) = made.rows()
    assert place.index() == {
        "gsi1pk": "WORKSPACES#grp_1",
        "gsi1sk": "wsp_1",
        "gsi2pk": "ORPHANED#workspace",
        "gsi2sk": "wsp_1",
    }
    assert place.key().pk == made.key().pk


@pytest.mark.parametrize("made", [resource(), resource(type="persona", group_id="grp_1")])
def test_owned_resource_outside_groups_has_no_second_row(made: Resource) -> None:
    assert made.rows() == ()


def test_tombstone_has_no_data_and_is_not_listed() -> None:
    made = resource(name="Notes", group_id="grp_1", external_id="ws-1", last_accessed_at=START)

    erased = made.as_erased()

    assert (erased.rows(), erased.index(), erased.claims()) == ((), {}, frozenset())
    kept = {"id", "type", "userId", "active", "orphaned", "erased"}
    assert erased.facts().keys() == kept
    assert made.released(OwnerDeletion.CASCADE) == erased


def test_external_id_is_claimed_within_its_type() -> None:
    (claim,) = resource(external_id="ws-1").claims()
    assert claim.key.pk == "CLAIM#resource#workspace#ws-1"
    assert resource().claims() == frozenset()


@pytest.mark.parametrize("rule", [OwnerDeletion.ORPHAN, OwnerDeletion.REFUSE])
def test_resource_without_cascade_is_orphaned_and_keeps_the_last_owner(rule: OwnerDeletion) -> None:
    released = resource(group_id="grp_1", name="Notes").released(rule)
    assert (released.orphaned, released.user_id, released.name) == (True, "usr_1", "Notes")


@pytest.mark.parametrize("group_id", [None, "grp_1"])
def test_owner_needs_a_membership_in_force_only_for_a_group(group_id: str | None) -> None:
    box = Period(starts_at=START, ends_at=START + timedelta(hours=1))
    user = User(id="usr_2", created_at=START, updated_at=START)
    member, made = (
        user.with_membership("grp_1", period=box),
        resource(group_id=group_id, orphaned=True),
    )

    owned = made.owned_by(member, START)

    assert (owned.user_id, owned.orphaned) == ("usr_2", False)
    for owner, moment in ((user, START), (member, START + timedelta(hours=1))):
        if group_id is None:
            assert made.owned_by(owner, moment) == owned
        else:
            with pytest.raises(Conflict) as refused:
                made.owned_by(owner, moment)
            assert refused.value.code == "owner_not_in_group"


def test_last_access_never_moves_backwards() -> None:
    later = resource().accessed(START + timedelta(hours=1))
    assert later.last_accessed_at == START + timedelta(hours=1)
    assert later.accessed(START) == later
    assert later.accessed(None) == later
    assert resource().accessed(None) == resource()


def acting(world: World, actor: Actor) -> Call:
    call = world.call()
    return Call(**{**vars(call), "actor": actor})


def test_workspace_is_loaded_with_the_permission_for_its_group(world: World) -> None:
    owner, group_id = world.add_user().id, world.add_group("Writers")
    of_group, of_none = world.add_resource(owner, group_id=group_id), world.add_resource(owner)
    persona = world.add_resource(owner, "persona", group_id=group_id)
    permission = Permission.WORKSPACE_DELETE
    scoped = {str(permission): frozenset({group_id})}
    group_admin = acting(world, Actor(kind="user", id="usr_1", scoped=scoped))
    holder = acting(world, Actor(kind="user", id="usr_1", permissions=frozenset({permission})))

    assert load_workspace(group_admin, of_group.id, permission) == of_group
    assert load_workspace(holder, of_none.id, permission) == of_none
    for call, each, wanted in (
        (group_admin, of_none, permission),
        (group_admin, persona, permission),
        (group_admin, of_group, Permission.WORKSPACE_TRANSFER),
        (holder, persona, permission),
    ):
        with pytest.raises(NotFound) as refused:
            load_workspace(call, each.id, wanted)
        assert refused.value.detail == "Workspace not found"


def test_resources_of_an_owner_are_found_after_orphaned_ones(world: World) -> None:
    owner = world.add_user().id
    resources = sorted(world.add_resources(5, owner), key=lambda each: each.id)
    for each in resources[:3]:
        world.change_resource(each, each.released(OwnerDeletion.ORPHAN))

    assert find_resources(world.runtime.table, owner, 1) == resources[3:4]
    assert find_resources(world.runtime.table, owner, 9) == resources[3:]


def test_lagging_index_shows_no_resources_of_other_users(world: World) -> None:
    owner, heir = world.add_user().id, world.add_user().id
    moved = world.add_resource(owner)
    world.change_resource(moved, moved.model_copy(update={"user_id": heir}))
    stale = {"gsi1pk": f"OWNER#{owner}"}
    world.runtime.table.update_unversioned(moved.key(), stale)
    assert find_resources(world.runtime.table, owner, 9) == []


def test_resources_are_loaded_in_the_order_of_the_ids_without_deleted_ones(world: World) -> None:
    one, two, three = world.add_resources(3, world.add_user().id)
    world.change_resource(two, two.as_erased())
    ids = [three.id, two.id, "wsp_unknown", one.id]
    assert load_resources(world.runtime.table, ids) == [three, one]


def test_deleted_groups_are_left_out(world: World) -> None:
    owner, kept, gone = world.add_user().id, world.add_group("Kept"), world.add_group("Gone")
    resources = [
        world.add_resource(owner, group_id=group_id, active=False)
        for group_id in (kept, gone, None)
    ]
    group = world.group(gone)
    world.call().commit(Change(group, group.as_erased()), answer=lambda written: written)

    found = without_deleted_groups(world.runtime.table, resources)

    assert [each.group_id for each in found] == [kept, None, None]
    assert [each.id for each in found] == [each.id for each in resources]


def test_resource_is_loaded_for_a_service_that_has_its_type(world: World) -> None:
    persona = world.add_resource(world.add_user().id, "persona")
    mine, theirs = (
        acting(world, Actor(kind="client", id="svc", scoped={Scope.RESOURCES: frozenset({each})}))
        for each in ("persona", "workspace")
    )

    assert load_resource(mine, persona.id) == persona
    with pytest.raises(Forbidden) as refused:
        load_resource(theirs, persona.id)
    assert refused.value.code == "scope_missing"
    with pytest.raises(NotFound):
        load_resource(theirs, "res_unknown")
