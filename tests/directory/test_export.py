"""The records of exports, and the retention of their files."""

from __future__ import annotations

from functions.directory.export_users import export_users
from rollcall.directory.export import Export, ExportFile
from rollcall.kit.declaration import ReadingRecord
from rollcall_infra.catalog import read_catalog


def test_files_pass_away_by_themselves() -> None:
    assert ExportFile.days_kept == 1
    assert ExportFile in export_users.stored_objects


def test_record_of_an_export_is_that_of_a_reading() -> None:
    assert issubclass(Export, ReadingRecord)
    assert not export_users.changes


def test_only_the_export_writes_its_record() -> None:
    writing = [each.name for each in read_catalog().declarations if Export in each.writes]
    assert writing == ["export_users"]
