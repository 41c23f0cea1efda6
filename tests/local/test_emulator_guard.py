"""The embedded AWS in a machine with a browser: who can send it requests, and which."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rollcall_infra.local.emulator import REGION, Emulator
from rollcall_infra.local.provision import NAME
from rollcall_infra.local.state import AwsKeys
from tests.api.acceptance import shared_client
from tests.local.running import LocalRollcall

EVIL = "https://evil.example"
COGNITO = "AWSCognitoIdentityProviderService"
SCAN = {"X-Amz-Target": "DynamoDB_20120810.Scan"}
CLAIMED = "AWS4-HMAC-SHA256 Credential={id}/20261201/us-east-1/{service}/aws4_request, "
CLAIMED += "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64


def send(
    emulator: Emulator, method: str, path: str, content: str = "{}", **headers: str
) -> httpx.Response:
    """Send a request without keys; ``X_Amz_Target="…"`` is the header X-Amz-Target."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return shared_client().request(method, emulator.url + path, content=content, headers=named)


def sign(emulator: Emulator, *, secret: str = "", **request: Any) -> httpx.Response:
    """Send a Scan signed with the emulator's secret or another one."""
    keys = Credentials(emulator.keys.access_key_id, secret or emulator.keys.secret_access_key)
    data = f'{{"TableName": "{NAME}"}}'
    signed = AWSRequest("POST", emulator.url + "/", dict(SCAN), data)
    SigV4Auth(keys, "dynamodb", REGION).add_auth(signed)
    sent = {"headers": dict(signed.headers.items()), "content": data, **request}
    sent["headers"] |= request.get("headers", {})
    return shared_client().post(emulator.url, **sent)


@pytest.mark.xdist_group("emulator")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"},
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example:4566"},
        {},
    ],
)
def test_page_cannot_create_a_function(emulator: Emulator, headers: dict[str, str]) -> None:
    """Two requests that a browser sends without asking first would run code on this machine."""
    path, functions = "/2015-03-31/functions", emulator.client("lambda")
    before = len(functions.list_functions()["Functions"])
    made = send(
        emulator, "POST", path, '{"FunctionName": "f"}', Content_Type="text/plain", **headers
    )
    run = send(emulator, "POST", f"{path}/record_sign_in/invocations", **headers)

    assert (made.status_code, run.status_code) == (403, 403)
    assert len(functions.list_functions()["Functions"]) == before
    assert "access-control-allow-origin" not in made.headers


@pytest.mark.xdist_group("emulator")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        *({"Authorization": CLAIMED.format(id=each, service="dynamodb")}
          for each in ("test", "000000000000", "")),
        {"Authorization": "Bearer token"},
    ],
)  # fmt: skip
def test_table_is_read_only_with_the_keys(emulator: Emulator, headers: dict[str, str]) -> None:
    answer = send(
        emulator,
        "POST",
        "/",
        f'{{"TableName": "{NAME}"}}',
        X_Amz_Target=SCAN["X-Amz-Target"],
        **headers,
    )
    assert (answer.status_code, "Items" in answer.text) == (403, False)


@pytest.mark.xdist_group("emulator")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_ministack/ses/messages"),
        ("GET", "/_ministack/health"),
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", f"/{NAME}"),
        ("POST", "/?Action=AssumeRole&RoleArn=arn:aws:iam::000000000000:role/r&RoleSessionName=s"),
        ("GET", "/latest/meta-data/iam/security-credentials/"),
        ("GET", "/login"),
        ("GET", f"/{NAME}/.well-known/jwks.json"),
        ("POST", "/_aws/execute-api/"),
        ("GET", "/_ministack/cfn-response/1"),
    ],
)
@pytest.mark.parametrize("target", ["", SCAN["X-Amz-Target"], f"{COGNITO}.ListUserPools"])
def test_nothing_else_is_served_without_keys(
    emulator: Emulator, method: str, path: str, target: str
) -> None:
    headers = {"X_Amz_Target": target} if target else {}
    assert send(emulator, method, path, **headers).status_code == 403


@pytest.mark.xdist_group("emulator")
@pytest.mark.parametrize("name", ["ListUserPools", "AdminGetUser", "InitiateAuth, x.ListUserPools"])
def test_user_pools_are_administered_only_with_the_keys(emulator: Emulator, name: str) -> None:
    answer = send(emulator, "POST", "/", '{"MaxResults": 1}', X_Amz_Target=f"{COGNITO}.{name}")
    assert answer.status_code == 403


