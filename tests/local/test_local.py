"""``rollcall local`` and ``rollcall token`` from the command line (P3)."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import jwt
import pytest

from rollcall.kit.http import SECURITY_HEADERS
from rollcall_infra.client_scopes import EVERYTHING
from rollcall_infra.local.emulator import free_port
from tests.api.acceptance import shared_client, wait_for
from tests.local.running import LocalRollcall, run_command, run_unread

pytestmark = pytest.mark.xdist_group("local")
"""One running Rollcall serves them all."""

NEW_USER = {
    "email": "newuser@example.com",
    "name": "New User",
    "temporaryPassword": "TempPass123!",
}


def test_local_json_describes_a_rollcall_that_is_ready(local: LocalRollcall) -> None:
    described = local.described

    assert set(described) == {
        "api", "aws", "awsKeys", "region", "userPoolId", "clientId", "table", "admin", "service",
        "services", "environment", "pid",
    }  # fmt: skip
    assert set(described["service"]) == {"clientId", "clientSecret", "tokenUrl"}
    assert described["pid"] == local.process.pid
    assert described["api"].startswith("http://127.0.0.1:")
    assert described["admin"]["email"] == "admin@example.com"
    assert (local.state / "local.json").stat().st_mode & 0o077 == 0


def test_token_prints_an_access_token_and_nothing_else(local: LocalRollcall) -> None:
    printed = run_command("token", "--state", str(local.state))

    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", printed.stdout)
    assert printed.stderr == ""


def test_token_of_a_service_has_the_scopes_of_the_system_api_and_no_user(
    local: LocalRollcall,
) -> None:
    claims = jwt.decode(local.token("--service"), options={"verify_signature": False})

    assert set(claims["scope"].split()) == set(EVERYTHING.allowed_scopes)
    assert claims["client_id"] == local.described["service"]["clientId"]
    assert "username" not in claims
    assert claims["exp"] - claims["iat"] <= 15 * 60


def test_token_of_a_service_is_rejected_outside_the_system_api(local: LocalRollcall) -> None:
    for path in ("/me", "/groups", "/admin/roles"):
        answer = shared_client().get(
            f"{local.api}{path}", headers={"Authorization": f"Bearer {local.token('--service')}"}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid"), path


def test_documentation_names_the_token_endpoint_of_services(local: LocalRollcall) -> None:
    document = shared_client().get(local.api.removesuffix("/api") + "/openapi.json").json()
    scheme = document["components"]["securitySchemes"]["serviceToken"]
    (flow,) = scheme["flows"].values()
    assert flow["tokenUrl"] == local.described["service"]["tokenUrl"]


def test_failure_to_get_a_service_token_is_reported_on_one_line(
    local: LocalRollcall, tmp_path: Path
) -> None:
    both = run_command("token", "--service", "--email", "admin@example.com")
    stopped = run_command("token", "--service", "--state", str(tmp_path))
    described = local.described
    described["services"]["service"]["clientSecret"] = "wrong"
    (tmp_path / "local.json").write_text(json.dumps(described))
    refused = run_command("token", "--service", "--state", str(tmp_path))
    described["services"]["service"]["tokenUrl"] = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "local.json").write_text(json.dumps(described))
    silent = run_command("token", "--service", "--state", str(tmp_path))

    assert "cannot be combined with --email" in both.stderr
    assert "Start it with: rollcall local" in stopped.stderr
    assert "cannot get a token: invalid_client." in refused.stderr
    assert "does not answer" in silent.stderr
    unknown = run_command("token", "--service", "billing", "--state", str(local.state))

    assert "There is no service billing. Use one of: service;" in unknown.stderr
    for each in (both, stopped, refused, silent, unknown):
        assert (each.returncode, each.stdout, each.stderr.count("\n")) == (1, "", 1)
    assert "--service" in run_command("token", "--help").stdout


def test_admin_has_all_permissions(local: LocalRollcall) -> None:
    with local.client() as api:
        me = api.get("/me").json()

    assert me["isAdmin"] is True
    assert me["effectivePermissions"] == ["admin:access"]
    assert me["lastLoginAt"]


def test_calls_without_a_valid_token_are_refused(local: LocalRollcall) -> None:
    token = local.admin_token
    head, payload, signature = token.split(".")
    tampered = ".".join([head, payload, signature[:-8] + signature[-8:][::-1]])

    for authorization in (None, "Bearer garbage", f"Bearer {tampered}", f"Basic {token}"):
        headers = {"Authorization": authorization} if authorization else {}
        answer = shared_client().get(f"{local.api}/me", headers=headers)
        assert answer.status_code == 401, authorization
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_id_token_is_rejected(local: LocalRollcall) -> None:
    admin = local.described["admin"]
    signed_in = (
        shared_client()
        .post(
            local.described["aws"],
            headers={
                "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
                "Content-Type": "application/x-amz-json-1.1",
            },
            json={
                "ClientId": local.described["clientId"],
                "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": admin["email"], "PASSWORD": admin["password"]},
            },
        )
        .json()
    )
    id_token = signed_in["AuthenticationResult"]["IdToken"]

    answer = shared_client().get(f"{local.api}/me", headers={"Authorization": f"Bearer {id_token}"})

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_disabled_user_is_refused_immediately_and_cannot_sign_in(local: LocalRollcall) -> None:
    with local.client() as api:
        made = api.post("/admin/users", json={**NEW_USER, "email": "leaver@example.com"})
        user_id = made.json()["id"]
        mine = local.token(
            "--email", "leaver@example.com",
            "--password", NEW_USER["temporaryPassword"],
            "--new-password", "Chosen-Pass-1",
        )  # fmt: skip
        with local.client(mine) as own:
            assert own.get("/me").status_code == 200
            assert api.post(f"/admin/users/{user_id}/disable").status_code == 200
            refused = own.get("/me")
        assert (refused.status_code, refused.json()["code"]) == (403, "account_not_active")
        again = run_command(
            "token", "--state", str(local.state),
            "--email", "leaver@example.com", "--password", "Chosen-Pass-1",
        )  # fmt: skip
        assert again.returncode == 1
        assert api.post(f"/admin/users/{user_id}/enable").status_code == 200
        with local.client(mine) as own:
            assert own.get("/me").json()["code"] == "session_ended"
        assert api.delete(f"/admin/users/{user_id}").json()["success"] is True


def test_documentation_loads_nothing_from_other_hosts(local: LocalRollcall) -> None:
    root = local.api.removesuffix("/api")
    page = shared_client().get(f"{root}/docs")
    assets = re.findall(r'(?:href|src)="([^"]+)"', page.text)

    assert page.status_code == 200
    assert all(asset.startswith(("/docs/", "data:")) for asset in assets)
    for asset in assets:
        if asset.startswith("/"):
            assert shared_client().get(f"{root}{asset}").status_code == 200
    assert shared_client().get(f"{root}/openapi.json").json()["openapi"] == "3.1.0"
    assert shared_client().get(f"{root}/docs/../../pyproject.toml").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "Cross-Site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8000"},
    ],
)
@pytest.mark.parametrize("path", ["/api/me", "/api/register", "/mail", "/docs", "/openapi.json"])
def test_page_of_another_origin_is_refused(
    local: LocalRollcall, path: str, headers: dict[str, str]
) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        address = local.api.removesuffix("/api") + path
        answer = shared_client().request(method, address, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_page"), method


def test_own_page_and_a_link_that_a_person_follows_are_answered(local: LocalRollcall) -> None:
    root = local.api.removesuffix("/api")
    link = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    own = {"Origin": root}, {"Origin": root.replace("127.0.0.1", "localhost")}
    sites = [{"Sec-Fetch-Site": each} for each in ("same-origin", "none")]
    for headers in (*own, *sites, link, {**link, "Sec-Fetch-Site": "same-site"}):
        assert shared_client().get(f"{root}/mail", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/me"),
        ("OPTIONS", "/api/me"),
        ("GET", "/api/nothing"),
        ("TRACE", "/api/me"),
        ("GET", "/docs"),
        ("GET", "/docs/start.js"),
        ("GET", "/openapi.json"),
        ("GET", "/mail"),
        ("GET", "/mail/none/text"),
    ],
)
def test_every_answer_has_the_security_headers(
    local: LocalRollcall, method: str, path: str
) -> None:
    answer = shared_client().request(method, local.api.removesuffix("/api") + path)
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_pages_cannot_be_framed_and_run_no_script_of_others(local: LocalRollcall) -> None:
    for path in ("/docs", "/mail"):
        page = shared_client().get(local.api.removesuffix("/api") + path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "<script>" not in page.text
        assert "script-src 'self'" in policy or "script-src" not in policy


def test_address_of_a_caller_is_not_what_a_header_claims(local: LocalRollcall) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9", "User-Agent": "\x1b[2Jagent"}
    with local.client() as api:
        user = api.post("/admin/users", json={"email": "origin@example.com"}).json()
        path = f"/admin/users/{user['id']}"
        assert api.patch(path, json={"name": "New"}, headers=headers).status_code == 200
        history = api.get(f"{path}/history")
    assert "203.0.113.9" not in history.text
    assert "127.0.0.1" in history.text
    assert "?[2Jagent" in history.text


def test_path_is_printed_without_escape_sequences(local: LocalRollcall) -> None:
    with local.client() as api:
        assert api.get("/admin/users/%1b%5b2Jmarked%07" + "x" * 1000).status_code == 422

    (line,) = [each for each in local.printed.splitlines() if "marked" in each]
    assert "/api/admin/users/?[2Jmarked?xxx" in line
    assert len(line) < 200


def test_own_pages_need_no_cors_headers_and_no_others_get_them(local: LocalRollcall) -> None:
    own = {"Origin": local.api.removesuffix("/api")}
    for method, path, status in (
        ("OPTIONS", "/admin/users", 204),
        ("GET", "/me", 401),
        ("GET", "/nothing", 404),
    ):
        answer = shared_client().request(method, f"{local.api}{path}", headers=own)
        assert answer.status_code == status
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_unknown_route_and_too_large_body_are_refused(local: LocalRollcall) -> None:
    with local.client() as api:
        assert api.get("/nothing/here").json()["code"] == "route_not_found"
        assert api.put("/me").json()["code"] == "method_not_allowed"
        large = api.post("/admin/users", content=b" " * (1024 * 1024 + 1))
        chunks = api.post("/admin/users", content=iter([b" " * 1024] * 1025))
        public = api.post("/register", content=b" " * (16 * 1024 + 1))

    for refused in (large, chunks, public):
        assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")


def test_port_in_use_is_reported_on_one_line(local: LocalRollcall, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        place = ("--state", str(tmp_path))
        of_api = run_command("local", "--port", port, "--aws-port", "0", *place)
        of_aws = run_command("local", "--port", "0", "--aws-port", port, *place)

    assert (of_api.returncode, of_aws.returncode) == (1, 1)
    assert of_api.stderr == (
        f"rollcall: Port {port} cannot be used (Address already in use). Specify another one with "
        "--port (0 selects a free one).\n"
    )
    assert of_aws.stderr == (
        f"rollcall: Port {port} is in use. Specify another one with --aws-port "
        "(0 selects a free one).\n"
    )


def test_environment_is_checked_before_anything_starts(tmp_path: Path) -> None:
    strict, state = tmp_path / "strict.json", tmp_path / "state"
    strict.write_text('{"passwordMinimumLength": 30}')
    place = ("--port", "0", "--aws-port", "0", "--state", str(state))
    short = ("--admin-password", "TempPass123!")

    missing = run_command("local", *place, "--environment", "nowhere")
    refused = run_command("local", *place, "--environment", str(strict), *short)

    assert (missing.returncode, refused.returncode) == (1, 1)
    assert missing.stderr.startswith("rollcall: The environment nowhere does not exist. Use one of")
    assert refused.stderr.startswith("rollcall: The password needs at least 30 characters")


def test_state_directory_in_use_is_refused_and_not_changed(local: LocalRollcall) -> None:
    second = run_command("local", "--port", "0", "--aws-port", "0", "--state", str(local.state))

    assert second.returncode == 1
    assert second.stderr.startswith("rollcall: Another rollcall local is using ")
    assert local.described["pid"] == local.process.pid


def test_printed_examples_work_when_pasted(branded: LocalRollcall) -> None:
    printed = branded.printed
    script = printed[printed.index("  export API=") : printed.index("Press Ctrl-C to stop.")]
    pasted = subprocess.run(
        ["bash", "-euc", script], capture_output=True, text=True, timeout=60, check=True
    )

    assert script.count("curl -s") == 3
    for part in ('"isAdmin":true', '"email":"newuser@example.com"', '"totalPages":0'):
        assert part in pasted.stdout


def test_first_start_logs_no_failure(branded: LocalRollcall) -> None:
    def clean_up_has_run() -> bool:
        return "clean_up_accounts" in [each["message"] for each in read_log(branded.state)]

    wait_for(clean_up_has_run)
    assert [each for each in read_log(branded.state) if each["level"] == "ERROR"] == []


def read_log(state: Path) -> list[dict[str, Any]]:
    """The complete lines of the functions' log."""
    lines = (state / "functions.log").read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def test_command_with_a_closed_output_pipe_ends_without_an_error() -> None:
    ended = run_unread("operations")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_operations_are_listed_with_the_data_that_they_read_and_write() -> None:
    listed = run_command("operations").stdout.splitlines()

    assert listed[0].split() == ["METHOD", "PATH", "PERMISSION", "FUNCTION", "READS", "WRITES"]
    row = next(line for line in listed if " promote_user " in line)
    assert row.split() == [
        "POST", "/admin/users/{userId}/promote", "user.promote", "promote_user",
        "AccessPolicy", "User,RoleGrant,Account",
    ]  # fmt: skip


def test_help_lists_options_and_invalid_options_are_explained() -> None:
    assert "--admin-password" in run_command("local", "--help").stdout
    assert "70000 is not a port" in run_command("local", "--port", "70000").stderr
    weak = run_command("local", "--port", "0", "--admin-password", "weak")
    assert weak.stderr.startswith("rollcall: The password needs at least 8 characters")
