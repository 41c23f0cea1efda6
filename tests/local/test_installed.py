"""``rollcall local`` from an installed wheel, in the folder of another project."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rollcall_infra.bundle import ROOT
from rollcall_infra.local.cli import main
from tests.installed import install_wheel
from tests.local.running import start_local

USER = {"email": "badge@example.com", "name": "Badge", "temporaryPassword": "TempPass123!"}


def test_wheel_serves_our_operations_and_those_of_a_further_folder(tmp_path: Path) -> None:
    installed, state = install_wheel(tmp_path), tmp_path / "state"
    shutil.copytree(ROOT / "tests" / "example" / "functions", installed.project / "functions")
    state.mkdir()
    options = ("--ephemeral", "--functions", "functions")

    with start_local(state, *options, installed=installed) as running, running.client() as client:
        user = client.post("/admin/users", json=USER).json()["id"]
        awarded = client.post(f"/admin/users/{user}/badges", json={"name": "First order"})
        listed = client.get(f"/admin/users/{user}/badges").json()["items"]
        # The journal entry of the badge is no entry of the user, and of no interest to the lists.
        client.get("/admin/users", params={"search": "badge"}).raise_for_status()
        document = client.get(running.api.removesuffix("/api") + "/openapi.json").json()

    assert awarded.status_code == 201, awarded.text
    assert [each["name"] for each in listed] == ["First order"]
    assert "/admin/users/{userId}/badges" in document["paths"]
    assert "ERROR" not in (state / "functions.log").read_text()
    assert [each.name for each in installed.project.iterdir()] == ["functions"]


@pytest.mark.parametrize("command", ["operations", "local"])
def test_folder_without_functions_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    state = ["--state", str(tmp_path / "state")] if command == "local" else []
    ports = ["--port", "0", "--aws-port", "0"] if command == "local" else []
    assert main([command, *state, *ports, "--functions", str(tmp_path / "nowhere")]) == 1
    assert f"rollcall: {tmp_path}/nowhere has no functions." in capsys.readouterr().err
