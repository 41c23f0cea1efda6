"""Resources and stored files of an earlier start are used as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from botocore.session import Session

from rollcall.kit.clients import config_for
from rollcall.kit.objects import Objects, StoredObject
from rollcall_infra.configuration import Configuration
from rollcall_infra.local.emulator import REGION, Emulator
from rollcall_infra.local.provision import (
    Resources,
    provision,
    read_configuration,
    select_settings,
)
from rollcall_infra.local.sign_in import get_service_token
from rollcall_infra.local.state import LocalProblem
from rollcall_infra.runtime import make_runtime

pytestmark = pytest.mark.xdist_group("emulator")
"""One embedded AWS serves them all."""

MEGABYTE = 1024 * 1024


@contextmanager
def running(state: Path) -> Iterator[Emulator]:
    """The emulator with the state in this directory."""
    emulator = Emulator(0, state / "emulator.log", state)
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()


def as_in_local(emulator: Emulator) -> Objects:
    """The objects as operations use them in ``rollcall local``."""
    return make_runtime(emulator.client, provision(emulator).settings).objects


def as_in_lambda(emulator: Emulator) -> Objects:
    """The objects as a deployed function uses them."""
    client: Any = Session().create_client(
        StoredObject.service,
        region_name=REGION,
        endpoint_url=emulator.url,
        aws_access_key_id=emulator.keys.access_key_id,
        aws_secret_access_key=emulator.keys.secret_access_key,
        config=config_for(StoredObject.service),
    )
    return Objects(lambda: client, provision(emulator).settings.bucket_name)


@pytest.mark.parametrize("connect", [as_in_local, as_in_lambda])
def test_files_are_uploaded_downloaded_and_shared_by_link(
    emulator: Emulator, tmp_path: Path, connect: Callable[[Emulator], Objects]
) -> None:
    objects = connect(emulator)
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(b"".join(bytes([each]) * MEGABYTE for each in range(40)) + b"the end")

    objects.upload("files/ä b+c.csv", source, "text/csv")

    assert list(objects.list_keys("files/")) == ["files/ä b+c.csv"]
    assert objects.download("files/ä b+c.csv", back)
    assert back.read_bytes() == source.read_bytes()
    assert not objects.download("files/none", back)
    link = objects.presign("files/ä b+c.csv", file_name="Users.csv", seconds=60)
    answer = httpx.get(link, trust_env=False)
    assert answer.content == source.read_bytes()
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Users.csv"
    objects.delete(["files/ä b+c.csv"])
    assert list(objects.list_keys("files/")) == []


def test_link_that_was_tampered_with_is_rejected(emulator: Emulator, tmp_path: Path) -> None:
    objects = as_in_local(emulator)
    (tmp_path / "file").write_text("private")
    objects.upload("exports/one", tmp_path / "file")
    objects.upload("exports/two", tmp_path / "file")
    link = objects.presign("exports/one", file_name="one", seconds=60)
    assert httpx.get(link, trust_env=False).text == "private"
    for other in (link.replace("exports/one", "exports/two"), link.replace("=60&", "=6000&")):
        assert httpx.get(other, trust_env=False).status_code == 403


def test_files_survive_a_restart(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with running(tmp_path) as emulator:
        as_in_local(emulator).upload("directory/one", tmp_path / "file")
    with running(tmp_path) as emulator:
        assert as_in_local(emulator).download("directory/one", tmp_path / "back")
    assert (tmp_path / "back").read_text() == "kept"


def test_services_have_their_own_clients_for_as_long_as_the_environment_names_them(
    emulator: Emulator,
) -> None:
    learning = {"scopes": ["facts"], "factSources": ["learning"]}
    billing = {"scopes": ["users"]}

    def start(**clients: object) -> Resources:
        return provision(emulator, Configuration.model_validate({"serviceClients": clients}))

    both = start(learning=learning, billing=billing)
    fewer = start(learning={**learning, "factSources": ["learning", "exams"]})
    last = start()

    assert list(both.services) == ["service", "learning", "billing"]
    assert (list(fewer.services), list(last.services)) == (["service", "learning"], ["service"])
    assert fewer.services["learning"] == both.services["learning"]
    assert fewer.services["service"] == both.services["service"] == last.services["service"]
    pool_id, cognito = last.settings.user_pool_id, emulator.client("cognito-idp")
    listed = cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=60)["UserPoolClients"]
    assert {each["ClientName"] for each in listed} == {"rollcall", "rollcall-service"}


def test_token_of_a_service_has_the_scopes_for_its_sources(emulator: Emulator) -> None:
    clients = {"learning": {"scopes": ["facts", "users"], "factSources": ["learning"]}}
    configuration = Configuration.model_validate({"serviceClients": clients})

    token = get_service_token(provision(emulator, configuration).services["learning"])

    claims = jwt.decode(token, options={"verify_signature": False})
    expected = {"rollcall/facts", "rollcall/facts:learning", "rollcall/users"}
    assert set(claims["scope"].split()) == expected


def test_settings_are_those_of_the_environment_and_wrong_ones_are_named(
    emulator: Emulator, tmp_path: Path
) -> None:
    file = tmp_path / "trial.json"
    file.write_text('{"resourceTypes": "invoice=refuse", "mailSender": "users@example.com"}')
    configuration = read_configuration(str(file))
    assert provision(emulator, configuration).settings.resource_types == "invoice=refuse"

    file.write_text('{"uniqueIdPattern": "U"}')
    with pytest.raises(LocalProblem, match=r"uniqueIdPattern: .* at least 4"):
        read_configuration(str(file))


def test_second_factor_of_an_environment_does_not_apply_on_this_machine() -> None:
    configuration = Configuration(mfa="required-for-admins", facts_fresh_days=3)
    settings = select_settings(configuration)
    assert (settings["mfa"], settings["facts_fresh_days"]) == ("optional", 3)
