"""The rules that keep the code the way it was designed; each refusal says how to mend it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import botocore.session
import pytest
from botocore import xform_name

from infra.catalog import FUNCTIONS
from rollcall.kit.identity import Account, Identity
from rollcall.kit.mail import Mail
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.table import Table

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "layers" / "shared" / "python" / "rollcall"
KIT = SHARED / "kit"


class Source(NamedTuple):
    """One file of the project, parsed."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        """Where it stands, for people."""
        return str(self.path.relative_to(ROOT))


@cache
def read(folder: Path) -> tuple[Source, ...]:
    """Every Python file below a folder, but not what is installed or built there."""
    files = (file for file in folder.rglob("*.py") if "node_modules" not in file.parts)
    return tuple(Source(file, ast.parse(file.read_text())) for file in sorted(files))


def ours() -> tuple[Source, ...]:
    """All that is deployed or deploys."""
    return (*read(SHARED), *read(FUNCTIONS), *read(ROOT / "infra"))


def imported(source: Source) -> Iterator[str]:
    """The modules that a file imports, wherever it does so."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, *packages: str) -> bool:
    """Whether a module is one of these packages or lies below one."""
    return any(module == each or module.startswith(f"{each}.") for each in packages)


def assert_imports_nothing_of(sources: tuple[Source, ...], *packages: str, mend: str) -> None:
    """Fail with each forbidden import and the mend."""
    found = [
        f"{source.name} imports {module}; {mend}"
        for source in sources
        for module in imported(source)
        if within(module, *packages)
    ]
    assert not found, "\n".join(found)


FLOORS = (
    ("kit",),
    ("grants",),
    ("users",),
    ("access", "accounts"),
    ("invitations", "resources"),
    ("members", "mails", "directory"),
    ("lifecycle",),
)
"""The rooms of the shared code, lowest first. The modules without a room, which bind all of them
together, stand above.
"""
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def test_each_room_of_the_shared_code_has_its_floor() -> None:
    rooms = {folder.name for folder in SHARED.iterdir() if (folder / "__init__.py").exists()}
    assert rooms == FLOOR_OF.keys(), "Give each folder of rollcall its place in FLOORS."


def test_rooms_import_only_from_the_floors_below_them() -> None:
    found = [
        f"{source.name} imports {module}, but rollcall.{room} may import only from the floors "
        "below it; move what both need to a lower room, or move this module to a higher one."
        for source in read(SHARED)
        if (room := _place(source)[0]) in FLOOR_OF
        for module in imported(source)
        if within(module, "rollcall")
        if not any(within(module, f"rollcall.{each}") for each in {room, *rooms_below(room)})
    ]
    assert not found, "\n".join(found)


def rooms_below(room: str) -> tuple[str, ...]:
    """The rooms that a room may import from, besides itself."""
    return tuple(name for name, floor in FLOOR_OF.items() if floor < FLOOR_OF[room])


def test_shared_code_knows_nothing_of_functions_and_of_what_deploys_it() -> None:
    mend = "dependencies run functions → rollcall → rollcall.kit: move what is needed to rollcall."
    assert_imports_nothing_of(read(SHARED), "functions", "infra", "tests", mend=mend)


def test_functions_never_import_each_other() -> None:
    mend = "a function is deployed as one file: move what two functions need to rollcall."
    assert_imports_nothing_of(read(FUNCTIONS), "functions", "infra", "tests", mend=mend)


def test_infrastructure_does_not_need_the_tests() -> None:
    mend = "what deploys and runs Rollcall works without its tests: move it out of them."
    assert_imports_nothing_of(read(ROOT / "infra"), "tests", mend=mend)


def test_operations_do_not_load_what_only_jobs_and_reactions_need() -> None:
    operations = tuple(
        source for source in read(FUNCTIONS) if source.path.parent.name not in {"jobs", "reactions"}
    )
    mend = "an operation's cold start would load the machinery of jobs and reactions."
    background = ("rollcall.background", "rollcall.kit.job", "rollcall.kit.reaction")
    assert_imports_nothing_of(operations, *background, mend=mend)


