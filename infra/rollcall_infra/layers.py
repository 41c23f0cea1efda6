"""Builds what is deployed: the layers and the file of each function, as folders for the CDK.

Everything is built without Docker and stored below ``build/``, under a name with a hash of the
inputs. The same inputs give the same bytes. The CDK names an asset by its content, so it deploys
only what has changed. The folder can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from rollcall.kit.declaration import Declaration
from rollcall.kit.mail_templates import list_templates
from rollcall.kit.precompiled import FILE
from rollcall.mails.catalog import OURS
from rollcall_infra import deferral, lean_packages, precompiling, trimming
from rollcall_infra.catalog import FUNCTIONS
from rollcall_infra.deployment import Architecture

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
LAYERS = ROOT / "layers"
SHARED = LAYERS / "shared" / "python"
PLATFORMS: dict[Architecture, str] = {
    "arm64": "aarch64-manylinux_2_28",
    "x86_64": "x86_64-manylinux_2_28",
}
"""glibc 2.28 or older: Lambda's Amazon Linux 2023 has 2.34."""
UNUSED = {
    # Resolvers with the Swagger UI, metrics, tracing.
    "vendor": (
        "aws_lambda_powertools/event_handler",
        "aws_lambda_powertools/metrics",
        "aws_lambda_powertools/middleware_factory",
        "aws_lambda_powertools/tracing",
        "bin",
    ),
    # Type stubs, and other interfaces such as Spark's.
    "duckdb": ("_duckdb-stubs", "adbc_driver_duckdb", "duckdb/experimental"),
}
"""The folders of each layer that no function imports from."""
TRIMMERS = (deferral, lean_packages, trimming)
PYTHON = (ROOT / ".python-version").read_text().strip()


def build_package_layer(name: str, architecture: Architecture, build: Path = BUILD) -> Path:
    """Build the layer with the third-party packages of a folder below ``layers``, locked and
    trimmed. Returns its folder, which contains ``python/``.
    """
    requirements = LAYERS / name / "requirements.txt"
    sources = [requirements, *(Path(str(each.__file__)) for each in TRIMMERS)]
    callers = [Path(str(module.__file__)) for module in trimming.CALLERS.values()]

    def fill(folder: Path) -> None:
        python = folder / "python"
        _install(requirements, python, architecture)
        _trim(python, UNUSED[name])
        _compile(python, "/opt/python")

    return _build(build / f"{name}-{architecture}", [*sources, *callers], fill)


def build_shared_layer(build: Path = BUILD, *, mail_templates: Path | None = None) -> Path:
    """Build the layer with our own shared code. Returns its folder, which contains
    ``python/rollcall/``. The files in the folder ``mail_templates`` replace the built-in ones.
    """
    own = list_templates(mail_templates.absolute()) if mail_templates else []

    def fill(folder: Path) -> None:
        python = folder / "python"
        shutil.copytree(SHARED, python, ignore=shutil.ignore_patterns("__pycache__"))
        for template in own:
            shutil.copyfile(template, python / OURS.relative_to(SHARED) / template.name)
        precompiling.write_precompiled(python / Path(FILE).relative_to(SHARED))
        _compile(python, "/opt/python")

    files = (file for file in SHARED.rglob("*") if "__pycache__" not in file.parts)
    sources = [*sorted(file for file in files if file.is_file()), Path(precompiling.__file__)]
    further = precompiling.packages_installed()
    return _build(build / "shared", [*sources, *own], fill, further)


def build_function(declaration: Declaration, build: Path = BUILD) -> Path:
    """Build the package of one function: only its own file, so that an edit redeploys only this
    function.
    """
    file = declaration.module.rpartition(".")[2]
    source = FUNCTIONS / declaration.area / f"{file}.py"

    def fill(folder: Path) -> None:
        folder.mkdir()
        (folder / source.name).write_text(start_with_ours(source.read_text()))
        _compile(folder, "/var/task")

    return _build(build / declaration.area / file, [source], fill)


_FIRST_IMPORT = "from __future__ import annotations\n"


def start_with_ours(source: str) -> str:
    """The source of a function, with ``rollcall`` imported before all other packages, so that these
    use the precompiled code. The import is on the line of the future import, so line numbers stay
    the same.
    """
    if source.count(_FIRST_IMPORT) != 1:
        raise RuntimeError(
            f"A function's file begins with exactly one {_FIRST_IMPORT.strip()!r}. Add it there."
        )
    return source.replace(_FIRST_IMPORT, f"{_FIRST_IMPORT.strip()}; import rollcall\n")


def _build(
    name: Path, inputs: Iterable[Path], fill: Callable[[Path], None], further: str = ""
) -> Path:
    """The folder called ``name`` and a hash of this file, the inputs and ``further``. It is filled
    if it does not exist. Raises RuntimeError under another Python version than that of the
    functions.
    """
    if f"{sys.version_info.major}.{sys.version_info.minor}" != PYTHON:
        raise RuntimeError(
            f"The layers contain bytecode for Python {PYTHON}. Build them with that version, not "
            f"with {sys.version.split()[0]}."
        )
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {further}".encode())
    for file in (Path(__file__), *inputs):
        name_there = file.relative_to(ROOT, walk_up=True)
        digest.update(f"\0{name_there}\0".encode() + file.read_bytes())
    target = name.with_name(f"{name.name}-{digest.hexdigest()[:16]}")
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent) as scratch:
            filled = Path(scratch) / "folder"
            fill(filled)
            try:
                filled.rename(target)  # atomic
            except OSError:
                if not target.is_dir():  # otherwise another process has built the same bytes
                    raise
    return target


def _install(requirements: Path, python: Path, architecture: Architecture) -> None:
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-python-downloads"]
    command += ["--python", sys.executable, "--python-version", PYTHON]
    command += ["--python-platform", PLATFORMS[architecture], "--only-binary", ":all:"]
    # Copies: with links, trimming would change uv's cache.
    command += ["--link-mode", "copy", "--target", str(python)]
    subprocess.run(  # noqa: S603 (our own words)
        [*command, "--require-hashes", "-r", str(requirements)], check=True
    )


def _trim(python: Path, unused: Iterable[str]) -> None:
    """Remove what no function needs: most of botocore's data, and these folders. METADATA stays,
    because scanners such as Amazon Inspector use it to find out what is installed. All of
    botocore's certificates stay. A bundle of the roots in use today would save 16 ms once, but
    would disconnect every function when AWS changes to other roots.
    """
    for folder in unused:
        shutil.rmtree(python / folder)
    if (python / "botocore").is_dir():
        trimming.trim_botocore(python / "botocore")
        lean_packages.make_lean(python)
    for file in python.glob("*.dist-info/**/*"):
        if file.is_file() and file.name != "METADATA":
            file.unlink()


def _compile(folder: Path, deployed_at: str) -> None:
    """Add the bytecode. Without it, compiling would take most of the time of an init.

    It is never checked against its source: unpacking a deployment package changes the files' times,
    so bytecode that compares times would count as stale. It is compiled in a separate process,
    because the bytes depend on which strings a process has interned before.
    """
    subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, "-I", "-m", "compileall", "-q"]
        + ["--invalidation-mode", "unchecked-hash"]
        + ["-s", str(folder), "-p", deployed_at, str(folder)],
        check=True,
    )
