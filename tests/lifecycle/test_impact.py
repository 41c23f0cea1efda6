"""The impact of a policy, and when it is too much (L1)."""

from __future__ import annotations

import pytest

from rollcall.lifecycle.decisions import Decision, Deed, ExemptFor, Exemption
from rollcall.lifecycle.impact import Impact
from rollcall.lifecycle.policy import LifecycleTerms


def impact(users: int, selected: int) -> Impact:
    return Impact(users, {Deed.WARN: selected})


def test_exempt_users_are_not_selected() -> None:
    exempt = Decision(Deed.DISABLE, (Exemption(reason=ExemptFor.ADMIN),))
    decisions = [Decision(Deed.WARN), Decision(Deed.DISABLE), Decision(Deed.WARN), exempt]

    found = Impact.of(100, decisions)

    assert (found.due, found.selected) == ({Deed.WARN: 2, Deed.DISABLE: 1}, 3)
    assert found.unreachable == 0


def test_users_who_are_exempt_only_because_mails_bounce_are_counted() -> None:
    bounced, admin = (Exemption(reason=each) for each in (ExemptFor.EMAIL_BOUNCED, ExemptFor.ADMIN))
    decisions = [Decision(Deed.DISABLE, each) for each in ((bounced,), (admin, bounced), (admin,))]
    assert Impact.of(100, decisions).unreachable == 1


@pytest.mark.parametrize(
    ("users", "selected", "too_much"),
    [(1000, 50, False), (1000, 51, True), (20, 10, False), (20, 11, True), (0, 0, False)],
)
def test_more_than_five_percent_and_ten_users_are_too_much(
    users: int, selected: int, too_much: bool
) -> None:
    assert impact(users, selected).is_too_much(LifecycleTerms()) is too_much


def test_policy_can_allow_any_share() -> None:
    terms = LifecycleTerms(stop_above_percent=100)
    assert not impact(1000, 1000).is_too_much(terms)
    none = LifecycleTerms(stop_above_percent=0, stop_above_users=0)
    assert impact(1000, 1).is_too_much(none)
