"""The invariants detect violations. Each test corrupts one kind of item in a table that contains
items of all kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from rollcall.grants.grant import GroupRole, Membership, RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.users.resource_types import WORKSPACE
from tests.api.examples import Scene
from tests.faults.count_invariants import (
    check_claims,
    check_counts,
    check_endings,
    check_granting,
    check_owners,
    check_remains,
    check_rows,
)
from tests.faults.invariants import check_settled
from tests.faults.journal_invariants import check_journal
from tests.faults.stored import Item, Stored
from tests.world.opening import open_world
from tests.world.world import ADMIN_EMAIL, World

type Corruption = Callable[[Item], object]


def check(stored: Stored) -> Iterator[str]:
    """The invariants that need only the table."""
    yield from check_counts(stored)
    yield from check_claims(stored)
    yield from check_rows(stored)
    yield from check_owners(stored)
    yield from check_endings(stored)
    yield from check_granting(stored)
    yield from check_journal(stored)
    yield from check_remains(stored)


def fill(world: World) -> None:
    """Add the scene, grants of all kinds, and the remains of deletions."""
    scene = Scene.complete(world)
    now = world.clock.now
    busy = world.user(scene.user_id)
    box: dict[str, Any] = {"starts_at": now, "ends_at": now + timedelta(days=1)}
    granted = busy.with_grants("role_grants", [RoleGrant(user_id=busy.id, role_id=scene.role_id)])
    boxed = Membership(user_id=busy.id, group_id=scene.group_id, role=GroupRole.ADMIN, **box)
    world.change_user(busy, granted.with_grants("memberships", [boxed]))
    world.add_user(permissions=(Permission.USER_VIEW,), unique_id="EMP-1", phone="+4915112345678")
    world.add_group("Granting", Permission.USER_VIEW)
    world.add_resource(
        scene.owner_id, group_id=scene.busy_group_id, active=False, external_id="e-1"
    )
    gone = world.add_user()
    orphan = world.add_resource(gone.id)
    lost = orphan.model_copy(update={"orphaned": True})
    world.change_resource(orphan, lost)
    world.change_user(gone, gone.as_erased(now))


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """The items of a world without violations."""
    with open_world() as world:
        fill(world)
        assert check_settled(world) == []
        return world.items()


def having(**wanted: Any) -> Callable[[Item], bool]:
    """Select items with these values and with this prefix of the sort key."""

    def matches(item: Item) -> bool:
        begins = wanted.get("sk", "")
        rest = {name: value for name, value in wanted.items() if name != "sk"}
        return item["sk"].startswith(begins) and all(item.get(n) == v for n, v in rest.items())

    return matches


def put(name: str, value: Any) -> Corruption:
    """Set another value."""
    return lambda item: item.update({name: value})


def drop(name: str) -> Corruption:
    """Remove a value."""
    return lambda item: item.pop(name, None)


def vanish(item: Item) -> None:
    """Remove the item."""
    item.clear()


WORKSPACE_IN_USE = having(type=WORKSPACE, active=True, orphaned=False, sk="RESOURCE#")
ORPHAN = having(orphaned=True, sk="RESOURCE#")
MEMBER = having(role="member", sk="#GROUP#")
CORRUPTIONS: dict[str, tuple[Callable[[Item], bool], Corruption, str]] = {
    "a counter of all groups": (having(pk="COUNTER#GROUPS"), put("count", 99), "I4: count"),
    "a missing counter": (having(pk="COUNTER#ROLES"), vanish, "I4: count"),
    "a group's members": (having(sk="GROUP#"), put("memberCount", 9), "I4: memberCount"),
    "a group's workspaces": (
        having(sk="GROUP#"),
        put("activeWorkspaceCount", 9),
        "I4: activeWorkspaceCount",
    ),
    "a group's hidden members": (
        having(sk="GROUP#"),
        put("hiddenMemberCount", 9),
        "I4: hiddenMemberCount",
    ),
    "a shown member": (MEMBER, put("hidden", True), "I4: hiddenMemberCount"),
    "a role's holders": (having(sk="ROLE#"), put("holderCount", 9), "I4: holderCount"),
    "an organization's members": (having(sk="ORGANIZATION#"), put("memberCount", 9), "I4: member"),
    "an owner's resources": (having(sk="#OWNED"), put("type#persona", 7), "I4: type#persona"),
    "an owner's resources of no type": (having(sk="#OWNED"), put("type#x", -1), "I4: type#x"),
    "an owner's row": (having(sk="#OWNED"), vanish, "I4: type#"),
    "a user's email": (having(unique_id=None, sk="#USER"), put("email", "x@example.com"), "I5"),
    "a user's unique id": (having(uniqueId="EMP-1"), put("uniqueId", "EMP-2"), "I5"),
    "a group's name": (having(sk="GROUP#"), put("name", "Other"), "I5"),
    "a role's name": (having(sk="ROLE#"), put("name", "Other"), "I5"),
    "a slug": (having(sk="ORGANIZATION#"), put("slug", "other"), "I5"),
    "an external id": (having(externalId="e-1"), put("externalId", "e-2"), "I5"),
    "a claim": (having(sk="CLAIM"), vanish, "I5"),
    "a claim's owner": (having(sk="CLAIM"), put("owner", "usr_other"), "I5"),
    "a membership that is gone": (MEMBER, vanish, "I6: groups."),
    "a membership's role": (MEMBER, put("role", "admin"), "I6: groups."),
    "a membership's time": (having(role="admin", sk="#GROUP#"), drop("endsAt"), "I6: groups."),
    "a membership of another group": (MEMBER, put("groupId", "grp_x"), "I6: #GROUP#"),
    "a membership of another user": (MEMBER, put("userId", "usr_x"), "belongs to no user"),
    "a membership that no list finds": (MEMBER, drop("gsi1pk"), "is indexed as"),
    "an organization's role": (having(sk="#ORG#"), put("roleId", "rol_admin"), "I6: organiz"),
    "an organization that no list finds": (having(sk="#ORG#"), drop("gsi2sk"), "is indexed as"),
    "a role that is gone": (having(sk="#ROLE#rol_0"), vanish, "I6: roles."),
    "a deleted role with a holder": (having(sk="ROLE#"), put("erased", True), "has the role rol_"),
    "a deleted default role": (
        having(sk="ROLE#rol_user"),
        put("erased", True),
        "R1: the default role of",
    ),
    "a missing role that grants": (
        having(sk="ACCESS"),
        put("roles", {"rol_x": ["user.view"]}),
        "R1: rol_x",
    ),
    "a missing group that grants": (
        having(sk="ACCESS"),
        put("groups", {"grp_x": ["user.view"]}),
        "R1: grp_x",
    ),
    "a role that no list finds": (having(sk="#ROLE#"), drop("gsi2pk"), "is indexed as"),
    "the role System of an admin": (having(sk="#ROLE#rol_system"), vanish, "I6: isAdmin"),
    "a permission that is gone": (having(sk="#PERMISSION#"), vanish, "I6: permissions."),
    "a permission that no list finds": (having(sk="#PERMISSION#"), drop("gsi2pk"), "is indexed"),
    "a resource in no list of its owner": (WORKSPACE_IN_USE, drop("gsi1pk"), "is indexed as"),
    "a resource in no list of its type": (WORKSPACE_IN_USE, drop("gsi2sk"), "is indexed as"),
    "a missing index row of a workspace": (having(sk="#PLACE"), vanish, "is placed as"),
    "an orphan that no list finds": (having(orphaned=True, sk="#PLACE"), drop("gsi2pk"), "placed"),
    "a workspace in no list of its group": (
        having(orphaned=False, sk="#PLACE"),
        drop("gsi1sk"),
        "placed",
    ),
    "a resource's name": (WORKSPACE_IN_USE, put("name", "Other"), "I6: name"),
    "a resource that is an orphan": (WORKSPACE_IN_USE, put("orphaned", True), "its owner exists"),
    "an orphan that is none": (ORPHAN, put("orphaned", False), "W2: the tombstone"),
    "a workspace in use again": (having(externalId="e-1"), put("active", True), "I4: active"),
    "a workspace's owner outside of the group": (MEMBER, vanish, "that its owner is not in"),
    "a deleted group with a workspace": (having(sk="GROUP#"), put("erased", True), "W1"),
    "a user's version": (having(sk="#USER"), put("version", 99), "is at 99"),
    "a user who is gone": (having(email=ADMIN_EMAIL, sk="#USER"), vanish, "is in the journal only"),
    "a resource that is gone": (having(type="persona", sk="RESOURCE#"), vanish, "journal only"),
    "a note that is gone": (having(sk="NOTE#"), vanish, "is in the journal only"),
    "a note": (having(sk="NOTE#"), put("text", "Other"), "I6: text"),
    "an entry of the journal": (having(action="add_resource"), vanish, "with entries"),
    "an entry's value": (having(action="add_note"), put("changes", {}), "I6: text"),
    "the policy": (having(sk="ACCESS"), put("groups", {}), "I6: groups."),
    "a deleted organization that still grants": (
        having(sk="ORGANIZATION#"),
        put("erased", True),
        "keep its grants",
    ),
    "an ended organization": (having(sk="ACCESS"), put("ended", ["org_1"]), "O1"),
    "a wrong time of expiry of grants": (having(sk="#USER"), put("grantsEndAt", "2026"), "end at"),
    "a missing time of expiry of grants": (having(sk="#USER"), drop("grantsEndAt"), "end at ['"),
    "a tombstone that stays": (having(erased=True, sk="#USER"), drop("expiresAt"), "I2"),
    "a tombstone with work left": (having(erased=True, sk="#USER"), put("thingsLeft", 1), "I2"),
    "a tombstone with rows": (having(erased=False, sk="#USER"), put("erased", True), "#OWNED"),
    "a deleted resource that stays": (having(type="persona", sk="RES"), put("erased", True), "G1"),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corrupted_items_are_detected(items: list[Item], name: str) -> None:
    matches, corrupt, violation_text = CORRUPTIONS[name]
    corrupted = deepcopy(items)
    found = [item for item in corrupted if matches(item)]
    assert found, "there are items to corrupt"
    for item in found:
        corrupt(item)

    violations = list(check(Stored([item for item in corrupted if item])))

    assert any(violation_text in violation for violation in violations), violations
