"""The READMEs are true: the files, folders, commands and settings that they name exist, and they
name what a reader looks for.
"""

from __future__ import annotations

import json
import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from functions.users.create_user import create_user
from rollcall_infra.catalog import read_catalog
from rollcall_infra.environments import setting_names
from tests.cpu_time import BUDGET_OF_OTHERS, BUDGETS, STARTING
from tests.world.world import World

ROOT = Path(__file__).parents[1]
ROLLCALL = ROOT / "layers" / "shared" / "python" / "rollcall"
INSTALLED = {"node_modules", ".venv", ".git"}


def is_ours(file: Path) -> bool:
    """Whether the project contains the file itself."""
    return INSTALLED.isdisjoint(file.relative_to(ROOT).parts)


READMES = sorted(filter(is_ours, ROOT.rglob("README.md")))
LOCKS = sorted(filter(is_ours, ROOT.glob("*/**/requirements.txt")))
FENCE = re.compile(r"^ *```(?P<language>\w*)\n(?P<code>.*?)^ *```$", re.M | re.S)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
SPAN = re.compile(r"`(?P<code>[^`\n]+)`")
PATH = re.compile(
    r"[\w.*-]+(/[\w.*-]+)*/|[\w.*-]+(/[\w.*-]+)+|[\w.*-]+\.(py|md|json|toml|txt|in|html)"
)
ARGUMENT = re.compile(r"(?<=\s)(functions|infra|layers|tests)/[\w./-]+(?=\s|$)", re.M)
MODULE = re.compile(r"(?<=-m )(rollcall_infra|tests)[\w.]*")
MODULES = "infra/rollcall_infra"
NO_FILES = {
    "rollcall/admin": "a scope of OAuth",
    "rollcall/facts": "a scope of OAuth",
    "directory-parts/": "a prefix in the bucket",
    "exports/": "a prefix in the bucket",
    "local.json": "a file in the state folder of rollcall local, or an environment",
    "prod.json": "an environment",
    "welcome.fr.txt": "a template that a deployment adds",
}


class Named(NamedTuple):
    """Something that a README names."""

    readme: Path
    text: str

    def __str__(self) -> str:
        return f"{self.readme.relative_to(ROOT)}: {self.text}"


def links() -> list[Named]:
    """Every relative link, with its anchor."""
    found = {
        Named(readme, match["target"])
        for readme in READMES
        for match in LINK.finditer(FENCE.sub("", readme.read_text()))
        if "://" not in match["target"]
    }
    return sorted(found)


def paths() -> list[Named]:
    """Every text in backticks that looks like the path of a project file or folder."""
    found = {
        Named(readme, match["code"])
        for readme in READMES
        for match in SPAN.finditer(FENCE.sub("", readme.read_text()))
        if PATH.fullmatch(match["code"]) and match["code"] not in NO_FILES
    }
    return sorted(found)


def arguments() -> list[Named]:
    """The files, folders and modules of the project that the commands name."""
    blocks = [
        (readme, each[0]) for readme in READMES for each in FENCE.finditer(readme.read_text())
    ]
    files = {Named(readme, m[0]) for readme, code in blocks for m in ARGUMENT.finditer(code)}
    modules = {Named(readme, m[0]) for readme, code in blocks for m in MODULE.finditer(code)}
    return sorted(files | {Named(each.readme, _locate(each.text)) for each in modules})


def _locate(module: str) -> str:
    """The path of a module without its suffix."""
    package = {"rollcall_infra": MODULES}.get(module.partition(".")[0], "tests")
    return "/".join([package, *module.split(".")[1:]])


@pytest.mark.parametrize("link", links(), ids=str)
def test_every_relative_link_leads_somewhere(link: Named) -> None:
    path, _, anchor = link.text.partition("#")
    target = link.readme.parent / path if path else link.readme

    assert target.exists(), f"{link}: there is no such file. Name its new place, or drop the link."
    if anchor:
        assert anchor in anchors(target), (
            f"{link}: no heading has this anchor. Name one that is there."
        )


