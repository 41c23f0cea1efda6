"""What is deployed holds all that the functions need, and little else."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from functions.reactions.tell_old_address import tell_old_address
from functions.users.create_user import create_user
from functions.users.get_user import get_user
from infra.catalog import read_catalog
from infra.layers import (
    REQUIREMENTS,
    Architecture,
    build_function,
    build_shared_layer,
    build_vendor_layer,
)
from rollcall.kit.declaration import Declaration
from rollcall.kit.identity import Account
from rollcall.kit.settings import Settings

ARCHITECTURES: tuple[Architecture, ...] = ("arm64", "x86_64")
ELF_MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
"""``e_machine`` of the ELF header, two bytes at offset 18 (System V ABI, AArch64 and AMD64)."""
MEGABYTE = 1_000_000


def run_deployed(code: str, *functions: Declaration) -> str:
    """Run code as Lambda would: nothing but the layers and these functions beside Python."""
    folders = [build_function(each) for each in functions]
    layers = [build_vendor_layer("x86_64"), build_shared_layer()]
    path = [*folders, *(layer / "python" for layer in layers)]
    settings = Settings(table_name="rollcall", user_pool_id="eu-west-1_pool")
    environment = {
        "PYTHONPATH": ":".join(map(str, path)),
        "AWS_LAMBDA_FUNCTION_NAME": "rollcall",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        **settings.to_environment(),
    }
    # -S: without the packages that are installed for this interpreter.
    command = [sys.executable, "-S", "-W", "error", "-c", code]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its path."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_every_function_is_imported_from_the_layers_alone() -> None:
    declarations = read_catalog().declarations
    names = [declaration.name for declaration in declarations]
    code = f"for name in {names}: assert callable(getattr(__import__(name), name)), name"
    run_deployed(code, *declarations)


@pytest.mark.parametrize(
    ("declaration", "services"),
    [
        (get_user, {"dynamodb"}),
        (create_user, {"dynamodb", "cognito-idp"}),
        (tell_old_address, {"dynamodb", "sesv2"}),
    ],
    ids=lambda value: value.name if isinstance(value, Declaration) else None,
)
def test_clients_are_made_at_init_for_what_a_function_declares(
    declaration: Declaration, services: set[str]
) -> None:
    code = f"""
import json, botocore.session
made, create = [], botocore.session.Session.create_client
def note(session, service, **options):
    made.append(service)
    return create(session, service, **options)
botocore.session.Session.create_client = note
import {declaration.name}
print(json.dumps(made))
"""
    made = json.loads(run_deployed(code, declaration))
    assert sorted(made) == sorted(services)


def test_the_models_hold_the_granted_calls_and_no_others() -> None:
    code = """
import json
from rollcall.kit.clients import make_client
services = ("cognito-idp", "dynamodb", "sesv2")
print(json.dumps({s: make_client(s).meta.service_model.operation_names for s in services}))
"""
    operations = json.loads(run_deployed(code))
    granted = {*Account.read_actions, *Account.write_actions}
    assert {f"cognito-idp:{name}" for name in operations["cognito-idp"]} == granted
    assert operations["sesv2"] == ["SendEmail"]
    assert {"GetItem", "Query", "TransactWriteItems"} <= set(operations["dynamodb"])
    assert not {"Scan", "DeleteTable", "ExecuteStatement"} & set(operations["dynamodb"])


def test_a_refusal_by_dynamodb_is_still_told_from_others() -> None:
    code = """
from rollcall.kit.clients import make_client
exceptions = make_client("dynamodb").exceptions
print(exceptions.TransactionCanceledException.__name__,
      exceptions.ConditionalCheckFailedException.__name__,
      exceptions.TransactionInProgressException.__name__)
"""
    names = run_deployed(code).split()
    assert names == [
        "TransactionCanceledException",
        "ConditionalCheckFailedException",
        "TransactionInProgressException",
    ]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_vendor_layer_is_small_and_for_the_right_processor(architecture: Architecture) -> None:
    files = contents(build_vendor_layer(architecture))
    assert sum(map(len, files.values())) < 25 * MEGABYTE
    libraries = [content for name, content in files.items() if name.endswith(".so")]
    machines = {struct.unpack_from("<H", library, 18)[0] for library in libraries}
    assert machines == {ELF_MACHINES[architecture]}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_same_input_gives_the_same_bytes(architecture: Architecture, tmp_path: Path) -> None:
    def build(**where: Path) -> list[dict[str, bytes]]:
        layers = [build_vendor_layer(architecture, **where), build_shared_layer(**where)]
        return [contents(folder) for folder in (*layers, build_function(get_user, **where))]

    assert build(build=tmp_path) == build()


def test_every_module_comes_with_bytecode_that_is_never_checked_against_its_source() -> None:
    for folder in (build_vendor_layer("arm64"), build_shared_layer(), build_function(get_user)):
        files = contents(folder)
        modules = {Path(name) for name in files if name.endswith(".py")}
        bytecode = {name: content for name, content in files.items() if name.endswith(".pyc")}
        compiled = {
            Path(name).parents[1] / f"{Path(name).name.partition('.')[0]}.py" for name in bytecode
        }
        assert compiled == modules
        # PEP 552: bit 0 of the flags is "by hash", bit 1 "check the source".
        assert {content[4:8] for content in bytecode.values()} == {b"\1\0\0\0"}
        assert not any(str(folder).encode() in content for content in bytecode.values())


def test_a_function_is_deployed_as_its_own_file_alone() -> None:
    assert set(contents(build_function(get_user))) == {
        "get_user.py",
        "__pycache__/get_user.cpython-313.pyc",
    }


def test_requirements_are_locked_with_hashes_and_name_no_host() -> None:
    text = REQUIREMENTS.read_text()
    pinned = [line for line in text.splitlines() if line and line[0].isalpha()]
    assert all("==" in line and line.endswith("\\") for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text
    assert "--index" not in text
