"""Exports on one machine: a file in the answer, and a file in parts behind a link."""

from __future__ import annotations

import io
from datetime import timedelta

import httpx
import pytest

from rollcall.directory.conditions import Condition
from rollcall.directory.export_files import Selected
from rollcall.directory.export_formats import ExportFormat, read_export
from rollcall.directory.export_steps import Exporter, ExportProgress, ExportRequest, Limits
from rollcall.kit.call import Runtime
from rollcall.kit.job import make_call
from rollcall.kit.key_rotation import rotate_keys
from rollcall_infra.local.emulator import Emulator
from rollcall_infra.local.provision import provision
from rollcall_infra.runtime import make_runtime
from tests.api.acceptance import wait_for
from tests.directory.population import make_row, open_database
from tests.local.running import LocalRollcall

ROWS = 60_000
IN_STEPS = Limits(writes_for=timedelta(0))


@pytest.mark.xdist_group("local")
def test_gateway_returns_an_export_as_a_file(local: LocalRollcall) -> None:
    with local.client() as client:
        wait_for(lambda: client.get("/admin/users").status_code == 200)
        answer = client.get("/admin/users/export")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="users-')
    users = list(read_export(ExportFormat.CSV, io.BytesIO(answer.content)))
    assert local.described["admin"]["email"] in [each.get("email") for each in users]


@pytest.fixture
def runtime(emulator: Emulator) -> Runtime:
    """The runtime with table and bucket on the emulator."""
    made = make_runtime(emulator.client, provision(emulator).settings)
    rotate_keys(made.keys, made.clock())
    return made


def export_in_steps(runtime: Runtime, selected: Selected) -> list[ExportProgress]:
    """Call the exporter until the export is complete; returns all answers."""
    request, answers = ExportRequest(), list[ExportProgress]()
    while not answers or answers[-1].status == "running":
        if answers:
            request = request.model_copy(update={"cursor": answers[-1].cursor})
        exporter = Exporter(make_call("export_users", runtime), selected, request, IN_STEPS)
        answer = exporter.go_on(selected.database.folder)
        assert isinstance(answer, ExportProgress)
        answers.append(answer)
    return answers


@pytest.mark.xdist_group("emulator")
def test_export_in_parts_is_one_file_behind_a_public_link(runtime: Runtime) -> None:
    database = open_database(make_row(f"usr_{number:05}", bio="x" * 180) for number in range(ROWS))
    request = ExportRequest()
    selected = Selected(
        database, Condition("TRUE"), request.order, request.chosen[:20], ExportFormat.JSONL
    )

    answers = export_in_steps(runtime, selected)
    downloaded = httpx.get(str(answers[-1].url), timeout=30)

    assert len(answers) > 1
    assert downloaded.status_code == 200
    assert downloaded.headers["Content-Type"] == "application/x-ndjson"
    assert ".jsonl" in downloaded.headers["Content-Disposition"]
    users = read_export(ExportFormat.JSONL, io.BytesIO(downloaded.content))
    assert sorted(str(each["id"]) for each in users) == [f"usr_{each:05}" for each in range(ROWS)]
