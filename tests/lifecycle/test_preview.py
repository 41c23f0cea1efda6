"""Preview of a policy (L1)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rollcall.kit.errors import Invalid
from rollcall.kit.paging import PageRequest
from rollcall.lifecycle.decisions import Candidate, Decision, Deed, ExemptFor, Exemption
from rollcall.lifecycle.policy import LifecyclePolicy, LifecycleTerms
from rollcall.lifecycle.preview import ForeseenUser, Previewed, Shown, preview
from rollcall.users.statuses import Status
from tests.world.world import World

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CANDIDATE = Candidate(
    "usr_1", 1, "Ada", "ada@example.com", False, Status.ACTIVE, False, (), (), NOW, None, None,
    None, None, filtered=False,
)  # fmt: skip
EXEMPT = Exemption(reason=ExemptFor.FILTER)


def test_exempt_user_is_listed_as_exempt_with_the_action_that_would_be_due() -> None:
    exempt = Previewed(CANDIDATE, Decision(Deed.DISABLE, (EXEMPT,)))
    assert exempt.shown is Shown.EXEMPT
    answer = ForeseenUser.of(exempt)
    assert (answer.user_id, answer.deed, answer.exemptions) == ("usr_1", "disable", (EXEMPT,))

    due = Previewed(CANDIDATE, Decision(Deed.WARN))
    assert due.shown is Shown.WARN
    assert ForeseenUser.of(due).exemptions is None


@pytest.mark.parametrize(("show", "shown"), [(None, 3), (Shown.WARN, 2), (Shown.EXEMPT, 1)])
def test_counts_include_users_who_are_not_listed(
    world: World, show: Shown | None, shown: int
) -> None:
    for _ in range(2):
        world.add_user()
    world.clock.advance(days=80)
    world.build_directory()

    policy = LifecyclePolicy.default(world.clock.now)
    found = preview(world.call(), policy, PageRequest(), show)

    assert (len(found.items), found.pagination.total) == (shown, shown)
    assert found.due == {Shown.WARN: 2, Shown.EXEMPT: 1}


def test_stored_filter_that_cannot_be_used_any_more_is_refused(world: World) -> None:
    call = world.call()
    policy = LifecyclePolicy.default(call.now).with_terms(
        LifecycleTerms(exempt_filter='status eq "retired"')
    )
    world.build_directory()
    with pytest.raises(Invalid) as refused:
        preview(call, policy, PageRequest(), None)
    (error,) = refused.value.errors
    assert (error.field, error.code) == ("exemptFilter", "filter_invalid")
    assert "status requires one of" in error.message
