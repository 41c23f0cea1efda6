"""What the layer holds compiled is what Python would compile itself."""

from __future__ import annotations

import marshal
import subprocess
import sys
from pathlib import Path

import pytest

from rollcall.kit.precompiled import readable_version, use_precompiled
from rollcall_infra.precompiling import write_precompiled

USING = """
import collections, dataclasses, re, sys
from typing import ForwardRef
from rollcall.kit.precompiled import use_precompiled
asked = []
usual = re._compiler._parser.parse
def note_parsing(text, *rest):
    asked.append(text)
    return usual(text, *rest)
re._compiler._parser.parse = note_parsing
print(use_precompiled(sys.argv[1]))
from rollcall.kit.errors import FieldError
from rollcall.kit.actor import Actor
print(FieldError("a", "b", "c"), Actor(kind="user", id="usr_1"))
print(re.compile("(?P<x>never precompiled)+").fullmatch("never precompiled")["x"])
import rollcall.kit.operation_declaration as operation
route = operation._ROUTE
print(route.fullmatch("GET /users/{user_id}").groups(), route.pattern in asked)

@dataclasses.dataclass(frozen=True)
class Point:
    abscissa_never_precompiled: int = 1
print(Point(), Point() == Point(1))
print(ForwardRef("list[never_precompiled]").__forward_code__.co_names)
print(collections.namedtuple("Pair", "never precompiled")(1, 2))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("precompiled") / "file"
    write_precompiled(file)
    return file


def run_with(file: Path) -> list[str]:
    command = [sys.executable, "-W", "error", "-c", USING, str(file)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_what_is_made_of_it_is_the_same_as_without_it(file: Path, tmp_path: Path) -> None:
    used, *with_file = run_with(file)
    unused, *without_file = run_with(tmp_path / "none")
    assert (used, unused) == ("True", "False")
    assert "Point(abscissa_never_precompiled=1) True" in with_file
    route = "('GET', '/users/{user_id}')"
    # The one expression was compiled here, the other was not.
    assert f"{route} False" in with_file
    assert f"{route} True" in without_file
    assert [line.replace(f"{route} False", f"{route} True") for line in with_file] == without_file


def test_another_version_of_python_compiles_for_itself(file: Path, tmp_path: Path) -> None:
    version, *held = marshal.loads(file.read_bytes())  # noqa: S302 (made by us)
    assert version == readable_version()
    other = tmp_path / "other"
    other.write_bytes(marshal.dumps((f"{version} and newer", *held)))
    assert not use_precompiled(str(other))


def test_the_file_is_the_same_each_time_it_is_written(file: Path, tmp_path: Path) -> None:
    write_precompiled(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == file.read_bytes()
