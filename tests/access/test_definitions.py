"""Groups and roles are created and updated in the same way (G1, R1, R4)."""

from __future__ import annotations

import pytest

from rollcall.access.definitions import Definition, Redefinition, define, redefine
from rollcall.access.policy import find_policy
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.listed_entity import GrantingEntity
from rollcall.kit.model import Answer
from tests.world.world import World

VIEW, DELETE = Permission.USER_VIEW, Permission.USER_DELETE
KINDS = pytest.mark.parametrize(("kind", "new_id"), [(Group, "grp_1"), (Role, "rol_1")])


class Described(Answer):
    """What was written, and the permissions that the answer shows."""

    name: str
    description: str | None
    version: int
    permissions: tuple[Permission, ...]

    @classmethod
    def of(cls, entity: GrantingEntity, permissions: tuple[Permission, ...]) -> Described:
        return cls(
            name=entity.name,
            description=entity.description,
            version=entity.version,
            permissions=permissions,
        )


def granted(world: World) -> tuple[dict[str, tuple[Permission, ...]], ...]:
    """What groups and roles grant, as stored."""
    policy = find_policy(world.runtime.table, world.clock.now)[1]
    return dict(policy.groups), dict(policy.roles)


@KINDS
def test_definition_is_stored_with_its_permissions(
    world: World, kind: type[GrantingEntity], new_id: str
) -> None:
    request = Definition(name="Readers", permissions=(VIEW,))

    answer = define(world.call(), kind, new_id, request, Described.of)

    assert answer == Described(name="Readers", description=None, version=1, permissions=(VIEW,))
    assert granted(world) == (({new_id: (VIEW,)}, {}) if kind is Group else ({}, {new_id: (VIEW,)}))


@KINDS
def test_only_sent_fields_change(world: World, kind: type[GrantingEntity], new_id: str) -> None:
    request = Definition(name="Readers", description="They read", permissions=(VIEW,))
    define(world.call(), kind, new_id, request, Described.of)

    for sent, expected in (
        (Redefinition(), ("Readers", "They read", 1, (VIEW,))),
        (Redefinition(name="Editors"), ("Editors", "They read", 2, (VIEW,))),
        (Redefinition(description=None), ("Editors", None, 3, (VIEW,))),
        (Redefinition(permissions=(DELETE,)), ("Editors", None, 4, (DELETE,))),
    ):
        entity = world.runtime.table.load(kind, new_id)
        answer = redefine(world.call(), entity, sent, Described.of)
        assert tuple(dict(answer).values()) == expected