def test_functions_that_list_nothing_do_not_load_what_only_lists_need() -> None:
    paging = "rollcall.kit.paging"
    lists = (paging, "rollcall.directory.pages", "rollcall.directory.export_steps")
    found = [
        f"{source.name} loads {paging}, which it does not use: 3 ms of each cold start; keep what "
        "lists need apart from what other functions import."
        for source in read(FUNCTIONS)
        if not any(within(module, *lists) for module in imported(source))
        and any(within(module, paging) for module in loaded(source))
    ]
    assert not found, "\n".join(found)


def loaded(source: Source) -> set[str]:
    """What a file imports, and what that imports, as far as it is shared code."""
    shared = {f"rollcall.{'.'.join(_place(each))}": each for each in read(SHARED)}
    found: set[str] = set()
    pending = [source]
    while pending:
        for module in imported(pending.pop()):
            names = {module, module.rpartition(".")[0]} - found
            found |= names
            pending += [shared[name] for name in names if name in shared]
    return found


def _place(source: Source) -> tuple[str, ...]:
    return source.path.relative_to(SHARED).with_suffix("").parts


def test_importing_a_function_needs_no_environment_no_network_and_no_client() -> None:
    modules = [f"functions.{file.parent.name}.{file.stem}" for file in FUNCTIONS.glob("*/*.py")]
    code = """
import importlib, sys

network = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}

def refuse(event, arguments):
    if event in network or event == "subprocess.Popen":
        sys.exit(f"{event} {arguments}")

sys.addaudithook(refuse)
for name in sys.argv[1:]:
    importlib.import_module(name)
from rollcall.operations import connect
from rollcall.kit.clients import make_client
made = connect.cache_info().currsize + make_client.cache_info().currsize
print(f"{made} clients")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *modules], env={}, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 clients\n", ""), (
        "Importing a function did more than declare it; whatever is impure comes with the Call."
    )


def test_only_the_settings_name_environment_variables() -> None:
    found = [
        f"{source.name}:{node.lineno} reads the environment; give rollcall.kit.settings.Settings "
        "a field instead, which infra/function.py then fills."
        for source in (*read(SHARED), *read(FUNCTIONS))
        if source.path != KIT / "settings.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert not found, "\n".join(found)


AWS_MODULES = {
    KIT / "clients.py": "makes the clients",
    KIT / "table.py": "talks to DynamoDB",
    KIT / "identity.py": "talks to Cognito",
    KIT / "mail.py": "talks to SES",
    KIT / "objects.py": "talks to S3",
}


def test_only_five_modules_of_the_kit_know_botocore() -> None:
    others = tuple(
        source for source in (*read(SHARED), *read(FUNCTIONS)) if source.path not in AWS_MODULES
    )
    mend = f"only {', '.join(path.name for path in AWS_MODULES)} in the kit may."
    assert_imports_nothing_of(others, "boto3", "botocore", mend=mend)


@pytest.mark.parametrize(
    ("service", "owner", "door"),
    [
        (Table.service, "table.py", Table),
        (Account.service, "identity.py", Identity),
        (Mail.service, "mail.py", Mail),
        (StoredObject.service, "objects.py", Objects),
    ],
)
def test_each_service_is_called_by_one_module(service: str, owner: str, door: type) -> None:
    model = botocore.session.get_session().get_service_model(service)
    functions = {file.stem for file in FUNCTIONS.glob("*/*.py")}
    calls = {xform_name(name) for name in model.operation_names} - functions - set(dir(door))

    found = [
        f"{source.name}:{node.lineno} calls {service}'s {name}; only kit/{owner} does: give "
        f"{door.__name__} a method that says what is wanted."
        for source in (*read(SHARED), *read(FUNCTIONS))
        if source.path != KIT / owner
        for node in ast.walk(source.tree)
        if (name := _called(node)) in calls and isinstance(node, ast.expr)
    ]
    assert not found, "\n".join(found)


def _called(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def test_only_the_composition_root_and_init_make_clients() -> None:
    allowed = {SHARED / "operations.py", KIT / "declaration.py", KIT / "clients.py"}
    others = tuple(
        source for source in (*read(SHARED), *read(FUNCTIONS)) if source.path not in allowed
    )
    mend = "take the table, the identities, the mail or the objects from the Call instead."
    assert_imports_nothing_of(others, "rollcall.kit.clients", mend=mend)


def test_names_say_what_a_module_is_about() -> None:
    vague = re.compile(r"(^|_)(utils?|helpers?|managers?|services?|common|misc)($|_)", re.I)
    found = [
        f"{source.name} is named after nothing; name it after the noun that it is about."
        for source in (*ours(), *read(ROOT / "tests"))
        for part in (*source.path.relative_to(ROOT).parts[:-1], source.path.stem)
        if vague.search(part)
    ]
    assert not found, "\n".join(found)


def test_every_function_has_its_test() -> None:
    missing = [
        f"functions/{file.parent.name}/{file.name} has no tests; write "
        f"tests/{file.parent.name}/test_{file.name}."
        for file in FUNCTIONS.glob("*/*.py")
        if not (ROOT / "tests" / file.parent.name / f"test_{file.name}").exists()
    ]
    assert not missing, "\n".join(missing)


def test_every_shared_module_has_its_test() -> None:
    missing = [
        f"{source.name} has no tests; write {wanted.relative_to(ROOT)}."
        for source in read(SHARED)
        if source.path.stem != "__init__"
        if not (wanted := _test_of(source.path)).exists()
    ]
    assert not missing, "\n".join(missing)


def _test_of(path: Path) -> Path:
    return ROOT / "tests" / path.relative_to(SHARED).parent / f"test_{path.name}"


OPERATION, FUNCTION, KIT_MODULE = 60, 20, 150
"""Statements at most, imports and docstrings not counted: how a line is broken is ruff's affair."""


