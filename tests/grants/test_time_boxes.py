"""Grants of every kind are in force only in their period, for every operation (R2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.groups.list_groups import list_groups
from functions.organizations.list_organizations import list_organizations
from functions.roles.list_permission_holders import list_permission_holders
from functions.roles.list_roles import list_roles
from functions.roles.list_user_permissions import list_user_permissions
from functions.users.get_me import get_me
from functions.users.get_user import get_user
from rollcall.access.explanations import Way
from rollcall.grants.grant import (
    Grant,
    GroupRole,
    Membership,
    OrganizationMembership,
    Period,
    PermissionGrant,
    RoleGrant,
)
from rollcall.grants.permissions import Permission
from rollcall.kit.operation import Operation
from tests.world.clock import START
from tests.world.world import World

ASKING: Mapping[Permission, Operation[Any, Any]] = {
    Permission.GROUP_LIST: list_groups,
    Permission.ROLE_VIEW: list_roles,
    Permission.ORGANIZATION_VIEW: list_organizations,
    Permission.USER_VIEW: get_user,
}
"""Each permission that is given here, with an operation that needs it."""
HALF_HOUR = timedelta(minutes=30)
ONE_WORLD = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
"""It serves all examples: each gives the users everything anew. It fills with their journal, so
that each is slower than the one before.
"""


class Given(NamedTuple):
    """One grant of one permission, with its period in half hours from the start; None: no limit."""

    way: Way
    permission: Permission
    begins: int | None
    ends: int | None

    def counts(self, moment: int) -> bool:
        """What the rule says: from the beginning on, and not any more at the end."""
        begun = self.begins is None or moment >= self.begins
        over = self.ends is not None and moment >= self.ends
        return begun and not over

    @property
    def period(self) -> Period:
        """Its time."""
        times = {"starts_at": self.begins, "ends_at": self.ends}
        return Period(
            **{k: START + each * HALF_HOUR for k, each in times.items() if each is not None}
        )


GIVEN = st.lists(
    st.builds(
        Given,
        st.sampled_from(Way),
        st.sampled_from(sorted(ASKING)),
        st.none() | st.integers(-6, 5),
        st.none() | st.integers(-5, 6),
    ),
    max_size=8,
    unique_by=lambda each: (each.way, each.permission),
)
MOMENTS = st.lists(st.integers(-7, 7), min_size=1, max_size=4)


class Stage:
    """Users, and for each permission a group, a role and an organization that can give it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.user_ids = sorted(world.add_user().id for _ in range(2))
        self.groups = {each: world.add_group(f"Group of {each}", each) for each in ASKING}
        self.roles = {each: world.add_role(f"Role of {each}", each) for each in ASKING}
        self.organizations = {each: world.add_organization(f"{each}") for each in ASKING}

    def give(self, user_id: str, given: Sequence[Given]) -> None:
        """Give a user only these grants."""
        grants: dict[str, list[Grant]] = defaultdict(list)
        for each in given:
            field, grant = self._grant(user_id, each)
            grants[field].append(grant)
        before = after = self.world.user(user_id)
        for field in before.grant_fields:
            after = after.with_grants(field, grants[field])
        self.world.write(before, after)

    def _grant(self, user_id: str, given: Given) -> tuple[str, Grant]:
        permission = given.permission
        known = {"user_id": user_id, **dict(given.period)}
        match given.way:
            case Way.DIRECT:
                return "permission_grants", PermissionGrant(permission=permission, **known)
            case Way.ROLE:
                return "role_grants", RoleGrant(role_id=self.roles[permission], **known)
            case Way.GROUP:
                place = Membership(group_id=self.groups[permission], role=GroupRole.MEMBER, **known)
                return "memberships", place
            case Way.ORGANIZATION:
                return "organization_memberships", OrganizationMembership(
                    organization_id=self.organizations[permission],
                    role_id=self.roles[permission],
                    **known,
                )

    def go_to(self, moment: int) -> None:
        """Set the current time."""
        self.world.clock.now = START + moment * HALF_HOUR


def in_force(given: Sequence[Given], moment: int) -> dict[str, list[str]]:
    """The sources of each permission at this time."""
    held: dict[str, list[str]] = defaultdict(list)
    for each in sorted(given, key=lambda each: list(Way).index(each.way)):
        if each.counts(moment):
            held[each.permission].append(each.way)
    return dict(held)


@pytest.fixture
def stage(world: World) -> Stage:
    """The users and grants that all examples of one test share."""
    return Stage(world)


@ONE_WORLD
@given(given=GIVEN, moments=MOMENTS)
def test_calls_are_allowed_only_within_the_period_of_a_grant(
    world: World, stage: Stage, given: list[Given], moments: list[int]
) -> None:
    user_id = stage.user_ids[0]
    stage.give(user_id, given)

    for moment in moments:
        stage.go_to(moment)
        held = in_force(given, moment)
        me = world.invoke(get_me, caller=user_id)
        assert me.body["effectivePermissions"] == sorted(held)
        for permission, operation in ASKING.items():
            path = {"user_id": user_id} if operation is get_user else None
            reply = world.invoke(operation, caller=user_id, path=path)
            expected = (200, None) if permission in held else (403, "permission_missing")
            assert (reply.status, reply.body.get("code")) == expected


@ONE_WORLD
@given(everybody=st.lists(GIVEN, min_size=2, max_size=2), moment=st.integers(-7, 7))
def test_listed_permissions_and_holders_match_the_effective_ones(
    world: World, stage: Stage, everybody: list[list[Given]], moment: int
) -> None:
    stage.go_to(moment)
    expected = {}
    for user_id, grants in zip(stage.user_ids, everybody, strict=True):
        stage.give(user_id, grants)
        expected[user_id] = in_force(grants, moment)

    for user_id, held in expected.items():
        told = world.invoke(list_user_permissions, path={"user_id": user_id}).body["permissions"]
        assert {item["permission"]: ways(item) for item in told} == held
    for permission in ASKING:
        path = {"permission": permission.value}
        items = world.invoke(list_permission_holders, path=path).body["items"]
        told = {item["userId"]: ways(item) for item in items if item["userId"] != world.admin_id}
        assert told == {
            user_id: held[permission] for user_id, held in expected.items() if permission in held
        }


def ways(item: dict[str, Any]) -> list[str]:
    """The sources of a permission in an answer."""
    return [grant["kind"] for grant in item["grants"]]
