"""The rules of granting (R4, I10, I11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.access.grant_rules import (
    check_redefinition,
    refuse_outranked,
    refuse_self,
    require_held,
)
from rollcall.grants.permissions import GrantedPermission, Permission, without_end
from rollcall.kit.actor import EVERYTHING, Actor
from rollcall.kit.errors import Conflict, Forbidden

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
SETS = st.frozensets(st.sampled_from(Permission))


def actor(permissions: frozenset[Permission]) -> Actor:
    return Actor(kind="user", id="usr_1", permissions=permissions)


def refused(rule: object, *arguments: object) -> bool:
    """Whether a rule refuses."""
    assert callable(rule)
    try:
        rule(*arguments)
    except Forbidden:
        return True
    return False


@given(held=SETS, granted=SETS)
def test_actor_can_grant_only_permissions_that_it_holds(
    held: frozenset[Permission], granted: frozenset[Permission]
) -> None:
    enough = granted <= held or EVERYTHING in held
    assert refused(require_held, actor(held), without_end(granted)) is not enough
    assert refused(refuse_outranked, actor(held), without_end(granted)) is not enough


def test_refusals_name_the_missing_permissions() -> None:
    caller = actor(frozenset({Permission.USER_VIEW}))
    wanted = without_end([Permission.USER_VIEW, Permission.USER_DELETE, Permission.USER_CREATE])
    with pytest.raises(Forbidden) as refusal:
        require_held(caller, wanted)
    assert (refusal.value.code, refusal.value.detail) == (
        "grant_exceeds_own",
        "You can grant only permissions that you hold yourself. "
        "You lack: user.create, user.delete.",
    )
    with pytest.raises(Forbidden) as refusal:
        refuse_outranked(caller, wanted)
    assert (refusal.value.code, refusal.value.detail) == (
        "target_outranks_caller",
        "This user has permissions that you lack: user.create, user.delete.",
    )


def test_permission_for_one_group_does_not_count_for_another() -> None:
    scoped = {Permission.WORKSPACE_DELETE.value: frozenset({"grp_1"})}
    caller = Actor(kind="user", id="usr_1", scoped=scoped)

    refuse_outranked(caller, [GrantedPermission(Permission.WORKSPACE_DELETE, "grp_1")])
    with pytest.raises(Forbidden, match="This group has permissions that you lack"):
        refuse_outranked(
            caller, [GrantedPermission(Permission.WORKSPACE_DELETE, "grp_2")], "This group"
        )


def test_temporary_permission_cannot_be_granted_for_longer() -> None:
    ends: dict[tuple[str, str | None], datetime] = {("user.view", None): NOW}
    caller = Actor(kind="user", id="usr_1", permissions=frozenset({"user.view"}), expiries=ends)

    require_held(caller, [GrantedPermission("user.view", ends_at=NOW)])
    for ends_at in (None, NOW + timedelta(seconds=1)):
        with pytest.raises(Forbidden, match=r"You lack: user\.view for as long"):
            require_held(caller, [GrantedPermission("user.view", ends_at=ends_at)])
        with pytest.raises(Forbidden, match=r"lack: user\.view for as long"):
            refuse_outranked(caller, [GrantedPermission("user.view", ends_at=ends_at)])


def test_changing_a_groups_permissions_requires_the_old_and_the_new_ones() -> None:
    caller = actor(frozenset({Permission.USER_VIEW}))
    own, beyond = (Permission.USER_VIEW,), (Permission.USER_VIEW, Permission.USER_DELETE)

    check_redefinition(caller, own, own, target="group")
    check_redefinition(caller, own, None, target="group")
    for wanted in (own, None):
        with pytest.raises(Forbidden, match="This group has permissions that you lack"):
            check_redefinition(caller, beyond, wanted, target="group")
    with pytest.raises(Forbidden, match=r"You lack: user\.delete"):
        check_redefinition(caller, own, beyond, target="group")


def test_actions_on_the_own_account_are_refused() -> None:
    refuse_self(actor(frozenset()), "usr_2", "disable")
    with pytest.raises(Conflict) as refusal:
        refuse_self(actor(frozenset()), "usr_1", "disable")
    assert (refusal.value.code, refusal.value.detail) == (
        "own_account",
        "You cannot disable your own account. Ask another admin.",
    )