def size(tree: ast.AST) -> int:
    """How many statements stand below a node."""
    return sum(
        isinstance(node, ast.stmt)
        and not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in ast.walk(tree)
        if node is not tree
    )


def test_files_of_functions_and_modules_of_the_kit_stay_small() -> None:
    limits = [
        *((each, OPERATION) for each in read(FUNCTIONS)),
        *((k, KIT_MODULE) for k in read(KIT)),
    ]
    found = [
        f"{source.name} has {size(source.tree)} statements; split it by what it is about, so that "
        f"each part has {limit} at most."
        for source, limit in limits
        if size(source.tree) > limit
    ]
    assert not found, "\n".join(found)


def test_functions_stay_small() -> None:
    found = [
        f"{source.name}:{node.lineno} {node.name} has {size(node)} statements; give its parts "
        f"names, so that each has {FUNCTION} at most."
        for source in (*read(SHARED), *read(FUNCTIONS))
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and size(node) > FUNCTION
    ]
    assert not found, "\n".join(found)


def test_every_exception_from_a_check_says_why() -> None:
    waved_through = re.compile(r"# (noqa|type: ignore)(?P<rest>.*)")
    reasoned = re.compile(r": [A-Z0-9, ]+ \(.+\)|\[[a-z, -]+\]  # .+")
    found = [
        f"{source.name}:{number} switches a check off; write the code and the reason beside it."
        for source in (*ours(), *read(ROOT / "tests"))
        for number, line in enumerate(source.path.read_text().splitlines(), start=1)
        if (match := waved_through.search(line)) and "re.compile" not in line
        if not reasoned.search(match["rest"])
    ]
    assert not found, "\n".join(found)


def test_own_code_is_never_patched_in_tests() -> None:
    allowed = {"faults"}  # bugs that the harness plants
    others = tuple(
        source
        for source in read(ROOT / "tests")
        if source.path.relative_to(ROOT / "tests").parts[0] not in allowed
    )
    mend = "take a World and move its clock, let AWS fail at the wire, or pass another Runtime."
    assert_imports_nothing_of(others, "unittest.mock", mend=mend)
