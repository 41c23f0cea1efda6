"""The scopes that access tokens need."""

from __future__ import annotations

import pytest

from rollcall.grants.scopes import (
    ADMIN_SCOPES,
    ANY,
    LIMITED_SCOPES,
    SYSTEM_SCOPES,
    Scope,
    read_scopes,
    require_scope_for,
)
from rollcall.kit.actor import Actor
from rollcall.kit.errors import Forbidden


def test_scope_has_its_resource_server_and_a_description() -> None:
    assert Scope.RESOURCES.value == "rollcall/resources"
    assert Scope.RESOURCES.short_name == "resources"
    assert all(scope.__doc__ and scope.value == f"rollcall/{scope.short_name}" for scope in Scope)


def test_people_and_services_have_different_scopes() -> None:
    assert not set(ADMIN_SCOPES) & set(SYSTEM_SCOPES)
    assert {*SYSTEM_SCOPES, Scope.ADMIN} == set(Scope)


@pytest.mark.parametrize(
    ("claimed", "everywhere", "limited"),
    [
        ("", set(), {}),
        ("rollcall/users", {Scope.USERS}, {}),
        ("rollcall/facts", set(), {Scope.FACTS: set()}),
        ("rollcall/facts:crm", set(), {}),
        (
            "rollcall/facts rollcall/facts:crm rollcall/facts:hr rollcall/resources:crm",
            set(),
            {Scope.FACTS: {"crm", "hr"}},
        ),
        ("rollcall/facts rollcall/facts:*", {Scope.FACTS}, {Scope.FACTS: {ANY}}),
        ("rollcall/facts other/facts:* rollcall/facts-2:*", set(), {Scope.FACTS: set()}),
        ("rollcall/users:* rollcall/admin", set(), {}),
    ],
)
def test_limited_scope_counts_only_for_what_further_scopes_name(
    claimed: str, everywhere: set[str], limited: dict[str, set[str]]
) -> None:
    found = read_scopes(claimed.split())
    assert (set(found[0]), {scope: set(names) for scope, names in found[1].items()}) == (
        everywhere,
        limited,
    )


@pytest.mark.parametrize("scope", LIMITED_SCOPES)
def test_refusal_names_the_scope_and_where_to_add_it(scope: Scope) -> None:
    _, limited = read_scopes([scope, scope.limited_to("mine")])
    service = Actor(kind="client", id="crm", scoped=limited)

    require_scope_for(service, scope, "mine")
    with pytest.raises(Forbidden) as refused:
        require_scope_for(service, scope, "theirs")

    assert refused.value.code == "scope_missing"
    assert f"{scope.value}:theirs" in refused.value.detail
    assert LIMITED_SCOPES[scope] in refused.value.detail


@pytest.mark.parametrize("scope", LIMITED_SCOPES)
def test_service_with_everything_needs_no_names(scope: Scope) -> None:
    everywhere, limited = read_scopes([scope, scope.limited_to(ANY)])
    require_scope_for(Actor(kind="client", id="crm", permissions=everywhere), scope, "any")
    assert limited[scope] == {ANY}
