"""The writes of each action, and what they require (L1, I18)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rollcall.directory.records import read_record
from rollcall.directory.rows import UserRecord
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Conflict
from rollcall.lifecycle.actions import PlannedAction, plan_action
from rollcall.lifecycle.decisions import Deed
from rollcall.lifecycle.policy import LifecyclePolicy
from rollcall.lifecycle.runs import Outcome
from rollcall.users.inactivity import Inactivity
from rollcall.users.sign_ins import SignIns
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.world import World


def plan(world: World, user: User, deed: Deed) -> PlannedAction:
    call = world.call("clean_up_accounts")
    return plan_action(call, deed, LifecyclePolicy.default(call.now), read(world, user))


def read(world: World, user: User) -> UserRecord:
    record = read_record(world.runtime.table, user.id)
    assert record is not None
    return record


def find_inactivity(planned: PlannedAction) -> Inactivity:
    (found,) = (each.after for each in planned.changes if isinstance(each.after, Inactivity))
    return found


@pytest.mark.parametrize("deed", Deed)
def test_every_action_requires_the_policy_and_the_sign_ins_as_they_were_read(
    world: World, deed: Deed
) -> None:
    user = world.add_user()
    policy = LifecyclePolicy.default(world.clock.now)

    required = plan(world, user, deed).requires

    assert required[-2:] == (
        policy.unchanged(),
        ConditionCheck.at_version(SignIns.key_for(user.id), 0),
    )


def test_warning_changes_only_what_is_stored_about_inactivity(world: World) -> None:
    user = world.add_user()
    world.clock.advance(days=80)

    planned = plan(world, user, Deed.WARN)

    assert planned.outcome is Outcome.WARNED
    assert len(planned.changes) == 1
    assert find_inactivity(planned).warned_at == world.clock.now
    assert ConditionCheck.unchanged(user) in planned.requires


def test_warned_user_keeps_the_days_between_warning_and_disabling(world: World) -> None:
    early, late = world.add_user(), world.add_user()
    created = world.clock.now
    world.clock.advance(days=76)
    on_time = find_inactivity(plan(world, early, Deed.WARN)).disables_at
    world.clock.advance(days=100)
    afterwards = find_inactivity(plan(world, late, Deed.WARN)).disables_at

    policy = LifecyclePolicy.default(created)
    assert on_time == created + timedelta(days=policy.disable_after_days)
    assert afterwards == policy.end_grace(world.clock.now)


def test_disabling_changes_the_status_and_records_the_reason(world: World) -> None:
    user = world.add_user()

    planned = plan(world, user, Deed.DISABLE)

    changed = planned.changes[0].after
    assert isinstance(changed, User)
    assert (planned.outcome, changed.status) == (Outcome.DISABLED, Status.INACTIVE)
    assert find_inactivity(planned).disabled_at == world.clock.now


def test_deletion_erases_the_user_if_nothing_about_inactivity_has_changed(world: World) -> None:
    user = world.add_user()

    planned = plan(world, user, Deed.DELETE)

    erased = planned.changes[0].after
    assert isinstance(erased, User)
    assert (planned.outcome, erased.erased) == (Outcome.DELETED, True)
    assert ConditionCheck.at_version(Inactivity.key_for(user.id), 0) in planned.requires


def test_owner_of_a_resource_that_must_be_transferred_cannot_be_deleted(world: World) -> None:
    settings = world.runtime.settings.model_copy(update={"resource_types": "invoice=refuse"})
    world.runtime = replace(world.runtime, settings=settings)
    user = world.add_user()
    world.add_resource(user.id, "invoice")

    with pytest.raises(Conflict):
        plan(world, user, Deed.DELETE)
