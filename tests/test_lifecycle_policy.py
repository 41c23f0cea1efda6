"""The lifecycle policy itself (L1)."""

from __future__ import annotations

from typing import Any

import pytest

from rollcall.kit.errors import Invalid
from rollcall.kit.transaction import Change
from rollcall.lifecycle_policy import (
    LifecyclePolicy,
    LifecyclePolicyAnswer,
    LifecycleTerms,
    check_terms,
    read_lifecycle_policy,
)
from tests.world import World


def refusal_of(world: World, before: LifecycleTerms | None = None, **terms: Any) -> Invalid:
    with pytest.raises(Invalid) as refused:
        check_terms(world.call(), LifecycleTerms(**terms), before or LifecycleTerms())
    return refused.value


def test_defaults_count_until_it_is_set(world: World) -> None:
    policy = read_lifecycle_policy(world.runtime.table, world.clock.now)

    assert (policy.version, policy.mode) == (0, "on")
    assert (policy.warn_after_days, policy.disable_after_days, policy.grace_days) == (76, 90, 14)
    assert (policy.delete_disabled, policy.delete_after_days) == (False, 30)
    assert (policy.end_invitations_after_days, policy.purge_deleted_after_days) == (7, 30)
    answer = LifecyclePolicyAnswer.of(policy)
    assert (answer.version, answer.updated_at) == (0, None)


def test_what_was_set_counts_from_then_on(world: World) -> None:
    policy = read_lifecycle_policy(world.runtime.table, world.clock.now)
    changed = policy.with_terms(LifecycleTerms(warn_after_days=10))
    world.call().commit(Change(None, changed), answer=lambda written: written)

    stored = read_lifecycle_policy(world.runtime.table, world.clock.now)

    assert (stored.version, stored.warn_after_days) == (1, 10)
    assert stored.unchanged().values == {":version": 1}
    (entry,) = world.journal(LifecyclePolicy.default(world.clock.now).id)
    assert entry.changes["warnAfterDays"].after == 10


@pytest.mark.parametrize("days", [75, 76])
def test_disabling_comes_after_the_warning(world: World, days: int) -> None:
    (error,) = refusal_of(world, disable_after_days=days).errors
    assert (error.field, error.code) == ("disableAfterDays", "not_after_warning")


def test_whom_there_is_not_nobody_can_exempt(world: World) -> None:
    gone = world.add_user()
    world.change_user(gone, gone.as_erased(world.clock.now))
    group_id = world.add_group("Editors")

    refused = refusal_of(
        world,
        exempt_users=(gone.id, world.admin_id),
        exempt_groups=(group_id, "grp_nowhere"),
        exempt_roles=("rol_system", "rol_nowhere"),
    )

    assert [(each.field, each.message) for each in refused.errors] == [
        ("exemptUsers", f"User not found: {gone.id}"),
        ("exemptGroups", "Group not found: grp_nowhere"),
        ("exemptRoles", "Role not found: rol_nowhere"),
    ]


def test_who_was_exempt_before_may_be_gone_by_now(world: World) -> None:
    before = LifecycleTerms(exempt_groups=("grp_gone",))
    check_terms(world.call(), LifecycleTerms(exempt_groups=("grp_gone",)), before)


def test_filter_that_nobody_understands_is_refused(world: World) -> None:
    (error,) = refusal_of(world, exempt_filter="shoeSize gt 44").errors
    assert (error.field, error.code) == ("exemptFilter", "filter_invalid")
    check_terms(
        world.call(), LifecycleTerms(exempt_filter="facts.learning.x gt 1"), LifecycleTerms()
    )
