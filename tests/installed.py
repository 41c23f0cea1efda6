"""The wheel, installed apart from this repository."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Installation:
    """An installed wheel, and an empty project that uses it."""

    packages: Path
    """The folder with the wheel's content."""
    project: Path

    @property
    def python(self) -> tuple[str, ...]:
        """Python without this repository. ``-S`` leaves out the editable installation."""
        return (sys.executable, "-S")

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which this Python finds the wheel and the third-party packages."""
        path = os.pathsep.join([str(self.packages), sysconfig.get_path("purelib")])
        return {**os.environ, "PYTHONPATH": path}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the project."""
        return subprocess.run(
            [*self.python, *arguments],
            cwd=self.project,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def install_wheel(folder: Path) -> Installation:
    """Build the wheel and unpack it, which is what an installation does."""
    project, packages = folder / "project", folder / "packages"
    project.mkdir()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return Installation(packages, project)
