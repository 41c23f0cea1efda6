"""Files with rows: one JSON object a line, compressed on request, with buckets on request."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from rollcall.directory.buckets import Bounds, no_bounds
from rollcall.directory.collation import sort_keys
from rollcall.directory.database import Database
from rollcall.directory.row_files import write_rows
from tests.directory.population import make_row

ROWS = [make_row("usr_1", email="a@example.com"), make_row("usr_2")]


def test_each_row_is_a_line_with_its_fields_by_their_json_names(tmp_path: Path) -> None:
    assert write_rows(tmp_path / "rows.json", ROWS) == 2

    lines = (tmp_path / "rows.json").read_text().splitlines()
    assert [json.loads(each) for each in lines] == [
        each.model_dump(mode="json", by_alias=True) for each in ROWS
    ]


def test_line_has_the_sort_key_and_the_texts_in_the_form_in_which_they_are_compared(
    tmp_path: Path,
) -> None:
    row = make_row("usr_1", name="Jose\u0301 WEIß", expertise=["SQL", "Łódź"], country="DE")
    write_rows(tmp_path / "rows.json", [row])

    line = json.loads((tmp_path / "rows.json").read_text())
    derived = {name: line[name] for name in line.keys() - row.model_dump(by_alias=True).keys()}
    assert derived == {
        "nameKey": sort_keys(["José WEIß"])[0],
        "nameFolded": "josé weiss",
        "expertiseFolded": ["sql", "łódź"],
    }
    assert line["name"] == "Jose\u0301 WEIß"


def test_file_that_ends_in_gz_is_compressed_and_has_the_same_rows(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.json", ROWS)
    write_rows(tmp_path / "rows.json.gz", ROWS)

    plain, compressed = (tmp_path / name for name in ("rows.json", "rows.json.gz"))
    assert gzip.decompress(compressed.read_bytes()) == plain.read_bytes()
    database = Database()
    database.build([compressed])
    assert database.count() == 2


def test_bounds_give_each_row_its_buckets(tmp_path: Path) -> None:
    bounds = no_bounds() | {"email": Bounds([("", ""), ("a@example.com", "usr_1")], ["usr_0"])}

    write_rows(tmp_path / "rows.json", ROWS, bounds)

    first, second = map(json.loads, (tmp_path / "rows.json").read_text().splitlines())
    assert (first["emailBucket"], second["emailBucket"]) == (1, -1)
    assert (first["createdAtBucket"], second["createdAtBucket"]) == (0, 0)
