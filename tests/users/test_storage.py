"""How users are stored: the lists that they are in, their rows, and the facts of their grants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollcall.grants.grant import GroupRole, Membership, PermissionGrant, RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.users.inactivity import Inactivity
from rollcall.users.sign_ins import SignIns
from rollcall.users.statuses import Status
from rollcall.users.storage import GRANTS_END_AT, LISTED
from rollcall.users.user import User
from tests.users.test_user import make_user

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_user_has_the_last_sign_in_and_the_last_warning_of_other_rows() -> None:
    user, until = make_user(), NOW + timedelta(days=14)
    rows = [
        SignIns.none_of("usr_1", NOW).with_sign_in(NOW, ["password"]).item(),
        Inactivity.none_of("usr_1", NOW).with_warning(NOW, until).with_disabling(NOW).item(),
    ]
    known = {"last_login_at": NOW, "warned_at": NOW, "promised_until": until}

    found = User.assemble([user.item(), *rows])

    assert found == user.model_copy(update=known)
    assert found.facts() == user.facts()
    assert found.item() == user.item()


def test_platform_admin_is_who_has_the_grant_whatever_the_users_own_item_says() -> None:
    user = make_user()
    item = user.item()
    grant = RoleGrant(user_id="usr_1", role_id="rol_system").item()

    assert "isAdmin" not in make_user(is_admin=True).item()
    assert User.assemble([{**item, "isAdmin": True}]) == user
    assert User.assemble([item, {**grant, "roleId": "rol_user"}]) == user
    assert User.assemble([item, {name: grant[name] for name in ("pk", "sk")}]) == user
    assert User.assemble([item, grant]) == make_user(is_admin=True)


def test_item_without_a_status_is_not_a_user() -> None:
    item = make_user(status=Status.SUSPENDED).item()
    assert User.assemble([item]) == make_user(status=Status.SUSPENDED)
    del item["status"]
    assert User.assemble([item]) is None


def test_ids_come_from_the_keys_which_no_update_can_change() -> None:
    grant = RoleGrant(user_id="usr_1", role_id="rol_user")
    items = [make_user().item() | {"id": "usr_2"}, grant.item() | {"userId": "usr_2"}]
    assert User.assemble(items) == make_user(role_grants=(grant,))


@pytest.mark.parametrize("sort_key", ["#LATER", "#LATER#1"])
def test_row_of_a_kind_that_only_a_newer_version_knows_is_ignored(sort_key: str) -> None:
    row = {"pk": "USER#usr_1", "sk": sort_key, "userId": "usr_1"}
    assert User.assemble([make_user().item(), row]) == make_user()


def test_rows_without_the_users_item_are_not_a_user() -> None:
    assert User.assemble([SignIns.none_of("usr_1", NOW).item()]) is None


@pytest.mark.parametrize("user_id", ["usr_01abc", "ada", "ada-", "Karl", "Ö", "Google_1@x.io"])
def test_every_user_is_in_one_list_partition_for_any_id(user_id: str) -> None:
    assert make_user(id=user_id).index()["gsi2pk"] in LISTED


def test_item_has_the_first_expiry_and_the_journal_does_not() -> None:
    first, second = NOW + timedelta(days=1), NOW + timedelta(days=2)
    lasting = RoleGrant(user_id="usr_1", role_id="rol_user")
    held = PermissionGrant(user_id="usr_1", permission=Permission.USER_VIEW, ends_at=second)
    place = Membership(user_id="usr_1", group_id="grp_1", role=GroupRole.MEMBER, ends_at=first)
    user = make_user(role_grants=(lasting,), permission_grants=(held,), memberships=(place,))

    assert user.item()[GRANTS_END_AT] == "2026-01-06T09:00:00.000Z"
    assert GRANTS_END_AT not in user.facts()
    assert User.assemble([user.item(), *(row.item() for row in user.rows())]) == user
    for without in (make_user(role_grants=(lasting,)), user.as_erased(NOW)):
        assert GRANTS_END_AT not in without.item()


def test_journal_has_one_fact_for_each_grant_and_the_user_comes_back_from_them() -> None:
    role = RoleGrant(user_id="usr_1", role_id="rol_user", ends_at=NOW + timedelta(days=1))
    held = PermissionGrant(user_id="usr_1", permission=Permission.USER_VIEW)
    user = make_user(name="Jane", role_grants=(role,), permission_grants=(held,))

    facts = user.facts()

    assert facts["roles.rol_user"] == {"endsAt": "2026-01-06T09:00:00.000Z"}
    assert facts["permissions.user.view"] == {}
    assert make_user().with_facts(facts, user.version) == user
    assert {name for name in user.as_erased(NOW).facts() if "." in name} == set()