def anchors(readme: Path) -> set[str]:
    """The anchors that GitHub gives to the headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", readme.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("path", paths(), ids=str)
def test_every_path_is_one_of_the_project(path: Named) -> None:
    assert resolves(path), (
        f"{path}: the project has no such file or folder. Write its path from the README's folder, "
        "the top folder or rollcall; or add it to NO_FILES if it is not a path."
    )


def resolves(path: Named) -> bool:
    """Whether a path exists in one of the folders that the READMEs write paths from. A name
    without a folder may be anywhere.
    """
    folders = (path.readme.parent, ROOT, ROOT / MODULES, ROLLCALL, ROLLCALL.parent)
    if any(found for folder in folders for found in folder.glob(path.text)):
        return True
    return "/" not in path.text and any(
        found
        for name in ("functions", "layers", "tests")
        for found in (ROOT / name).rglob(path.text)
    )


@pytest.mark.parametrize("path", arguments(), ids=str)
def test_every_file_and_module_of_a_command_exists(path: Named) -> None:
    candidates = [ROOT / path.text, ROOT / f"{path.text}.py"]
    assert any(each.exists() for each in candidates), (
        f"{path}: a command names this, but it does not exist. Write the command anew."
    )


def installations() -> list[Named]:
    """The commands that install Python packages."""
    return [
        Named(readme, command)
        for readme in READMES
        for block in FENCE.finditer(readme.read_text())
        for command in re.findall(r"pip install [^&|;\n]*", block["code"])
    ]


@pytest.mark.parametrize("installation", installations(), ids=str)
def test_nothing_is_installed_without_a_hash_in_the_repository(installation: Named) -> None:
    options = installation.text.split()[2:]
    locked = [ROOT / each for option, each in pairwise(options) if option == "-r"]
    assert set(locked) <= set(LOCKS)
    assert locked or {"--no-deps", "--no-build-isolation", "-e", "."} <= set(options), (
        f"{installation}: this could download what no lock names. Install a requirements.txt, then "
        "the project itself with --no-deps --no-build-isolation -e ."
    )


@pytest.mark.parametrize("lock", LOCKS, ids=lambda each: each.parent.name)
def test_every_locked_package_has_its_hashes(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"^(?=\S)", re.sub("^ *#.*\n", "", text, flags=re.M), flags=re.M)
    bare = [each for each in entries if each and not re.match(r"\S+==.*\\\n +--hash=sha256:", each)]
    assert not bare, f"{lock}: lock it anew with --generate-hashes (infra/README.md)."


def test_build_backend_is_the_locked_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    backend = project["build-system"]["requires"]
    assert backend == project["project"]["optional-dependencies"]["build"]
    for lock in ("infra/requirements.txt", "tests/requirements.txt"):
        assert {f"{each} \\" for each in backend} <= set((ROOT / lock).read_text().splitlines())


def test_readme_can_be_read_at_one_sitting() -> None:
    length = len((ROOT / "README.md").read_text().splitlines())
    assert length <= 200, (
        f"README.md has {length} lines. Move details to the README of a folder; at most 200 stay."
    )


def folders(parent: Path) -> list[str]:
    """The folders with Python files directly in it."""
    return sorted({file.parent.name for file in parent.glob("*/*.py")})


@pytest.mark.parametrize("room", folders(ROLLCALL))
@pytest.mark.parametrize("readme", ["README.md", "layers/README.md"])
def test_list_of_rooms_names_every_room(readme: str, room: str) -> None:
    rows = table_rows(ROOT / readme)
    assert any(f"`{room}/`" in row for row in rows), (
        f"{readme} has no row about `{room}/`, a room of rollcall. Add one with its subject."
    )


@pytest.mark.parametrize("area", folders(ROOT / "functions"))
def test_list_of_areas_names_every_area(area: str) -> None:
    rows = table_rows(ROOT / "functions" / "README.md")
    assert any(row.startswith(f"| `{area}/`") for row in rows), (
        f"functions/README.md has no row about `{area}/`. Add one to its list of areas."
    )


def test_template_of_an_operation_is_the_end_of_a_file() -> None:
    readme = (ROOT / "functions" / "README.md").read_text()
    [template] = (each["code"] for each in FENCE.finditer(readme) if each["language"] == "python")
    sources = [file.read_text() for file in (ROOT / "functions").glob("*/*.py")]
    assert any(source.endswith(template) for source in sources), (
        "functions/README.md shows an operation that is not in functions/. Copy it anew."
    )


def test_example_of_an_error_is_what_a_caller_gets(world: World) -> None:
    readme = (ROOT / "functions" / "README.md").read_text()
    [example] = (each["code"] for each in FENCE.finditer(readme) if each["language"] == "json")

    reply = world.invoke(create_user, body={"email": "nobody", "nick": "Nick"})

    assert {**json.loads(example), "requestId": ""} == {**reply.body, "requestId": ""}, (
        "functions/README.md shows another error than this request causes. Copy the answer."
    )


@pytest.mark.parametrize(
    "function",
    [
        file.stem
        for area in ("jobs", "reactions")
        for file in (ROOT / "functions" / area).glob("*.py")
    ],
)
def test_every_job_and_reaction_is_described(function: str) -> None:
    rows = table_rows(ROOT / "functions" / "README.md")
    assert any(f"`{function}`" in row.split("|")[1] for row in rows), (
        f"functions/README.md does not describe `{function}`. Add a row that says when it runs and "
        "what it does."
    )


@pytest.mark.parametrize(
    "module",
    [
        file.name
        for file in (ROOT / "infra" / "rollcall_infra").glob("*.py")
        if file.stem != "__init__"
    ],
)
def test_every_module_of_infra_has_its_place_in_the_list(module: str) -> None:
    rows = table_rows(ROOT / "infra" / "README.md")
    assert any(f"[`{module}`](rollcall_infra/{module})" in row.split("|")[1] for row in rows), (
        f"infra/README.md has no row with {module}. Add it to the table of files."
    )


@pytest.mark.parametrize("key", setting_names())
def test_every_setting_of_an_environment_is_described(key: str) -> None:
    rows = table_rows(ROOT / "infra" / "README.md")
    assert any(row.startswith(f"| `{key}`") for row in rows), (
        f"infra/README.md does not describe the setting `{key}`. Add a row with its default."
    )


def test_list_of_recent_sign_ins_has_each_operation_that_needs_one() -> None:
    needed = [
        f"| `{each.name}` | {'always' if each.fresh_sign_in is True else each.fresh_sign_in} |"
        for each in read_catalog().operations
        if each.fresh_sign_in
    ]
    readme = (ROOT / "functions" / "README.md").read_text()
    section = readme.partition("### Recent sign-ins")[2].partition("\nThese blocks")[0]
    listed = [line for line in section.splitlines() if line.startswith("| `")]
    assert sorted(listed) == sorted(needed), (
        'Correct the table "Recent sign-ins" in functions/README.md:\n' + "\n".join(needed)
    )


def environment_variables() -> set[str]:
    """The variables that choose what the tests do."""
    sources = (file.read_text() for file in (ROOT / "tests").rglob("*.py"))
    return {name for source in sources for name in re.findall(r'"(ROLLCALL_\w+)"', source)}


@pytest.mark.parametrize("variable", sorted(environment_variables()))
def test_every_variable_of_the_tests_is_described(variable: str) -> None:
    assert variable in (ROOT / "tests" / "README.md").read_text(), (
        f"tests/README.md does not describe {variable}. Say what it changes, with a command."
    )


def test_budgets_are_those_of_the_plugin() -> None:
    rows = {
        *(
            f"| {name if name == STARTING else f'`{name}/`'} | {minutes} |"
            for name, minutes in BUDGETS.items()
        ),
        f"| each other folder, and the files outside of a folder | {BUDGET_OF_OTHERS} |",
    }
    missing = rows - set(table_rows(ROOT / "tests" / "README.md"))
    assert not missing, "Correct the budgets in tests/README.md: " + "\n".join(sorted(missing))


def table_rows(readme: Path) -> list[str]:
    """The rows of all tables."""
    return [line for line in readme.read_text().splitlines() if line.startswith("|")]
