"""What the policy does to one user (L1, I18)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.lifecycle.decisions import Candidate, Deed, ExemptFor, Exemption, decide
from rollcall.lifecycle.policy import LifecycleTerms
from rollcall.users.statuses import Status

NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
TERMS = LifecycleTerms(delete_disabled=True)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def make_candidate(**known: Any) -> Candidate:
    """An active user who has never signed in and was not warned."""
    plain: dict[str, Any] = {
        **dict.fromkeys(Candidate._fields),
        "id": "usr_1",
        "version": 1,
        "email": "ada@example.com",
        "email_bounced": False,
        "status": Status.ACTIVE,
        "is_admin": False,
        "groups": (),
        "roles": (),
        "created_at": ago(400),
        "filtered": False,
    }
    return Candidate(**{**plain, **known})


@pytest.mark.parametrize(
    ("known", "due"),
    [
        ({"created_at": ago(75.99)}, None),
        ({"created_at": ago(76)}, Deed.WARN),
        ({"last_login_at": ago(75.99)}, None),
        ({"last_login_at": ago(76)}, Deed.WARN),
        ({"last_login_at": ago(300)}, Deed.WARN),
        ({"inactivity_warned_at": ago(13)}, None),
        ({"inactivity_warned_at": ago(14)}, Deed.DISABLE),
        ({"last_login_at": ago(89.99), "inactivity_warned_at": ago(14)}, None),
        ({"inactivity_warned_at": ago(14), "disables_at": ago(-1)}, None),
        ({"inactivity_warned_at": ago(14), "disables_at": ago(0)}, Deed.DISABLE),
        ({"status": Status.SUSPENDED, "inactivity_warned_at": ago(14)}, None),
        ({"status": Status.INVITED}, None),
        ({"status": Status.INACTIVE}, None),
        ({"status": Status.INACTIVE, "disabled_for_inactivity_at": ago(29.99)}, None),
        ({"status": Status.INACTIVE, "disabled_for_inactivity_at": ago(30)}, Deed.DELETE),
    ],
)
def test_action_that_is_due(known: dict[str, Any], due: Deed | None) -> None:
    decision = decide(TERMS, make_candidate(**known), NOW)
    assert (decision.due, decision.deed) == (due, due)


def test_grace_ends_at_the_start_of_a_day_in_the_time_zone_of_the_policy() -> None:
    warned = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
    assert TERMS.end_grace(warned) == datetime(2026, 3, 24, tzinfo=UTC)
    tokyo = LifecycleTerms(time_zone="Asia/Tokyo")
    assert tokyo.end_grace(warned) == datetime(2026, 3, 23, 15, tzinfo=UTC)


def test_users_are_deleted_only_if_the_policy_allows_it() -> None:
    long_ago = make_candidate(status=Status.INACTIVE, disabled_for_inactivity_at=ago(300))
    assert decide(LifecycleTerms(), long_ago, NOW).due is None


def test_every_reason_for_an_exemption_is_given() -> None:
    terms = LifecycleTerms(
        exempt_users=("usr_1",),
        exempt_groups=("grp_2", "grp_1", "grp_3"),
        exempt_roles=("rol_1",),
    )
    candidate = make_candidate(
        is_admin=True,
        email=None,
        groups=("grp_1", "grp_2"),
        roles=("rol_1", "rol_system"),
        filtered=True,
    )

    decision = decide(terms, candidate, NOW)

    assert (decision.due, decision.deed) == (Deed.WARN, None)
    assert decision.exemptions == (
        Exemption(reason=ExemptFor.ADMIN),
        Exemption(reason=ExemptFor.USER),
        Exemption(reason=ExemptFor.GROUP, id="grp_1"),
        Exemption(reason=ExemptFor.GROUP, id="grp_2"),
        Exemption(reason=ExemptFor.ROLE, id="rol_1"),
        Exemption(reason=ExemptFor.FILTER),
        Exemption(reason=ExemptFor.NO_EMAIL),
    )


def test_disabled_user_without_an_address_is_deleted() -> None:
    disabled = make_candidate(
        email=None, status=Status.INACTIVE, disabled_for_inactivity_at=ago(31)
    )
    assert decide(TERMS, disabled, NOW).deed is Deed.DELETE


def test_user_whose_mails_bounce_is_neither_warned_nor_disabled_but_deleted() -> None:
    exempt = (Exemption(reason=ExemptFor.EMAIL_BOUNCED),)
    for known, due in (({}, Deed.WARN), ({"inactivity_warned_at": ago(14)}, Deed.DISABLE)):
        decision = decide(TERMS, make_candidate(email_bounced=True, **known), NOW)
        assert (decision.due, decision.exemptions) == (due, exempt)
        assert decision.is_unreachable
    admin = decide(TERMS, make_candidate(email_bounced=True, is_admin=True), NOW)
    assert not admin.is_unreachable
    disabled = {"status": Status.INACTIVE, "disabled_for_inactivity_at": ago(31)}
    assert decide(TERMS, make_candidate(email_bounced=True, **disabled), NOW).deed is Deed.DELETE


DAYS = st.integers(1, 60)
TIMES = st.floats(0, 200).map(ago)
CANDIDATES = st.builds(
    make_candidate,
    status=st.sampled_from(Status),
    is_admin=st.booleans(),
    email=st.none() | st.just("ada@example.com"),
    email_bounced=st.booleans(),
    groups=st.lists(st.sampled_from(["grp_1", "grp_2"]), max_size=2).map(tuple),
    roles=st.lists(st.sampled_from(["rol_1", "rol_2"]), max_size=2).map(tuple),
    created_at=TIMES,
    last_login_at=st.none() | TIMES,
    inactivity_warned_at=st.none() | TIMES,
    disables_at=st.none() | st.floats(-30, 200).map(ago),
    disabled_for_inactivity_at=st.none() | TIMES,
    filtered=st.booleans(),
)


@given(candidate=CANDIDATES, warn=DAYS, more=DAYS, delete=DAYS, deletes=st.booleans())
@settings(max_examples=500)
def test_exempt_unwarned_and_recently_active_users_and_admins_are_never_disabled(
    candidate: Candidate, warn: int, more: int, delete: int, deletes: bool
) -> None:
    terms = LifecycleTerms(
        warn_after_days=warn,
        disable_after_days=warn + more,
        delete_disabled=deletes,
        delete_after_days=delete,
        exempt_groups=("grp_1",),
        exempt_roles=("rol_1",),
    )

    deed = decide(terms, candidate, NOW).deed

    exempt = candidate.is_admin or "grp_1" in candidate.groups or "rol_1" in candidate.roles
    unused = NOW - (candidate.last_login_at or candidate.created_at)
    if deed is not None:
        assert not exempt
        assert not candidate.filtered
    if deed is Deed.WARN:
        assert candidate.status is Status.ACTIVE
        assert unused >= timedelta(days=warn)
    if deed is Deed.DISABLE:
        assert candidate.status is Status.ACTIVE
        assert unused >= timedelta(days=warn + more)
        assert candidate.inactivity_warned_at is not None
        assert candidate.email is not None
        assert (NOW.date() - candidate.inactivity_warned_at.date()).days >= more
        assert candidate.disables_at is None or candidate.disables_at <= NOW
    if deed is Deed.DELETE:
        assert deletes
        assert candidate.status is Status.INACTIVE
        assert candidate.disabled_for_inactivity_at is not None
        assert NOW - candidate.disabled_for_inactivity_at >= timedelta(days=delete)
