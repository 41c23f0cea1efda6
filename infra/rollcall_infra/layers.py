"""Builds what is deployed: the layers and the file of each function, as folders for the CDK.

Everything is built without Docker and stored below ``BUILD``, under a name with a hash of the
inputs. The same inputs give the same bytes. The CDK names an asset by its content, so it deploys
only what has changed. The folder can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from rollcall.kit.declaration import Declaration
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.mail_templates import list_templates
from rollcall.kit.precompiled import FILE
from rollcall.mails.catalog import OURS
from rollcall_infra import deferral, lean_packages, precompiling, trimming
from rollcall_infra.bundle import BUILD, LAYERS, ROLLCALL
from rollcall_infra.catalog import find_packages, find_source
from rollcall_infra.deployment import Architecture

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
PYTHON = "3.13"
"""The version of Python that the functions run under."""


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

    inputs = {each.name: each for each in [*sources, *callers]}
    return _build(build / f"{name}-{architecture}", inputs, fill)


def build_shared_layer(build: Path = BUILD, *, mail_templates: Path | None = None) -> Path:
    """Build the layer with our own shared code. Returns its folder, which contains
    ``python/rollcall/``. The files in the folder ``mail_templates`` replace the built-in ones.
    """
    own = list_templates(mail_templates.absolute()) if mail_templates else []

    def fill(folder: Path) -> None:
        python = folder / "python"
        _copy(ROLLCALL, python)
        for template in own:
            shutil.copyfile(template, python / OURS.relative_to(ROLLCALL.parent) / template.name)
        precompiling.write_precompiled(python / Path(FILE).relative_to(ROLLCALL.parent))
        _compile(python, "/opt/python")

    inputs = {
        **_list_files(ROLLCALL),
        "precompiling.py": Path(precompiling.__file__),
        **{f"own/{each.name}": each for each in own},
    }
    return _build(build / "shared", inputs, fill, precompiling.packages_installed())


def build_function(declaration: Declaration, build: Path = BUILD) -> Path:
    """Build the package of one function: only its own file, so that an edit redeploys only this
    function, and the packages that its folder shares, if there are any.
    """
    source = find_source(declaration)
    packages = find_packages(source.parents[1])

    def fill(folder: Path) -> None:
        folder.mkdir()
        (folder / source.name).write_text(start_with_ours(source))
        for package in packages:
            _copy(package, folder)
        _compile(folder, "/var/task")

    shared = {name: file for each in packages for name, file in _list_files(each).items()}
    name = build / declaration.area / source.stem
    return _build(name, {source.name: source, **shared}, fill)


def _copy(package: Path, folder: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, folder / package.name, ignore=ignored)


def _list_files(package: Path) -> dict[str, Path]:
    """The files that ``_copy`` copies, by their paths from the package's parent."""
    files = (each for each in sorted(package.rglob("*")) if each.is_file())
    named = {str(each.relative_to(package.parent)): each for each in files}
    return {name: each for name, each in named.items() if "__pycache__" not in each.parts}


_FIRST_IMPORT = "from __future__ import annotations\n"


def start_with_ours(file: Path) -> str:
    """The source of a function, with ``rollcall`` imported before all other packages, so that these
    use the precompiled code. The import is on the line of the future import, so line numbers stay
    the same. Raises WrongDeclaration if there is no such line.
    """
    source = file.read_text()
    if source.count(_FIRST_IMPORT) != 1:
        raise WrongDeclaration(
            f"{file} does not begin with {_FIRST_IMPORT.strip()!r}. Add this line once, before all "
            "other imports."
        )
    return source.replace(_FIRST_IMPORT, f"{_FIRST_IMPORT.strip()}; import rollcall\n")


def _build(
    name: Path, inputs: Mapping[str, Path], fill: Callable[[Path], None], further: str = ""
) -> Path:
    """The folder called ``name`` and a hash of this file, the inputs and ``further``. It is filled
    if it does not exist. The inputs have names that are the same on every machine. Raises
    RuntimeError under another Python version than that of the functions.
    """
    if f"{sys.version_info.major}.{sys.version_info.minor}" != PYTHON:
        raise RuntimeError(
            f"The layers contain bytecode for Python {PYTHON}. Build them with that version, not "
            f"with {sys.version.split()[0]}."
        )
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {further}".encode())
    for name_there, file in {"layers.py": Path(__file__), **inputs}.items():
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