@pytest.mark.xdist_group("emulator")
def test_target_that_is_public_opens_nothing_else(emulator: Emulator) -> None:
    """The emulator chooses the service by several parts of a request."""
    target = f"{COGNITO}.InitiateAuth"
    doubled = [("X-Amz-Target", target), ("X-Amz-Target", f"{COGNITO}.ListUserPools")]
    both = shared_client().post(emulator.url, content='{"MaxResults": 1}', headers=doubled)
    listing = send(emulator, "POST", "/?Action=ListUsers", X_Amz_Target=target)
    function = send(emulator, "POST", "/2015-03-31/functions", X_Amz_Target=target)
    claimed = CLAIMED.format(id="test", service="iam")
    scoped = send(
        emulator, "POST", "/", "Action=ListUsers", X_Amz_Target=target, Authorization=claimed,
        Content_Type="application/x-www-form-urlencoded",
    )  # fmt: skip

    assert [each.status_code for each in (both, listing, function)] == [403, 403, 403]
    assert "ListUsersResponse" not in scoped.text


@pytest.mark.xdist_group("emulator")
def test_signature_has_to_be_by_the_secret_and_of_this_request(emulator: Emulator) -> None:
    assert sign(emulator).status_code == 200
    assert sign(emulator, secret="test").status_code == 403
    assert sign(emulator, content='{"TableName": "other"}').status_code == 403
    assert sign(emulator, headers={"Origin": EVIL}).status_code == 403


@pytest.mark.xdist_group("emulator")
def test_link_serves_its_one_file_until_it_expires(emulator: Emulator) -> None:
    s3 = emulator.client("s3")
    for key in ("one", "other"):
        s3.put_object(Bucket=NAME, Key=key, Body=key.encode())
    place = {"Bucket": NAME, "Key": "one"}
    link = s3.generate_presigned_url("get_object", place, ExpiresIn=60)
    expired = s3.generate_presigned_url("get_object", place, ExpiresIn=-1)

    assert shared_client().get(link).text == "one"
    assert shared_client().get(link.replace("/one?", "/other?")).status_code == 403
    assert shared_client().delete(link).status_code == 403
    assert shared_client().get(expired).status_code == 403


def test_keys_are_new_at_each_start_and_there_are_no_others() -> None:
    first, second = AwsKeys.invent(), AwsKeys.invent()
    assert first.access_key_id != second.access_key_id
    assert first.secret_access_key != second.secret_access_key
    process = [sys.executable, "-m", "rollcall_infra.local.emulator_process"]
    keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "EMULATOR_ORIGINS": ""}
    refused = subprocess.run(
        process, env=keys, input=b"", capture_output=True, timeout=60, check=False
    )
    assert b"needs keys of its own" in refused.stderr


def browse(local: LocalRollcall, origin: str, target: str) -> tuple[httpx.Response, httpx.Response]:
    """The requests of a page that calls the Cognito API: the preflight, and its own."""
    aws, client, admin = (local.described[each] for each in ("aws", "clientId", "admin"))
    wanted = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-amz-target",
    }
    asked = shared_client().options(aws, headers={"Origin": origin, **wanted})
    body = {
        "ClientId": client,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": admin["email"], "PASSWORD": admin["password"]},
    }
    headers = {"Origin": origin, "X-Amz-Target": f"{COGNITO}.{target}"}
    return asked, shared_client().post(aws, json=body, headers=headers)


@pytest.mark.xdist_group("local")
def test_page_of_the_local_server_signs_its_user_in(local: LocalRollcall) -> None:
    own = local.api.removesuffix("/api")
    for origin in (own, own.replace("127.0.0.1", "localhost")):
        asked, signed_in = browse(local, origin, "InitiateAuth")
        assert (asked.status_code, signed_in.status_code) == (204, 200)
        assert "x-amz-target" in asked.headers["Access-Control-Allow-Headers"]
        for answer in (asked, signed_in):
            assert answer.headers.get_list("Access-Control-Allow-Origin") == [origin]
        assert signed_in.json()["AuthenticationResult"]["AccessToken"]
        pool = f"{local.described['aws']}/{local.described['userPoolId']}"
        keys = shared_client().get(f"{pool}/.well-known/jwks.json", headers={"Origin": origin})
        assert keys.headers["Access-Control-Allow-Origin"] == origin
        assert keys.json()["keys"]


@pytest.mark.xdist_group("local")
def test_other_page_signs_nobody_in_and_own_page_has_no_other_calls(local: LocalRollcall) -> None:
    own = local.api.removesuffix("/api")
    for origin, target in ((EVIL, "InitiateAuth"), (own, "ListUsers"), (own + "0", "InitiateAuth")):
        _, answer = browse(local, origin, target)
        assert answer.status_code == 403, (origin, target)
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.xdist_group("local")
def test_person_follows_a_link_to_the_sign_in_page(local: LocalRollcall) -> None:
    query = f"client_id={local.described['clientId']}&response_type=code&redirect_uri=http://x"
    page = f"{local.described['aws']}/oauth2/authorize?{query}"
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    shown = {"Sec-Fetch-Dest": "document", **followed}
    framed = {"Sec-Fetch-Dest": "iframe", **followed}
    assert shared_client().get(page, headers=shown).status_code != 403
    assert shared_client().get(page, headers=framed).status_code == 403
