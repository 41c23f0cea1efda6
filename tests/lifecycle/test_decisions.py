"""What the policy means for one user (L1, I18)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.lifecycle.decisions import Deed, ExemptFor, Exemption, Subject, decide
from rollcall.lifecycle.policy import LifecycleTerms
from rollcall.users.statuses import Status

NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
TERMS = LifecycleTerms(delete_disabled=True)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def make_subject(**known: Any) -> Subject:
    """Somebody active who has never signed in; nobody has warned them."""
    plain: dict[str, Any] = {
        **dict.fromkeys(Subject._fields),
        "id": "usr_1",
        "version": 1,
        "email": "ada@example.com",
        "status": Status.ACTIVE,
        "is_admin": False,
        "groups": (),
        "roles": (),
        "created_at": ago(400),
        "filtered": False,
    }
    return Subject(**{**plain, **known})


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
def test_what_it_is_time_for(known: dict[str, Any], due: Deed | None) -> None:
    decision = decide(TERMS, make_subject(**known), NOW)
    assert (decision.due, decision.deed) == (due, due)


def test_days_of_grace_end_where_the_policy_says_that_days_begin() -> None:
    warned = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
    assert TERMS.end_grace(warned) == datetime(2026, 3, 24, tzinfo=UTC)
    tokyo = LifecycleTerms(time_zone="Asia/Tokyo")
    assert tokyo.end_grace(warned) == datetime(2026, 3, 23, 15, tzinfo=UTC)


def test_nobody_is_deleted_unless_the_policy_says_so() -> None:
    long_ago = make_subject(status=Status.INACTIVE, disabled_for_inactivity_at=ago(300))
    assert decide(LifecycleTerms(), long_ago, NOW).due is None


def test_every_reason_is_given_why_somebody_is_exempt() -> None:
    terms = LifecycleTerms(
        exempt_users=("usr_1",),
        exempt_groups=("grp_2", "grp_1", "grp_3"),
        exempt_roles=("rol_1",),
    )
    subject = make_subject(
        is_admin=True,
        email=None,
        groups=("grp_1", "grp_2"),
        roles=("rol_1", "rol_system"),
        filtered=True,
    )

    decision = decide(terms, subject, NOW)

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


def test_who_has_no_address_any_more_is_deleted_all_the_same() -> None:
    disabled = make_subject(email=None, status=Status.INACTIVE, disabled_for_inactivity_at=ago(31))
    assert decide(TERMS, disabled, NOW).deed is Deed.DELETE


DAYS = st.integers(1, 60)
TIMES = st.floats(0, 200).map(ago)
SUBJECTS = st.builds(
    make_subject,
    status=st.sampled_from(Status),
    is_admin=st.booleans(),
    email=st.none() | st.just("ada@example.com"),
    groups=st.lists(st.sampled_from(["grp_1", "grp_2"]), max_size=2).map(tuple),
    roles=st.lists(st.sampled_from(["rol_1", "rol_2"]), max_size=2).map(tuple),
    created_at=TIMES,
    last_login_at=st.none() | TIMES,
    inactivity_warned_at=st.none() | TIMES,
    disables_at=st.none() | st.floats(-30, 200).map(ago),
    disabled_for_inactivity_at=st.none() | TIMES,
    filtered=st.booleans(),
)


@given(subject=SUBJECTS, warn=DAYS, more=DAYS, delete=DAYS, deletes=st.booleans())
@settings(max_examples=500)
def test_nobody_is_disabled_who_is_exempt_unwarned_an_admin_or_was_there_lately(
    subject: Subject, warn: int, more: int, delete: int, deletes: bool
) -> None:
    terms = LifecycleTerms(
        warn_after_days=warn,
        disable_after_days=warn + more,
        delete_disabled=deletes,
        delete_after_days=delete,
        exempt_groups=("grp_1",),
        exempt_roles=("rol_1",),
    )

    deed = decide(terms, subject, NOW).deed

    exempt = subject.is_admin or "grp_1" in subject.groups or "rol_1" in subject.roles
    unused = NOW - (subject.last_login_at or subject.created_at)
    if deed is not None:
        assert not exempt
        assert not subject.filtered
    if deed is Deed.WARN:
        assert subject.status is Status.ACTIVE
        assert unused >= timedelta(days=warn)
    if deed is Deed.DISABLE:
        assert subject.status is Status.ACTIVE
        assert unused >= timedelta(days=warn + more)
        assert subject.inactivity_warned_at is not None
        assert subject.email is not None
        assert (NOW.date() - subject.inactivity_warned_at.date()).days >= more
        assert subject.disables_at is None or subject.disables_at <= NOW
    if deed is Deed.DELETE:
        assert deletes
        assert subject.status is Status.INACTIVE
        assert subject.disabled_for_inactivity_at is not None
        assert NOW - subject.disabled_for_inactivity_at >= timedelta(days=delete)
