"""Validation of the terms of the lifecycle policy (L1)."""

from __future__ import annotations

from typing import Any

import pytest

from rollcall.kit.errors import Invalid
from rollcall.lifecycle.policy import LifecycleTerms
from rollcall.lifecycle.validation import validate_terms
from tests.world.world import World


def refusal_of(world: World, before: LifecycleTerms | None = None, **terms: Any) -> Invalid:
    with pytest.raises(Invalid) as refused:
        validate_terms(world.call(), LifecycleTerms(**terms), before or LifecycleTerms())
    return refused.value


@pytest.mark.parametrize("days", [75, 76])
def test_disabling_must_come_after_the_warning(world: World, days: int) -> None:
    (error,) = refusal_of(world, disable_after_days=days).errors
    assert (error.field, error.code) == ("disableAfterDays", "not_after_warning")


def test_unknown_users_groups_and_roles_cannot_be_exempt(world: World) -> None:
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


def test_existing_exemptions_may_refer_to_deleted_groups(world: World) -> None:
    before = LifecycleTerms(exempt_groups=("grp_gone",))
    validate_terms(world.call(), LifecycleTerms(exempt_groups=("grp_gone",)), before)


@pytest.mark.parametrize(
    "text",
    [
        "shoeSize gt 44",
        'name eq "Vip" or status eq "nonsense"',
        'permissions eq "user.fly"',
        "resources.spaceship gt 0",
    ],
)
def test_wrong_filter_is_refused(world: World, text: str) -> None:
    (error,) = refusal_of(world, exempt_filter=text).errors
    assert (error.field, error.code) == ("exemptFilter", "filter_invalid")


def test_filter_by_facts_that_nobody_has_pushed_yet_is_accepted(world: World) -> None:
    validate_terms(
        world.call(), LifecycleTerms(exempt_filter="facts.learning.x gt 1"), LifecycleTerms()
    )
