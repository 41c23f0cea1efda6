"""What the setting ``serviceClients`` can declare."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rollcall.grants.scopes import SYSTEM_SCOPES, Scope, read_scopes
from rollcall_infra.client_scopes import (
    EVERYTHING,
    SCOPES_AT_MOST,
    SCOPES_PER_CLIENT_AT_MOST,
    ServiceClient,
    ServiceClients,
    describe_scopes,
)

CLIENTS: TypeAdapter[Mapping[str, ServiceClient]] = TypeAdapter(ServiceClients)
LEARNING = {"scopes": ["facts", "users"], "factSources": ["learning", "exams"]}
BILLING = {"scopes": ["resources"], "resourceTypes": ["invoice"]}


def names(prefix: str, number: int) -> list[str]:
    return [f"{prefix}-{each}" for each in range(number)]


def refusal(clients: object) -> str:
    with pytest.raises(ValidationError) as refused:
        CLIENTS.validate_python(clients)
    error = refused.value.errors()[0]
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


@pytest.mark.parametrize("spell", [dict, json.dumps])
def test_client_has_its_scopes_and_one_for_each_source_and_type(spell: Any) -> None:
    clients = CLIENTS.validate_python(spell({"learning": LEARNING, "billing": BILLING}))

    assert clients["learning"].allowed_scopes == [
        "rollcall/facts",
        "rollcall/facts:exams",
        "rollcall/facts:learning",
        "rollcall/users",
    ]
    assert clients["billing"].allowed_scopes == ["rollcall/resources", "rollcall/resources:invoice"]


def test_token_with_the_scopes_of_a_client_allows_what_is_declared() -> None:
    learning = ServiceClient.model_validate(LEARNING)
    general, limited = read_scopes(learning.allowed_scopes)
    assert (set(general), set(limited)) == ({Scope.USERS}, {Scope.FACTS})
    assert limited[Scope.FACTS] == {"learning", "exams"}
    assert read_scopes(EVERYTHING.allowed_scopes)[0] == set(SYSTEM_SCOPES)


def test_resource_server_has_every_scope_of_every_client_once() -> None:
    clients = [ServiceClient.model_validate(each) for each in (LEARNING, LEARNING, BILLING)]

    described = describe_scopes([*clients, EVERYTHING])

    declared = [f"rollcall/{each['ScopeName']}" for each in described]
    assert len(declared) == len(set(declared))
    for client in (*clients, EVERYTHING):
        assert set(client.allowed_scopes) <= set(declared)
    # Cognito, ResourceServerScopeType
    assert all(0 < len(each["ScopeDescription"]) <= 256 for each in described)


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (["facts"], "clients: .*A service is an object, such as {"),
        ("facts", "A service is an object, such as {"),
        ({**LEARNING, "factSource": ["x"]}, "no key factSource. Use scopes, factSources, resource"),
        ({}, "scopes: Field required"),
        ({"scopes": []}, "scopes: .* at least 1 item"),
        ({"scopes": ["invoices"]}, "scopes.0: .*invoices is not a scope of services.*resources"),
        ({"scopes": ["admin"]}, "admin is not a scope"),
        ({"scopes": ["facts"]}, "The scope facts applies to the factSources only"),
        ({"scopes": ["resources"]}, "The scope resources applies to the resourceTypes only"),
        ({**LEARNING, "scopes": ["users"]}, "The scope facts applies to the factSources only"),
        ({**LEARNING, "factSources": ["Learning"]}, "factSources.0: .*begins with a letter"),
        ({**LEARNING, "factSources": "learning"}, "factSources: .*tuple"),
        (
            {**LEARNING, "factSources": names("source", SCOPES_PER_CLIENT_AT_MOST)},
            "The service has 52 scopes.* accepts 50",
        ),
    ],
)
def test_wrong_client_is_refused_with_the_reason(client: object, words: str) -> None:
    told = refusal({"clients": client})
    assert told.startswith("clients")
    assert re.search(words, told), told


def test_all_clients_together_have_no_more_scopes_than_a_resource_server() -> None:
    def clients(number: int) -> dict[str, object]:
        shares = [names("source", number)[start::3] for start in range(3)]
        return {
            f"service-{name}": {"scopes": ["facts"], "factSources": share}
            for name, share in zip("abc", shares, strict=True)
        }

    most = SCOPES_AT_MOST - len(Scope)
    assert CLIENTS.validate_python(clients(most))
    assert f"have {SCOPES_AT_MOST + 1} scopes" in refusal(clients(most + 1))
