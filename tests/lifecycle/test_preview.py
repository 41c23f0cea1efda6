"""What a policy would mean (L1)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rollcall.kit.paging import PageRequest
from rollcall.lifecycle.decisions import Decision, Deed, ExemptFor, Exemption, Subject
from rollcall.lifecycle.policy import LifecyclePolicy
from rollcall.lifecycle.preview import Foreseen, ForeseenUser, Shown, preview
from rollcall.users.statuses import Status
from tests.world import World

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SUBJECT = Subject(
    "usr_1", 1, "Ada", "ada@example.com", Status.ACTIVE, False, (), (), NOW, None, None, None,
    None, filtered=False,
)  # fmt: skip
EXEMPT = Exemption(reason=ExemptFor.FILTER)


def test_exempt_user_is_filed_as_such_with_what_it_would_be_time_for() -> None:
    exempt = Foreseen(SUBJECT, Decision(Deed.DISABLE, (EXEMPT,)))
    assert exempt.shown is Shown.EXEMPT
    answer = ForeseenUser.of(exempt)
    assert (answer.user_id, answer.deed, answer.exemptions) == ("usr_1", "disable", (EXEMPT,))

    due = Foreseen(SUBJECT, Decision(Deed.WARN))
    assert due.shown is Shown.WARN
    assert ForeseenUser.of(due).exemptions is None


@pytest.mark.parametrize(("show", "shown"), [(None, 3), (Shown.WARN, 2), (Shown.EXEMPT, 1)])
def test_counts_are_of_all_whatever_is_listed(world: World, show: Shown | None, shown: int) -> None:
    for _ in range(2):
        world.add_user()
    world.clock.advance(days=80)
    world.build_directory()

    policy = LifecyclePolicy.default(world.clock.now)
    found = preview(world.call(), policy, PageRequest(), show)

    assert (len(found.items), found.pagination.total) == (shown, shown)
    assert found.due == {Shown.WARN: 2, Shown.EXEMPT: 1}
