"""The state that ``rollcall local`` stores between two starts."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from rollcall_infra.client_scopes import EVERYTHING
from tests.api.acceptance import shared_client
from tests.local.running import run_command, start_local

pytestmark = pytest.mark.xdist_group("state")
"""One first run serves them all."""

NEW_USER = {
    "email": "newuser@example.com",
    "name": "New User",
    "temporaryPassword": "TempPass123!",
}


@dataclass(frozen=True)
class FirstRun:
    """A run that has created a user and was stopped with Ctrl-C."""

    state: Path
    described: dict[str, Any]
    made: dict[str, Any]
    code: int
    printed: str


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """The first run."""
    state = tmp_path_factory.mktemp("first")
    with start_local(state, "--admin-email", "Boss@Example.com") as running:
        described = running.described
        with running.client() as api:
            made = api.post("/admin/users", json=NEW_USER).json()
        return FirstRun(state, described, made, *running.stop(signal.SIGINT))


@pytest.fixture
def state(first: FirstRun, tmp_path: Path) -> Path:
    """A copy of the state of the first run."""
    return Path(shutil.copytree(first.state, tmp_path / "state"))


def start_refused(state: Path, *arguments: str) -> str:
    """Start Rollcall, which must fail with one line; returns the line."""
    done = run_command("local", "--port", "0", "--aws-port", "0", "--state", str(state), *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    return done.stderr


def test_ctrl_c_leaves_no_process_running(first: FirstRun) -> None:
    assert first.code == 0, first.printed
    assert first.printed.rstrip().endswith("Stopping …")
    assert not (first.state / "local.json").exists()
    with pytest.raises(httpx.ConnectError):
        shared_client().get(first.described["aws"])


def test_state_survives_a_restart(first: FirstRun, state: Path) -> None:
    with start_local(state) as second:
        described = second.described
        with second.client() as api:
            found = api.get(f"/admin/users/{first.made['id']}").json()
            taken = api.post("/admin/users", json=NEW_USER)
        newcomer = second.token(
            "--email", NEW_USER["email"], "--password", NEW_USER["temporaryPassword"],
            "--new-password", "Chosen-Pass-1",
        )  # fmt: skip

    assert described["admin"]["email"] == "boss@example.com"
    for name in ("admin", "userPoolId", "clientId"):
        assert described[name] == first.described[name]
    assert described["service"]["clientId"] == first.described["service"]["clientId"]
    assert {name: found[name] for name in first.made} == first.made
    assert taken.json()["detail"] == "Email already exists"
    assert newcomer


@pytest.mark.parametrize("file", ["aws/dynamodb.json", "admin.json"])
def test_damaged_state_is_refused(state: Path, file: str) -> None:
    (state / file).write_text("{")
    assert f"{Path(file).name} is damaged" in start_refused(state)


def test_admin_without_a_password_is_refused(state: Path) -> None:
    (state / "admin.json").write_text("{}")
    assert "admin.json is damaged" in start_refused(state)


def test_killed_rollcall_loses_no_data_and_leaves_no_process_running(state: Path) -> None:
    with start_local(state) as killed:
        with killed.client() as api:
            made = api.post("/admin/users", json={"email": "late@example.com"}).json()
        aws = killed.described["aws"]
        killed.process.kill()
        killed.process.wait()

    with start_local(state) as again:
        with pytest.raises(httpx.ConnectError):
            shared_client().get(aws)
        with again.client() as api:
            assert api.get(f"/admin/users/{made['id']}").status_code == 200


def test_ordinary_user_cannot_become_admin_from_the_command_line(state: Path) -> None:
    options = ("--admin-email", NEW_USER["email"], "--admin-password", "Chosen-Pass-1")
    assert "newuser@example.com cannot be the admin of this state" in start_refused(state, *options)


def test_state_of_a_version_without_services_gets_its_service_client(
    first: FirstRun, state: Path
) -> None:
    with start_local(state) as earlier:
        described = earlier.described
        cognito = earlier.aws("cognito-idp")
        pool = {"UserPoolId": described["userPoolId"]}
        cognito.delete_user_pool_client(**pool, ClientId=described["service"]["clientId"])
        known = [{"ScopeName": "admin", "ScopeDescription": "The only scope."}]
        cognito.update_resource_server(**pool, Identifier="rollcall", Name="rollcall", Scopes=known)
        refused = run_command("token", "--service", "--state", str(state))
        assert "cannot get a token" in refused.stderr

    with start_local(state) as second:
        claims = jwt.decode(second.token("--service"), options={"verify_signature": False})
        assert set(claims["scope"].split()) == set(EVERYTHING.allowed_scopes)
        assert second.described["clientId"] == first.described["clientId"]
        with second.client() as api:
            assert api.get("/me").status_code == 200
