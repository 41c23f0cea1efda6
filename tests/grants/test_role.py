"""Roles (R1)."""

from __future__ import annotations

from datetime import UTC, datetime

from rollcall.grants.built_in_roles import BUILT_IN_ROLES, ORGANIZATION_ROLES, SYSTEM
from rollcall.grants.permissions import Permission
from rollcall.grants.role import (
    ROLE_NAME,
    Role,
    RoleAnswer,
    ensure_built_in_roles,
)
from rollcall.kit.entity import Claim
from tests.world.opening import open_world
from tests.world.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_role(name: str) -> Role:
    return Role(id="rol_1", created_at=NOW, updated_at=NOW, name=name)


def test_names_are_unique_regardless_of_case() -> None:
    assert make_role("Straße").claims() == make_role("STRASSE").claims()
    assert make_role("Support").claims() == {Claim(ROLE_NAME, "support")}


def test_deleted_role_has_no_name_and_is_not_listed_or_counted() -> None:
    role = make_role("Support")
    deleted = role.as_erased()
    assert (len(role.claims()), len(role.index()), len(role.counts())) == (1, 2, 1)
    assert (deleted.claims(), deleted.index(), deleted.counts()) == (frozenset(), {}, {})
    assert not deleted.exists


def test_answer_shows_the_permissions_of_the_role() -> None:
    answer = RoleAnswer.of(make_role("Support"), (Permission.USER_VIEW,))
    assert (answer.name, answer.permissions) == ("Support", (Permission.USER_VIEW,))
    assert (answer.built_in, answer.holder_count) == (False, 0)


def test_every_deployment_has_the_built_in_roles_under_the_same_ids(world: World) -> None:
    roles = [world.runtime.table.load(Role, each.id) for each in BUILT_IN_ROLES]
    assert [(role.name, role.built_in, role.version) for role in roles] == [
        ("System", True, 1),
        ("Admin", True, 1),
        ("User", True, 1),
        ("Guest", True, 1),
    ]
    assert {each.id for each in BUILT_IN_ROLES} - ORGANIZATION_ROLES == {SYSTEM.id}


def test_creating_built_in_roles_again_keeps_their_edits(world: World) -> None:
    world.grant_to_role("rol_guest", (Permission.USER_VIEW,))
    stored = world.stored()
    ensure_built_in_roles(world.call())
    assert world.stored() == stored


def test_journal_names_the_deployment_as_creator_of_built_in_roles() -> None:
    with open_world(with_admin=False) as world:
        ensure_built_in_roles(world.call("create_first_admin"))
        entries = [entry for each in BUILT_IN_ROLES for entry in world.journal(each.id)]
    assert [(entry.action, entry.actor.kind) for entry in entries] == [
        ("create_first_admin", "system")
    ] * len(BUILT_IN_ROLES)
