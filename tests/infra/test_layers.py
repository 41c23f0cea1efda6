"""What is deployed holds all that the functions need, and little else."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from functions.jobs.compact_directory import compact_directory
from functions.reactions.dispatch_entries import dispatch_entries
from functions.reactions.notify_user import notify_user
from functions.users.create_user import create_user
from functions.users.get_user import get_user
from rollcall.kit.account import Account, AccountList, AccountPassword
from rollcall.kit.declaration import Declaration
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.settings import Settings
from rollcall_infra.bundle import FUNCTIONS, LAYERS
from rollcall_infra.catalog import read_catalog
from rollcall_infra.deployment import Architecture
from rollcall_infra.layers import (
    build_function,
    build_package_layer,
    build_shared_layer,
    start_with_ours,
)

ARCHITECTURES: tuple[Architecture, ...] = ("arm64", "x86_64")
ELF_MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
"""``e_machine`` of the ELF header, two bytes at offset 18 (System V ABI, AArch64 and AMD64)."""
MEGABYTE = 1_000_000
PACKAGES = tuple(sorted(file.parent.name for file in LAYERS.glob("*/requirements.txt")))
"""The layers of third-party packages."""
UNZIPPED_AT_MOST = 250 * MEGABYTE
"""Of a function with all its layers (Lambda quotas)."""


def run_deployed(code: str, *functions: Declaration, further: Iterable[str] = ()) -> str:
    """Run code as Lambda would: nothing but the layers and these functions beside Python."""
    folders = [build_function(each) for each in functions]
    names = {"vendor", *further}.union(*(each.layers for each in functions))
    packages = [build_package_layer(each, "x86_64") for each in sorted(names)]
    layers = [*packages, build_shared_layer()]
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
        (notify_user, {"dynamodb", "sesv2"}),
        (compact_directory, {"dynamodb", "s3"}),
        (dispatch_entries, {"lambda"}),
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


UNWANTED = frozenset(
    {
        "aws_lambda_powertools.metrics",
        "aws_lambda_powertools.tracing",
        "botocore.monitoring",
        "configparser",
        "dateutil",
        "idna",
        "importlib.metadata",
        "jmespath",
        "rollcall.users.time_zone_names",
        "shutil",
        "subprocess",
        "tempfile",
        "urllib.request",
        "xml.etree.ElementTree",
        "zipfile",
    }
)
"""What packages would load at each cold start and no function needs before its first call."""


def test_operations_start_without_what_no_operation_needs() -> None:
    operations = [each for each in read_catalog().operations if not each.stored_objects]
    names = [each.name for each in operations]
    code = f"""
import json, sys
for name in {names}: __import__(name)
print(json.dumps(sorted(sys.modules)))
"""
    loaded = set(json.loads(run_deployed(code, *operations)))
    assert not loaded & UNWANTED, (
        f"Each cold start would load {', '.join(sorted(loaded & UNWANTED))}: import it in the "
        "function that needs it, or mend lean_packages.py when a package has loaded it."
    )


def test_addresses_with_unicode_domains_are_read_with_the_layers_alone() -> None:
    code = """
import sys
from rollcall.users.fields import normalize_email
assert normalize_email("Jane@Example.com") == "jane@example.com" and "idna" not in sys.modules
print(normalize_email("jane@b\u00fccher.example"))
"""
    assert run_deployed(code) == "jane@xn--bcher-kva.example\n"


def test_what_is_precompiled_serves_packages_that_a_function_imports_first() -> None:
    assert "from pydantic import" in (FUNCTIONS / "users" / "create_user.py").read_text()
    code = """
import builtins
compiled, compile_usually = [], builtins.exec
def note(text, *scopes):
    if isinstance(text, str) and "__create_fn__" in text:  # a data class
        compiled.append(text)
    compile_usually(text, *scopes)
builtins.exec = note
import create_user
print(compiled)
"""
    assert run_deployed(code, create_user) == "[]\n"


@pytest.mark.parametrize("proxy", ["", "https://proxy.example.com"])
def test_clients_have_the_credentials_of_the_function_and_the_proxy_that_it_is_told(
    proxy: str,
) -> None:
    code = f"""
