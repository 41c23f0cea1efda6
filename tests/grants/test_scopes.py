"""The scopes that access tokens need."""

from __future__ import annotations

from rollcall.grants.scopes import ADMIN_SCOPES, SYSTEM_SCOPES, Scope


def test_scope_has_its_resource_server_and_a_description() -> None:
    assert Scope.RESOURCES.value == "rollcall/resources"
    assert Scope.RESOURCES.short_name == "resources"
    assert all(scope.__doc__ and scope.value == f"rollcall/{scope.short_name}" for scope in Scope)


def test_people_and_services_have_different_scopes() -> None:
    assert not set(ADMIN_SCOPES) & set(SYSTEM_SCOPES)
    assert {*SYSTEM_SCOPES, Scope.ADMIN} == set(Scope)
