"""Writes the file that :mod:`rollcall.kit.precompiled` reads: everything that Python compiles from
text while the shared code and the packages that it imports are imported.

A separate process writes the file, ``python -m rollcall_infra.precompiling FILE``, and records each
text. Texts of the functions' own files are left out: otherwise a change of one function would
change the shared layer and redeploy all functions.
"""

from __future__ import annotations

import builtins
import collections
import dataclasses
import importlib
import marshal
import os
import pkgutil
import subprocess
import sys
import typing
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rollcall.kit.precompiled import ENGINE, REGULAR_EXPRESSIONS, readable_version

PACKAGES = ("aws-lambda-powertools", "botocore", "pydantic", "urllib3")
"""The packages whose texts are in the file. It is rebuilt when a version changes."""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "eu-west-1",
}
"""Enough to create clients, which are never used."""


def packages_installed() -> str:
    """The versions that the file depends on, besides our own shared code."""
    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def write_precompiled(file: Path) -> None:
    """Write the file, in another process."""
    subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, "-m", __name__, str(file)],
        env={**_without_aws(os.environ), **ENVIRONMENT},
        cwd=Path(__file__).parents[1],
        check=True,
    )


def _without_aws(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment without AWS settings, which may name a profile or a Lambda function."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


class Notes:
    """Records what this process compiles from text from now on."""

    def __init__(self) -> None:
        self.texts: set[tuple[str, str]] = set()
        self.patterns: dict[tuple[str | bytes, int], tuple[Any, ...]] = {}
        self._asked: tuple[str | bytes, int] | None = None
        self._compile_usually = REGULAR_EXPRESSIONS.compile
        vars(dataclasses)["exec"] = self._execute
        vars(collections)["eval"] = self._evaluate
        vars(typing)["compile"] = self._compile
        vars(REGULAR_EXPRESSIONS)["compile"] = self._compile_pattern
        vars(REGULAR_EXPRESSIONS)["_sre"] = _Engine(self._note_pattern)

    def pack(self) -> bytes:
        """The file's content; the same for the same texts."""
        # Version 2 of the format has no references, which depend on what else is in memory.
        codes = {
            (text, mode): marshal.dumps(compile(text, "<string>", mode, dont_inherit=True), 2)
            for text, mode in sorted(self.texts)
        }
        patterns = {
            key: marshal.dumps(self.patterns[key], 2) for key in sorted(self.patterns, key=repr)
        }
        return marshal.dumps((readable_version(), codes, patterns), 2)

    def _execute(self, text: str, *scopes: Any) -> None:
        self.texts.add((text, "exec"))
        builtins.exec(text, *scopes)  # noqa: S102 (what dataclasses would execute)

    def _evaluate(self, text: str, *scopes: Any) -> Any:
        self.texts.add((text, "eval"))
        return builtins.eval(text, *scopes)  # noqa: S307 (what namedtuple would evaluate)

    def _compile(self, text: str, name: str, mode: str) -> Any:
        self.texts.add((text, mode))
        return compile(text, name, mode, dont_inherit=True)

    def _compile_pattern(self, pattern: Any, flags: int = 0) -> Any:
        self._asked = (pattern, int(flags)) if type(pattern) in {str, bytes} else None
        return self._compile_usually(pattern, flags)

    def _note_pattern(self, flags: int, code: list[int], groups: int, *names: Any) -> None:
        if self._asked is not None:
            indexes, in_order = names
            # Plain numbers, because the compiler's own constants cannot be marshalled.
            plain = [int(each) for each in code]
            self.patterns[self._asked] = (int(flags), plain, groups, dict(indexes), in_order)


class _Engine:
    """Wraps the regular expression engine and records its arguments."""

    def __init__(self, note: Callable[..., None]) -> None:
        self._note = note

    def __getattr__(self, name: str) -> Any:
        return getattr(ENGINE, name)

    def compile(self, pattern: object, *parts: Any) -> Any:
        """Compile a parsed expression."""
        self._note(*parts)
        return ENGINE.compile(pattern, *parts)


def main() -> None:
    """Import all shared code and write what was compiled."""
    notes = Notes()
    package = importlib.import_module("rollcall")
    for module in pkgutil.walk_packages(package.__path__, "rollcall."):
        importlib.import_module(module.name)
    clients = importlib.import_module("rollcall.kit.clients")
    for service in importlib.import_module("rollcall_infra.trimming").CALLERS:
        clients.make_client(service)
    Path(sys.argv[1]).write_bytes(notes.pack())


if __name__ == "__main__":
    main()
