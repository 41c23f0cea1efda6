"""The build fails, and says why, when a new version of a package does not fit an entry."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path

import pytest

from rollcall_infra.deferral import NotDeferrable
from rollcall_infra.lean_packages import DEFERRED, EDITS, SCHEMAS, make_lean, plain_dicts

TOUCHED = sorted({*DEFERRED, *(edit.file for edit in EDITS), SCHEMAS})


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The files that are touched, as they are installed here in the layer's versions."""
    for package in ("aws-lambda-powertools", "botocore", "pydantic", "pydantic-core", "urllib3"):
        for file in files(package) or ():
            if str(file) in TOUCHED:
                target = tmp_path / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target)
    return tmp_path


def replace(name: str, old: str, new: str) -> Callable[[Path], object]:
    def change(python: Path) -> None:
        text = (python / name).read_text()
        assert old in text
        (python / name).write_text(text.replace(old, new))

    return change


def test_every_entry_fits_the_locked_versions(python: Path) -> None:
    make_lean(python)
    assert {str(file.relative_to(python)) for file in python.rglob("*.py")} == set(TOUCHED)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            replace("botocore/auth.py", "import calendar\n", ""),
            "does not fit botocore/auth.py of the locked version: it does not import calendar",
        ),
        (
            replace(
                "botocore/auth.py", "import calendar\n", "import calendar\nX = calendar.JANUARY\n"
            ),
            "uses calendar when the module is imported. Look at what the new version does there",
        ),
        (
            replace("botocore/session.py", "import copy\n", "from botocore.auth import calendar\n"),
            "does not fit botocore/auth.py of the locked version: session.py imports calendar",
        ),
        (
            replace("pydantic/plugin/_loader.py", "    disabled_plugins = os", "    disabled = os"),
            "does not fit pydantic/plugin/_loader.py of the locked version: it has no single",
        ),
        (
            replace(SCHEMAS, "TypedDict", "NamedTuple"),
            "does not fit pydantic_core/core_schema.py of the locked version: it has no TypedDict",
        ),
    ],
)
def test_a_new_version_that_an_entry_does_not_fit_fails_the_build(
    python: Path, change: Callable[[Path], object], why: str
) -> None:
    change(python)
    with pytest.raises(RuntimeError, match=re.escape(why)):
        make_lean(python)


def test_typed_dictionaries_and_those_derived_from_them_become_plain_ones() -> None:
    source = (
        "class Base(TypedDict, total=False):\n    a: int\n"
        "class Derived(Base):\n    b: int\n"
        "class Other:\n    c: int\n"
        "def make(): return Derived(b=1)\n"
    )
    names: dict[str, object] = {}
    exec(plain_dicts(source), names)  # noqa: S102 (our own words)
    assert names["Base"] is dict
    assert names["Derived"] is dict
    assert names["Other"] is not dict
    with pytest.raises(NotDeferrable):
        plain_dicts("class Other: pass")
