"""The settings that a deployment and ``rollcall local`` share."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from rollcall.invitations.activation import write_link
from rollcall.kit.settings import Settings
from rollcall_infra.configuration import Configuration


def configure(**changed: Any) -> Configuration:
    """The defaults, except for these keys of a file."""
    return Configuration.model_validate(changed)


def test_functions_get_the_settings_of_the_file() -> None:
    said = {"resourceTypes": "invoice=refuse", "uniqueIdPattern": "AB-####", "factsFreshDays": 3}
    said |= {"passwordMinimumLength": 12}
    told = configure(**said).shared
    settings = Settings(table_name="people", user_pool_id="pool", **told)
    assert settings.resource_types == "invoice=refuse"
    assert (settings.unique_id_pattern, settings.facts_fresh_days) == ("AB-####", 3)
    assert settings.password_minimum_length == 12


def test_defaults_are_those_of_the_functions() -> None:
    plain = Settings(table_name="people", user_pool_id="pool")
    assert Settings(table_name="people", user_pool_id="pool", **configure().shared) == plain


def test_types_of_services_are_those_of_the_deployment() -> None:
    client = {"scopes": ["resources"], "resourceTypes": ["persona", "invoice"]}
    with pytest.raises(ValidationError, match=r"serviceClients.billing: the type invoice does not"):
        configure(serviceClients={"billing": client})

    right = configure(serviceClients={"billing": client}, resourceTypes="invoice=refuse")
    assert right.service_clients["billing"].resource_types[1] == "invoice"


@pytest.mark.parametrize(
    "wrong",
    [
        {"resourceTypes": "invoice"},
        {"uniqueIdPattern": "U#"},
        {"factsFreshDays": 0},
        {"passwordMinimumLength": 7},
        {"allowedOrigin": "https://console.example.com/"},
        {"invitationUrl": "https://app.example.com/{token}"},
        *({"freshSignInMinutes": each} for each in (0, -1, 1.5, "soon", 10**30)),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        configure(**wrong)
    assert [error["loc"][0] for error in refused.value.errors()] == list(wrong)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "*",
        "https://console.example.com",
        "https://console.example.com:8443",
        "https://xn--bcher-kva.example",
        "http://localhost:3000",
        "http://127.0.0.1:5173",
    ],
)
def test_origin_is_one_that_a_browser_sends(origin: str) -> None:
    written_origin = configure(allowedOrigin=origin).allowed_origin
    assert written_origin == origin


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "console.example.com",
        "http://console.example.com",
        "https://Console.example.com",
        "https://console.example.com/",
        "https://console.example.com:443",
        "https://console.example.com:8443/app",
        "https://*.example.com",
        "https://a.example.com,https://b.example.com",
        "https://user@console.example.com",
        "https://console.example.com'",
        "http://localhost:80",
        "http://localhost.evil.example",
        "https://console.example.com\n",
        "**",
    ],
)
def test_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="not an origin as browsers send it"):
        configure(allowedOrigin=origin)


PAGES = ("invitationUrl", "verificationUrl")


@pytest.mark.parametrize("key", PAGES)
@pytest.mark.parametrize(
    "page",
    [
        "",
        "https://app.example.com/welcome",
        "https://app.example.com/welcome?lang=de",
        "https://app.example.com/#/welcome/{token}",
        "https://app.example.com/welcome#token={token}&lang=de",
    ],
)
def test_page_gets_the_token_in_the_fragment(key: str, page: str) -> None:
    configuration = configure(**{key: page})
    assert configuration.model_dump(by_alias=True)[key] == page
    link = write_link(page, "inv_1_a")
    assert urlsplit(link).fragment.count("inv_1_a") == (1 if page else 0)


@pytest.mark.parametrize("key", PAGES)
@pytest.mark.parametrize(
    "page",
    [
        "https://app.example.com/welcome/{token}",
        "https://app.example.com/welcome?token={token}",
        "https://{token}.example.com/",
        "https://app.example.com/{token}#{token}",
        "https://app.example.com/#/{token}/{token}",
        "https://app.example.com/#/welcome",
    ],
)
def test_page_whose_address_a_server_would_see_with_the_token_is_refused(
    key: str, page: str
) -> None:
    with pytest.raises(ValidationError, match="must be behind the #, where no server sees it"):
        configure(**{key: page})