import json, os
os.environ["AWS_SESSION_TOKEN"] = "token"
if "{proxy}":
    os.environ["HTTPS_PROXY"] = "{proxy}"
from get_user import get_user
client = get_user.connect().table._client
used = client._endpoint.http_session._proxy_config
keys = client._request_signer._credentials
print(json.dumps([keys.access_key, keys.secret_key, keys.token, used.proxy_url_for("https://a.b")]))
"""
    assert json.loads(run_deployed(code, get_user)) == [
        *("testing", "testing", "token"),
        proxy or None,
    ]


def test_a_function_starts_with_our_package_and_keeps_the_numbers_of_its_lines(
    tmp_path: Path,
) -> None:
    source = (FUNCTIONS / "users" / "create_user.py").read_text()
    deployed = contents(build_function(create_user))["create_user.py"].decode()
    differing = [
        (ours, theirs)
        for ours, theirs in zip(source.splitlines(), deployed.splitlines(), strict=True)
        if ours != theirs
    ]
    first = "from __future__ import annotations"
    assert differing == [(first, f"{first}; import rollcall")]
    (tmp_path / "find_user.py").write_text("import json\n")
    with pytest.raises(WrongDeclaration, match=r"find_user.py does not begin with"):
        start_with_ours(tmp_path / "find_user.py")


def test_the_models_hold_the_granted_calls_and_no_others() -> None:
    code = """
import json
from rollcall.kit.clients import make_client
services = ("cognito-idp", "dynamodb", "lambda", "s3", "sesv2", "sqs")
print(json.dumps({s: make_client(s).meta.service_model.operation_names for s in services}))
"""
    operations = json.loads(run_deployed(code))
    kinds = (Account, AccountList, AccountPassword)
    granted = {action for each in kinds for action in (*each.read_actions, *each.write_actions)}
    assert {f"cognito-idp:{name}" for name in operations["cognito-idp"]} == granted
    assert operations["sesv2"] == ["SendEmail"]
    assert operations["lambda"] == ["Invoke"]
    assert operations["sqs"] == ["SendMessage"]
    in_parts = {"CreateMultipartUpload", "UploadPart", "ListParts", "CompleteMultipartUpload"}
    calls = {"DeleteObjects", "GetObject", "HeadObject", "ListObjectsV2", "PutObject", *in_parts}
    assert set(operations["s3"]) == calls
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
def test_layers_are_small_and_for_the_right_processor(architecture: Architecture) -> None:
    sizes = {}
    for name in PACKAGES:
        files = contents(build_package_layer(name, architecture))
        sizes[name] = sum(map(len, files.values()))
        libraries = [content for file, content in files.items() if file.endswith(".so")]
        machines = {struct.unpack_from("<H", library, 18)[0] for library in libraries}
        assert machines == {ELF_MACHINES[architecture]}
    assert sizes["vendor"] < 25 * MEGABYTE
    assert sizes["duckdb"] < 75 * MEGABYTE
    assert sum(sizes.values()) < UNZIPPED_AT_MOST - 10 * MEGABYTE  # and our own code


def test_duckdb_reads_what_it_writes_and_knows_time_zones_with_its_layer_alone() -> None:
    code = """
import duckdb, json, tempfile, zoneinfo
zoneinfo.reset_tzpath([])  # as in Lambda
assert zoneinfo.ZoneInfo("Europe/Berlin").key == "Europe/Berlin"
database = duckdb.connect(config={"autoinstall_known_extensions": False})
database.execute("SET TimeZone = 'Europe/Berlin'")
database.execute("CREATE TABLE users AS SELECT '2026-03-28 23:30:00Z'::TIMESTAMPTZ AS moment")
with tempfile.TemporaryDirectory() as folder:
    database.execute(f"ATTACH '{folder}/saved' AS saved (RECOVERY_MODE no_wal_writes)")
    database.execute("CREATE TABLE saved.users AS FROM users")
    database.execute("DETACH saved")
    database.execute(f"ATTACH '{folder}/saved' AS loaded (RECOVERY_MODE no_wal_writes)")
    found = database.execute(
        "SELECT count(*), strftime(date_trunc('day', max(moment)), '%Y-%m-%dT%H:%M%z')"
        " FROM loaded.users"
    )
    print(json.dumps(found.fetchone()))
