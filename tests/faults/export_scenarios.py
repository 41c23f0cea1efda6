"""Scenarios of exports: the file and its record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from functions.directory.export_users import export_users
from rollcall.directory.directory import open_directory
from rollcall.directory.export_files import Selected
from rollcall.directory.export_steps import (
    Exporter,
    ExportProgress,
    ExportRequest,
    Limits,
    UsersFile,
)
from rollcall.directory.selections import select_users
from rollcall.kit.call import Call
from tests.api.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import ask, scenario
from tests.world.gateway import Reply
from tests.world.snapshot import stored_objects
from tests.world.world import World


def export_by_link(request: ExportRequest, call: Call) -> UsersFile | ExportProgress:
    """Export to a file behind a link, as the operation does for many users."""
    database = open_directory(call)
    condition = select_users(call, database, request)
    selected = Selected(database, condition, request.order, request.chosen, request.format)
    return Exporter(call, selected, request, Limits(rows_in_answer=0)).go_on(database.folder)


@scenario("export_users", 202, by_client=False)
def a_file_that_is_too_large_for_an_answer(world: World) -> Plan:
    world.add_user()
    world.build_directory()
    by_link = replace(export_users, function=export_by_link)

    def verify(reply: Reply) -> Iterable[str]:
        if (reply.body["status"], reply.body["rows"]) != ("complete", 2):
            yield f"the export is {reply.body}"
        files = [key for key in stored_objects(world) if key in reply.body["url"]]
        exports = [item for item in world.items() if item["pk"] == f"EXPORT#{files[0][8:-4]}"]
        if not exports or exports[0]["userCount"] != 2:
            yield f"the record of {files} is {exports}"

    return ask(world, by_link, Example(), verify)
