"""The rules of the architecture. Each failure explains how to fix it."""

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

from rollcall.kit.account import Account
from rollcall.kit.dead_letters import DeadLetters
from rollcall.kit.identity import Identity
from rollcall.kit.invocations import Invocations
from rollcall.kit.mail import Mail
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.table import Table
from rollcall_infra.bundle import FUNCTIONS

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "layers" / "shared" / "python" / "rollcall"
KIT = SHARED / "kit"


class Source(NamedTuple):
    """One parsed file of the project."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path for messages."""
        return str(self.path.relative_to(ROOT))


@cache
def read(folder: Path) -> tuple[Source, ...]:
    """All Python files below a folder, without installed packages."""
    files = (file for file in folder.rglob("*.py") if "node_modules" not in file.parts)
    return tuple(Source(file, ast.parse(file.read_text())) for file in sorted(files))


def ours() -> tuple[Source, ...]:
    """All code that is deployed or that deploys."""
    return (*read(SHARED), *read(FUNCTIONS), *read(ROOT / "infra" / "rollcall_infra"))


def imported(source: Source) -> Iterator[str]:
    """The modules that a file imports, at any level."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, *packages: str) -> bool:
    """Whether a module is one of these packages or lies below one."""
    return any(module == each or module.startswith(f"{each}.") for each in packages)


def assert_imports_nothing_of(sources: tuple[Source, ...], *packages: str, fix: str) -> None:
    """Fail with a list of forbidden imports and how to fix them."""
    found = [
        f"{source.name} imports {module}; {fix}"
        for source in sources
        for module in imported(source)
        if within(module, *packages)
    ]
    assert not found, "\n".join(found)


FLOORS = (
    ("kit",),
    ("grants",),
    ("users",),
    ("access", "accounts", "invitations", "resources"),
    ("members", "mails", "directory"),
    ("lifecycle",),
)
"""The rooms of the shared code, lowest floor first. Modules outside of rooms are above all floors.
"""
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def test_each_room_of_the_shared_code_has_its_floor() -> None:
    rooms = {folder.name for folder in SHARED.iterdir() if (folder / "__init__.py").exists()}
    assert rooms == FLOOR_OF.keys(), "Add each folder of rollcall to FLOORS."


def test_rooms_import_only_from_the_floors_below_them() -> None:
    found = [
        f"{source.name} imports {module}, but rollcall.{room} may import only from lower floors. "
        "Move the shared code to a lower room, or move this module to a higher one."
        for source in read(SHARED)
        if (room := _parts(source)[0]) in FLOOR_OF
        for module in imported(source)
        if within(module, "rollcall")
        if not any(within(module, f"rollcall.{each}") for each in {room, *rooms_below(room)})
    ]
    assert not found, "\n".join(found)


def rooms_below(room: str) -> tuple[str, ...]:
    """The other rooms that a room may import from."""
    return tuple(name for name, floor in FLOOR_OF.items() if floor < FLOOR_OF[room])


def test_shared_code_imports_neither_functions_nor_infrastructure() -> None:
    fix = "dependencies run functions → rollcall → rollcall.kit: move the code to rollcall."
    assert_imports_nothing_of(read(SHARED), "functions", "rollcall_infra", "tests", fix=fix)


def test_functions_never_import_each_other() -> None:
    fix = "a function is deployed as one file: move code that functions share to rollcall."
    assert_imports_nothing_of(read(FUNCTIONS), "functions", "rollcall_infra", "tests", fix=fix)


def test_infrastructure_does_not_import_the_tests() -> None:
    fix = "infrastructure must work without the tests: move the code out of the tests."
    assert_imports_nothing_of(read(ROOT / "infra" / "rollcall_infra"), "tests", fix=fix)


def test_operations_do_not_import_modules_for_jobs_and_reactions() -> None:
    operations = tuple(
        source for source in read(FUNCTIONS) if source.path.parent.name not in {"jobs", "reactions"}
    )
    fix = "it slows down the cold start of the operation, which needs no jobs and reactions."
    background = ("rollcall.background", "rollcall.kit.job", "rollcall.kit.reaction")
    assert_imports_nothing_of(operations, *background, fix=fix)


def test_functions_without_lists_do_not_load_the_paging_module() -> None:
    paging = "rollcall.kit.paging"
    lists = (paging, "rollcall.directory.pages", "rollcall.directory.export_steps")
    found = [
        f"{source.name} loads {paging} without need, which adds 3 ms to each cold start. Separate "
        "the code for lists from the modules that other functions import."
        for source in read(FUNCTIONS)
        if not any(within(module, *lists) for module in imported(source))
        and any(within(module, paging) for module in loaded(source))
    ]
    assert not found, "\n".join(found)


def loaded(source: Source) -> set[str]:
    """The modules that a file imports, directly or through shared code."""
    shared = {f"rollcall.{'.'.join(_parts(each))}": each for each in read(SHARED)}
    found: set[str] = set()
    pending = [source]
    while pending:
        for module in imported(pending.pop()):
            names = {module, module.rpartition(".")[0]} - found
            found |= names
            pending += [shared[name] for name in names if name in shared]
    return found


def _parts(source: Source) -> tuple[str, ...]:
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
        "Importing a function must only declare it. Move side effects to the call."
    )


def test_only_the_settings_read_environment_variables() -> None:
    found = [
        f"{source.name}:{node.lineno} reads the environment. Add a field to "
        "rollcall.kit.settings.Settings instead, which infra/rollcall_infra/function.py then fills."
        for source in (*read(SHARED), *read(FUNCTIONS))
        if source.path != KIT / "settings.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert not found, "\n".join(found)


AWS_MODULES = {
    KIT / "clients.py": "creates the clients",
    KIT / "table.py": "talks to DynamoDB",
    KIT / "identity.py": "talks to Cognito",
    KIT / "mail.py": "talks to SES",
    KIT / "objects.py": "talks to S3",
    KIT / "invocations.py": "talks to Lambda",
}


def test_only_six_modules_of_the_kit_import_botocore() -> None:
    others = tuple(
        source for source in (*read(SHARED), *read(FUNCTIONS)) if source.path not in AWS_MODULES
    )
    fix = f"only {', '.join(path.name for path in AWS_MODULES)} in the kit may import it."
    assert_imports_nothing_of(others, "boto3", "botocore", fix=fix)


@pytest.mark.parametrize(
    ("service", "owner", "door"),
    [
        (Table.service, "table.py", Table),
        (Account.service, "identity.py", Identity),
        (Mail.service, "mail.py", Mail),
        (StoredObject.service, "objects.py", Objects),
        (Invocations.service, "invocations.py", Invocations),
        (DeadLetters.service, "dead_letters.py", DeadLetters),
    ],
)
def test_each_service_is_called_by_one_module(service: str, owner: str, door: type) -> None:
    model = botocore.session.get_session().get_service_model(service)
    functions = {file.stem for file in FUNCTIONS.glob("*/*.py")}
    calls = {xform_name(name) for name in model.operation_names} - functions - set(dir(door))

    found = [
        f"{source.name}:{node.lineno} calls {name} of {service}, but only kit/{owner} may. Add a "
        f"method to {door.__name__} that is named after its purpose."
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
    roots = {SHARED / "operations.py", SHARED / "dispatching.py"}
    allowed = {*roots, KIT / "declaration.py", KIT / "clients.py"}
    others = tuple(
        source for source in (*read(SHARED), *read(FUNCTIONS)) if source.path not in allowed
    )
    fix = "take the table, the identities, the mail or the objects from the Call instead."
    assert_imports_nothing_of(others, "rollcall.kit.clients", fix=fix)


def test_no_module_has_a_vague_name() -> None:
    vague = re.compile(r"(^|_)(utils?|helpers?|managers?|services?|common|misc)($|_)", re.I)
    found = [
        f"{source.name} has a vague name. Name it after the noun that it is about."
        for source in (*ours(), *read(ROOT / "tests"))
        for part in (*source.path.relative_to(ROOT).parts[:-1], source.path.stem)
        if vague.search(part)
    ]
    assert not found, "\n".join(found)


def test_every_function_has_its_test() -> None:
    missing = [
        f"functions/{file.parent.name}/{file.name} has no tests. Add "
        f"tests/{file.parent.name}/test_{file.name}."
        for file in FUNCTIONS.glob("*/*.py")
        if not (ROOT / "tests" / file.parent.name / f"test_{file.name}").exists()
    ]
    assert not missing, "\n".join(missing)


def test_every_shared_module_has_its_test() -> None:
    missing = [
        f"{source.name} has no tests. Add {wanted.relative_to(ROOT)}."
        for source in read(SHARED)
        if source.path.stem != "__init__"
        if not (wanted := _test_of(source.path)).exists()
    ]
    assert not missing, "\n".join(missing)


def _test_of(path: Path) -> Path:
    return ROOT / "tests" / path.relative_to(SHARED).parent / f"test_{path.name}"


OPERATION, FUNCTION, KIT_MODULE = 60, 20, 150
"""Maximum numbers of statements, without imports and docstrings. Lines depend on the formatter."""


def size(tree: ast.AST) -> int:
    """The number of statements below a node."""
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
        f"{source.name} has {size(source.tree)} statements. Split it by subject, so that each part "
        f"has at most {limit}."
        for source, limit in limits
        if size(source.tree) > limit
    ]
    assert not found, "\n".join(found)


def test_functions_stay_small() -> None:
    found = [
        f"{source.name}:{node.lineno} {node.name} has {size(node)} statements. Split it into named "
        f"parts, so that each has at most {FUNCTION}."
        for source in (*read(SHARED), *read(FUNCTIONS))
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and size(node) > FUNCTION
    ]
    assert not found, "\n".join(found)


def test_every_suppressed_check_has_a_reason() -> None:
    suppression = re.compile(r"# (noqa|type: ignore)(?P<rest>.*)")
    reasoned = re.compile(r": [A-Z0-9, ]+ \(.+\)|\[[a-z, -]+\]  # .+")
    found = [
        f"{source.name}:{number} suppresses a check. Add the code and the reason."
        for source in (*ours(), *read(ROOT / "tests"))
        for number, line in enumerate(source.path.read_text().splitlines(), start=1)
        if (match := suppression.search(line)) and "re.compile" not in line
        if not reasoned.search(match["rest"])
    ]
    assert not found, "\n".join(found)


def test_own_code_is_never_patched_in_tests() -> None:
    allowed = {"faults"}  # planted bugs
    others = tuple(
        source
        for source in read(ROOT / "tests")
        if source.path.relative_to(ROOT / "tests").parts[0] not in allowed
    )
    fix = "use a World and its clock, let AWS calls fail at the wire, or pass another Runtime."
    assert_imports_nothing_of(others, "unittest.mock", fix=fix)
