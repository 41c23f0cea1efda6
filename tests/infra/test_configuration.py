"""What a deployment and ``rollcall local`` are both told by ``cdk.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from rollcall.invitations.activation import write_link
from rollcall.kit.settings import Settings
from rollcall_infra.bundle import CDK_JSON
from rollcall_infra.configuration import Configuration

CONTEXT: dict[str, Any] = json.loads(CDK_JSON.read_text())["context"]


def written(folder: Path, **changed: Any) -> Path:
    """A ``cdk.json`` that says something else."""
    file = folder / "cdk.json"
    file.write_text(json.dumps({"context": {**CONTEXT, **changed}}))
    return file


def test_operations_are_told_what_the_file_says(tmp_path: Path) -> None:
    said = {"resourceTypes": "invoice=refuse", "uniqueIdPattern": "AB-####", "factsFreshDays": 3}
    said |= {"passwordMinimumLength": 12}
    told = Configuration.read(written(tmp_path, **said)).shared
    settings = Settings(table_name="people", user_pool_id="pool", **told)
    assert settings.resource_types == "invoice=refuse"
    assert (settings.unique_id_pattern, settings.facts_fresh_days) == ("AB-####", 3)
    assert settings.password_minimum_length == 12


def test_file_as_it_comes_says_what_holds_without_one() -> None:
    plain = Settings(table_name="people", user_pool_id="pool")
    assert (
        Settings(table_name="people", user_pool_id="pool", **Configuration.read(CDK_JSON).shared)
        == plain
    )


def test_types_of_services_are_those_of_the_deployment(tmp_path: Path) -> None:
    client = {"scopes": ["resources"], "resourceTypes": ["persona", "invoice"]}
    wrong = written(tmp_path, serviceClients={"billing": client})
    with pytest.raises(ValidationError, match=r"serviceClients.billing: the type invoice does not"):
        Configuration.read(wrong)

    right = written(tmp_path, serviceClients={"billing": client}, resourceTypes="invoice=refuse")
    assert Configuration.read(right).service_clients["billing"].resource_types[1] == "invoice"


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
def test_what_is_wrong_is_named(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Configuration.read(written(tmp_path, **wrong))
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
def test_origin_is_one_that_a_browser_sends(tmp_path: Path, origin: str) -> None:
    written_origin = Configuration.read(written(tmp_path, allowedOrigin=origin)).allowed_origin
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
def test_origin_that_no_browser_sends_is_refused(tmp_path: Path, origin: str) -> None:
    with pytest.raises(ValidationError, match="not an origin as browsers send it"):
        Configuration.read(written(tmp_path, allowedOrigin=origin))


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
def test_page_gets_the_token_in_the_fragment(tmp_path: Path, key: str, page: str) -> None:
    configuration = Configuration.read(written(tmp_path, **{key: page}))
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
    tmp_path: Path, key: str, page: str
) -> None:
    with pytest.raises(ValidationError, match="must be behind the #, where no server sees it"):
        Configuration.read(written(tmp_path, **{key: page}))
