"""The lifecycle policy itself (L1)."""

from __future__ import annotations

from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import (
    LifecyclePolicy,
    LifecyclePolicyAnswer,
    LifecycleTerms,
    read_lifecycle_policy,
)
from tests.world.world import World


def test_defaults_apply_until_the_policy_is_set(world: World) -> None:
    policy = read_lifecycle_policy(world.runtime.table, world.clock.now)

    assert (policy.version, policy.mode) == (0, "on")
    assert (policy.warn_after_days, policy.disable_after_days, policy.grace_days) == (76, 90, 14)
    assert (policy.delete_disabled, policy.delete_after_days) == (False, 30)
    assert (policy.end_invitations_after_days, policy.purge_deleted_after_days) == (7, 30)
    answer = LifecyclePolicyAnswer.of(policy)
    assert (answer.version, answer.updated_at) == (0, None)


def test_stored_policy_applies_from_then_on(world: World) -> None:
    policy = read_lifecycle_policy(world.runtime.table, world.clock.now)
    changed = policy.with_terms(LifecycleTerms(warn_after_days=10))
    world.call().commit(Change(None, changed), answer=lambda written: written)

    stored = read_lifecycle_policy(world.runtime.table, world.clock.now)

    assert (stored.version, stored.warn_after_days) == (1, 10)
    assert stored.unchanged().values == {":version": 1}
    (entry,) = world.journal(LifecyclePolicy.default(world.clock.now).id)
    assert entry.changes["warnAfterDays"].after == 10
