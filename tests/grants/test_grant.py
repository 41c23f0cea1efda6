"""Grants: when each is in force, and which includes another (R4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rollcall.grants.grant import (
    KINDS,
    GroupRole,
    Membership,
    OrganizationMembership,
    Period,
    PermissionGrant,
    RoleGrant,
    read_grant,
)
from rollcall.grants.permissions import Permission
from tests.world.clock import START

TIMES = st.none() | st.integers(0, 6).map(lambda days: START + timedelta(days=days))
PERIODS = st.builds(Period, starts_at=TIMES, ends_at=TIMES)
MOMENTS = [START + timedelta(days=days, hours=hours) for days in range(-1, 8) for hours in (0, 12)]


@given(one=PERIODS, other=PERIODS)
def test_period_that_includes_another_is_in_force_whenever_that_one_is(
    one: Period, other: Period
) -> None:
    moments: list[datetime] = [each for each in MOMENTS if other.covers(each)]
    covered = all(one.covers(each) for each in moments)
    # Beyond what the examples reach both may go on for ever, or only one of them.
    open_ended = one.ends_at is None or other.ends_at is not None
    if moments:
        assert one.includes(other) is (covered and open_ended)


def test_group_admin_includes_the_member_role() -> None:
    member, admin = (
        Membership(user_id="usr_1", group_id="grp_1", role=role)
        for role in (GroupRole.MEMBER, GroupRole.ADMIN)
    )
    assert admin.includes(member)
    assert admin.includes(admin)
    assert not member.includes(admin)


def test_different_roles_do_not_include_each_other() -> None:
    user, guest = (
        OrganizationMembership(user_id="usr_1", organization_id="org_1", role_id=role_id)
        for role_id in ("rol_user", "rol_guest")
    )
    assert user.includes(user)
    assert not user.includes(guest)
    assert not guest.includes(user)


def test_grant_is_read_from_its_row_whatever_its_kind() -> None:
    grants = (
        Membership(user_id="usr_1", group_id="grp_1", role=GroupRole.ADMIN),
        OrganizationMembership(user_id="usr_1", organization_id="org_1", role_id="rol_1"),
        RoleGrant(user_id="usr_1", role_id="rol_1", ends_at=START),
        PermissionGrant(user_id="usr_1", permission=Permission.USER_VIEW),
    )
    assert tuple(read_grant(each.item()) for each in grants) == grants
    assert tuple(map(type, grants)) == KINDS
