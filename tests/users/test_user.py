"""Users: memberships, claims, counters, deletion and restoring (I2, I4, I5, I13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollcall.grants.grant import (
    Grant,
    GroupRole,
    Membership,
    OrganizationMembership,
    PermissionGrant,
    RoleGrant,
)
from rollcall.grants.permissions import Permission
from rollcall.kit.entity import Claim
from rollcall.users.statuses import STATUS_RULES, Status
from rollcall.users.user import ADMINS, EMAIL, PHONE, USERNAME, User

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_user(**fields: Any) -> User:
    return User(**{"id": "usr_1", "created_at": NOW, "updated_at": NOW, "version": 1, **fields})


SECOND = int(NOW.timestamp())


@pytest.mark.parametrize("status", list(Status))
def test_status_without_sign_in_ends_the_sessions(status: Status) -> None:
    user = make_user()
    if status in {Status.ACTIVE, Status.INVITED}:
        return
    changed = user.with_status(status, NOW)
    ended = SECOND + 1
    assert changed.auth_epoch == (user.auth_epoch if STATUS_RULES[status].sign_in else ended)


@pytest.mark.parametrize("status", [Status.INVITED, Status.PENDING_VERIFICATION])
def test_activation_ends_the_sessions_from_before(status: Status) -> None:
    assert make_user(status=status).with_status(Status.ACTIVE, NOW).auth_epoch == SECOND


def test_enabling_ends_no_session_because_the_disabling_did() -> None:
    disabled = make_user().with_status(Status.INACTIVE, NOW)
    enabled = disabled.with_status(Status.ACTIVE, NOW + timedelta(days=1))
    assert enabled.auth_epoch == disabled.auth_epoch


@pytest.mark.parametrize(
    ("fields", "epoch"),
    [
        ({}, SECOND),
        ({"last_login_at": NOW - timedelta(seconds=1)}, SECOND),
        ({"last_login_at": NOW + timedelta(milliseconds=300)}, SECOND + 1),
        ({"last_login_at": NOW + timedelta(seconds=2)}, SECOND + 3),
        ({"auth_epoch": SECOND - 1, "signed_out_epoch": SECOND - 1}, SECOND),
        ({"auth_epoch": SECOND}, SECOND + 1),
        ({"auth_epoch": 0, "signed_out_epoch": SECOND}, SECOND + 1),
        ({"auth_epoch": SECOND + 1}, SECOND + 1),
    ],
    ids=str,
)
def test_new_credentials_work_in_their_second_unless_an_earlier_session_is_in_it(
    fields: dict[str, Any], epoch: int
) -> None:
    changed_at = NOW + timedelta(milliseconds=700)
    assert make_user(**fields).with_earlier_sessions_ended(changed_at).auth_epoch == epoch


def test_end_of_sessions_never_moves_back() -> None:
    ahead = make_user(auth_epoch=SECOND + 5)
    for ended in (
        ahead.with_sessions_ended(NOW),
        ahead.with_earlier_sessions_ended(NOW),
        ahead.as_erased(NOW),
    ):
        assert ended.auth_epoch == SECOND + 5


def test_account_follows_the_status() -> None:
    enabled = {status: make_user(status=status).account().enabled for status in Status}
    assert {status.value for status, on in enabled.items() if on} == {
        "active",
        "invited",
        "pending_verification",
    }
    unverified = [s for s in Status if not make_user(status=s).account().verified]
    assert unverified == [Status.PENDING_VERIFICATION]


def test_email_phone_and_username_are_claimed() -> None:
    user = make_user(email="jane@example.com", phone="+4915112345678", username="jane")
    assert user.claims() == {
        Claim(EMAIL, "jane@example.com"),
        Claim(PHONE, "+4915112345678"),
        Claim(USERNAME, "jane"),
    }
    assert user.as_deleted(NOW).claims() == user.claims(), "still restorable"
    assert make_user().claims() == user.as_erased(NOW).claims() == set()


def test_id_of_an_adopted_account_is_claimed_as_a_username() -> None:
    user = make_user(id="Ada", username="countess")
    assert user.claims() == {Claim(USERNAME, "ada"), Claim(USERNAME, "countess")}
    assert make_user(id="ada", username="ada").claims() == {Claim(USERNAME, "ada")}
    assert user.as_erased(NOW).claims() == set()


@pytest.mark.parametrize("status", list(Status))
def test_only_active_admins_are_counted(status: Status) -> None:
    assert make_user(status=status).counts() == {}
    counted = make_user(status=status, is_admin=True).counts()
    assert counted[ADMINS] == (1 if status is Status.ACTIVE else 0)


def test_memberships_are_sorted_with_one_for_each_group() -> None:
    user = make_user()
    for group_id in ("grp_b", "grp_a", "grp_b"):
        user = user.with_membership(group_id, GroupRole.MEMBER)
    user = user.with_membership("grp_a", GroupRole.ADMIN)
    assert [(each.group_id, each.role.value) for each in user.memberships] == [
        ("grp_a", "admin"),
        ("grp_b", "member"),
    ]
    assert user.without_membership("grp_a").group_ids == ("grp_b",)
    assert user.without_membership("grp_c") == user


def test_restoring_reverts_the_soft_deletion() -> None:
    user = make_user(status=Status.PENDING_VERIFICATION)
    deleted = user.as_deleted(NOW)
    assert (deleted.status, deleted.deleted_at) == (Status.DELETED, NOW)
    restored = deleted.as_restored(NOW + timedelta(days=1))
    assert (restored.status, restored.deleted_at) == (Status.PENDING_VERIFICATION, None)
    assert restored.status_before_deletion is None


def test_tombstone_has_no_personal_data() -> None:
    user = make_user(
        email="jane@example.com",
        name="Jane",
        is_admin=True,
        profile={"bio": "Tea"},
    )
    left = user.as_erased(NOW)
    assert (left.exists, left.status, left.counts()) == (False, Status.DELETED, {})
    assert "jane" not in left.model_dump_json().lower()
    assert "Tea" not in left.model_dump_json()


def test_user_stays_in_sync_if_the_account_does_not_change() -> None:
    settled = make_user(identity_version=1, name="Old")
    moved = settled.model_copy(update={"profile": settled.profile.model_copy(update={"city": "X"})})
    renamed = settled.model_copy(update={"name": "New"})
    signed_out = settled.with_sessions_ended(NOW)

    assert moved.succeed(settled, NOW).in_step
    assert not renamed.succeed(settled, NOW).in_step
    assert not signed_out.succeed(settled, NOW).in_step
    assert not settled.as_erased(NOW).succeed(settled, NOW).in_step
    unsettled = make_user(identity_version=0, name="Old")
    assert not unsettled.succeed(unsettled, NOW).in_step


def test_addresses_are_accepted_before_a_pending_password_is_finished() -> None:
    pending = make_user(identity_version=1, version=1, pending_credential="reset")
    assert (pending.accepted, pending.in_step) == (True, False)
    assert not make_user(identity_version=1, version=2).accepted


def test_users_out_of_sync_and_soft_deleted_users_are_found_by_index() -> None:
    settled = make_user(identity_version=1)
    assert settled.index() == {"gsi2pk": "USERS#1", "gsi2sk": "usr_1"}
    assert make_user().index() == {
        "gsi2pk": "USERS#1",
        "gsi2sk": "usr_1",
        "gsi1pk": "OUT_OF_STEP",
        "gsi1sk": "2026-01-05T09:00:00.000Z#usr_1",
    }
    deleted = settled.as_deleted(NOW).index()
    assert (deleted["gsi2pk"], deleted["gsi2sk"]) == (
        "SOFT_DELETED",
        "2026-01-05T09:00:00.000Z#usr_1",
    )
    assert "gsi2pk" not in settled.as_deleted(NOW).as_erased(NOW).index()


def test_bookkeeping_is_not_in_the_journal() -> None:
    facts = make_user(last_login_at=NOW, pending_credential="reset", identity_version=1).facts()
    assert facts.keys().isdisjoint(
        {"lastLoginAt", "pendingCredential", "identityVersion", "signedOutEpoch", "version"}
    )


@pytest.mark.parametrize(
    "grant",
    [
        Membership(user_id="usr_1", group_id="grp_1", role=GroupRole.MEMBER),
        OrganizationMembership(user_id="usr_1", organization_id="org_1", role_id="rol_user"),
        RoleGrant(user_id="usr_1", role_id="rol_user"),
        PermissionGrant(user_id="usr_1", permission=Permission.USER_VIEW),
    ],
    ids=lambda grant: grant.facts_name,
)
def test_functions_that_read_users_can_query_the_indexes_of_grants(grant: Grant) -> None:
    partitions = [value for name, value in grant.index().items() if name.endswith("pk")]
    assert partitions
    assert all(each.startswith(User.index_partitions) for each in partitions)
