"""Roles and permissions in requests (R1, R2, U14)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rollcall.access.assignments import (
    PermissionAssignments,
    RoleAssignments,
    with_permissions,
    with_roles,
)
from rollcall.grants.grant import PermissionGrant, RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.errors import Invalid
from rollcall.users.user import User

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
END = datetime(2026, 2, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 1, tzinfo=UTC)
ROLES: TypeAdapter[RoleAssignments] = TypeAdapter(RoleAssignments)
PERMISSIONS: TypeAdapter[PermissionAssignments] = TypeAdapter(PermissionAssignments)


def a_user(**fields: Any) -> User:
    return User(id="usr_1", created_at=NOW, updated_at=NOW, **fields)


def test_requested_roles_replace_all_others() -> None:
    user = a_user(role_grants=(RoleGrant(user_id="usr_1", role_id="rol_old"),))
    named = ROLES.validate_python(["rol_b", {"roleId": "rol_a", "endsAt": END}])

    changed = with_roles(user, named, NOW)

    assert changed.role_grants == (
        RoleGrant(user_id="usr_1", role_id="rol_a", ends_at=END),
        RoleGrant(user_id="usr_1", role_id="rol_b"),
    )
    assert not changed.is_admin
    assert with_roles(user, (), NOW).role_grants == ()


def test_role_system_sets_the_admin_flag_instead_of_a_grant() -> None:
    admin = with_roles(a_user(), ROLES.validate_python(["rol_system", "rol_a"]), NOW)
    assert (admin.is_admin, [each.role_id for each in admin.role_grants]) == (True, ["rol_a"])
    assert not with_roles(admin, ROLES.validate_python(["rol_a"]), NOW).is_admin


def test_requested_permissions_replace_all_others() -> None:
    old = PermissionGrant(user_id="usr_1", permission=Permission.USER_DELETE)
    named = PERMISSIONS.validate_python(
        ["user.view", {"permission": "user.create", "startsAt": END}]
    )

    changed = with_permissions(a_user(permission_grants=(old,)), named, NOW)

    assert changed.permission_grants == (
        PermissionGrant(user_id="usr_1", permission=Permission.USER_CREATE, starts_at=END),
        PermissionGrant(user_id="usr_1", permission=Permission.USER_VIEW),
    )


@pytest.mark.parametrize("sent", ["rol_a", {"roleId": "rol_a"}])
def test_absent_times_keep_the_present_ones(sent: Any) -> None:
    boxed = RoleGrant(user_id="usr_1", role_id="rol_a", ends_at=END)
    user = a_user(role_grants=(boxed,))
    assert with_roles(user, ROLES.validate_python([sent]), NOW).role_grants == (boxed,)


@pytest.mark.parametrize(
    ("sent", "times"),
    [
        ({"endsAt": None}, (None, None)),
        ({"startsAt": None, "endsAt": None}, (None, None)),
        ({"startsAt": NOW}, (NOW, END)),
        ({"endsAt": LATER}, (None, LATER)),
        ({"startsAt": END, "endsAt": LATER}, (END, LATER)),
        ({"startsAt": END, "endsAt": None}, (END, None)),
    ],
)
def test_requested_end_replaces_the_present_one_and_the_start_stays(
    sent: dict[str, Any], times: tuple[datetime | None, datetime | None]
) -> None:
    boxed = PermissionGrant(user_id="usr_1", permission=Permission.USER_VIEW, ends_at=END)
    named = PERMISSIONS.validate_python([{"permission": "user.view", **sent}])
    (grant,) = with_permissions(a_user(permission_grants=(boxed,)), named, NOW).permission_grants
    assert (grant.starts_at, grant.ends_at) == times


def test_time_that_contradicts_an_unchanged_one_is_an_error_of_its_field() -> None:
    boxed = RoleGrant(user_id="usr_1", role_id="rol_a", starts_at=NOW, ends_at=END)
    user = a_user(role_grants=(boxed,))
    for sent, field in (({"startsAt": END}, "startsAt"), ({"endsAt": NOW}, "endsAt")):
        with pytest.raises(Invalid) as refused:
            with_roles(user, ROLES.validate_python(["rol_b", {"roleId": "rol_a", **sent}]), NOW)
        (error,) = refused.value.errors
        assert error == (f"roles.1.{field}", "endsAt must be later than startsAt.", "value_error")


def test_expired_grant_is_granted_again_even_if_its_row_exists() -> None:
    boxed = RoleGrant(user_id="usr_1", role_id="rol_a", starts_at=NOW, ends_at=END)
    user = a_user(role_grants=(boxed,))
    for sent, times in (
        ("rol_a", (None, None)),
        ({"roleId": "rol_a", "startsAt": LATER}, (LATER, None)),
    ):
        (grant,) = with_roles(user, ROLES.validate_python([sent]), END).role_grants
        assert (grant.starts_at, grant.ends_at) == times


def test_duplicate_entries_count_once_unless_their_times_differ() -> None:
    twice = ROLES.validate_python(["rol_a", {"roleId": "rol_a"}])
    assert len(with_roles(a_user(), twice, NOW).role_grants) == 1
    for adapter, sent in (
        (ROLES, ["rol_a", {"roleId": "rol_a", "endsAt": None}]),
        (ROLES, ["rol_a", {"roleId": "rol_a", "endsAt": END}]),
        (PERMISSIONS, ["user.view", {"permission": "user.view", "endsAt": END}]),
    ):
        with pytest.raises(ValidationError, match="occurs twice, with different times"):
            adapter.validate_python(sent)


@pytest.mark.parametrize("adapter", [ROLES, PERMISSIONS])
def test_api_document_shows_both_forms(adapter: TypeAdapter[Any]) -> None:
    schema = adapter.json_schema()
    assert len(schema["items"]["oneOf"]) == 2
    assert schema["maxItems"]