"""
    assert json.loads(run_deployed(code, further=["duckdb"])) == [1, "2026-03-29T00:00+01"]


def test_objects_are_called_with_the_trimmed_model() -> None:
    code = """
import io, json, tempfile
from pathlib import Path
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from rollcall.kit.clients import make_client
from rollcall.kit.objects import Objects

sent = []
class Body(io.BytesIO):
    def stream(self, **_):
        yield self.read()

def answer(request, **_):
    sent.append([request.method, request.url, sorted(map(str.lower, request.headers.keys()))])
    listed = b"<R><IsTruncated>false</IsTruncated><Contents><Key>a/b c</Key></Contents></R>"
    answers = {"GET": b"content", "PUT": b"", "HEAD": b"", "POST": b"<DeleteResult/>"}
    content = listed if "list-type" in request.url else answers[request.method]
    headers = HTTPHeaders()
    headers["Content-Length"], headers["ETag"] = str(len(content)), '"tag"'
    return AWSResponse(request.url, 200, headers, Body(content))

client = make_client("s3")
client.meta.events.register("before-send.s3", answer)
objects, file = Objects(lambda: client, "bucket"), Path(tempfile.mkdtemp(), "file")
assert objects.download("a/b c", file) and file.read_bytes() == b"content"
assert objects.upload("a/b c", file) == objects.find_tag("a/b c") == '"tag"'
assert list(objects.list_keys("a/")) == ["a/b c"]
objects.delete(["a/b c"])
link = objects.presign("a/b c", file_name="b.csv", seconds=60)
print(json.dumps([*sent, ["LINK", link, []]]))
"""
    sent = json.loads(run_deployed(code))
    host = "https://bucket.s3.eu-west-1.amazonaws.com/"
    assert [method for method, *_ in sent] == ["GET", "PUT", "HEAD", "GET", "POST", "LINK"]
    assert all(url.startswith(host) for _, url, _ in sent), sent
    put = sent[1][2]
    # Sent on when S3 is ready for it, and checked there against what was read from the file.
    assert {"expect", "x-amz-sdk-checksum-algorithm", "x-amz-trailer"} <= set(put)
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in sent[5][1]


def test_templates_of_a_deployment_are_in_the_place_of_ours(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "layout.html").write_text("Acme: $content")
    (own / ".hidden").touch()

    changed = contents(build_shared_layer(tmp_path, mail_templates=own))

    usual = contents(build_shared_layer(tmp_path))
    assert changed.keys() == usual.keys()
    (differing,) = (name for name in usual if usual[name] != changed[name])
    assert differing == "python/rollcall/mails/templates/layout.html"
    assert changed[differing] == b"Acme: $content"
    again = build_shared_layer(tmp_path, mail_templates=own)
    (own / "layout.html").write_text("Acme & Co: $content")
    assert build_shared_layer(tmp_path, mail_templates=own) != again


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_same_input_gives_the_same_bytes(architecture: Architecture, tmp_path: Path) -> None:
    def build(**where: Path) -> list[dict[str, bytes]]:
        layers = [build_package_layer("vendor", architecture, **where), build_shared_layer(**where)]
        return [contents(folder) for folder in (*layers, build_function(get_user, **where))]

    assert build(build=tmp_path) == build()


def test_every_module_comes_with_bytecode_that_is_never_checked_against_its_source() -> None:
    for folder in (
        build_package_layer("vendor", "arm64"),
        build_shared_layer(),
        build_function(get_user),
    ):
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


@pytest.mark.parametrize("name", PACKAGES)
def test_requirements_are_locked_with_hashes_and_name_no_host(name: str) -> None:
    text = (LAYERS / name / "requirements.txt").read_text()
    pinned = [line for line in text.splitlines() if line and line[0].isalpha()]
    assert all("==" in line and line.endswith("\\") for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text
    assert "--index" not in text
