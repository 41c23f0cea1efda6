"""The embedded Cognito serves every call that Rollcall makes, and checks passwords as Amazon's."""

from __future__ import annotations

import ast
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rollcall.kit import identity
from rollcall.users.passwords import LENGTH_AT_LEAST
from rollcall_infra.local.emulator import Emulator
from rollcall_infra.local.password_policy import find_violations
from rollcall_infra.user_pool import CLIENT, make_user_pool
from tests.api.acceptance import PASSWORD, Session
from tests.local.running import LocalRollcall, run_command

REFUSALS = {"UserNotFoundException", "ResourceNotFoundException", "InvalidPasswordException"}
"""The errors of a call that is served, for users and groups that do not exist."""


def calls_of_rollcall(client: Any) -> dict[str, str]:
    """The operations of Cognito by their method names, as far as the only module that calls it has
    the names.
    """
    operations: dict[str, str] = client.meta.method_to_api_mapping
    texts = {
        node.value
        for node in ast.walk(ast.parse(Path(identity.__file__).read_text()))
        if isinstance(node, ast.Constant)
    }
    return {verb: name for verb, name in operations.items() if verb in texts}


def error_of(call: Callable[..., Any], **parameters: Any) -> str | None:
    """The code of the error that a call ends with, if any."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


@pytest.mark.xdist_group("emulator")
def test_every_call_of_ours_is_served(emulator: Emulator) -> None:
    client = emulator.client("cognito-idp")
    calls = calls_of_rollcall(client)
    assert {"admin_delete_user_attributes", "admin_create_user", "list_users"} <= calls.keys()
    samples = {"string": "absent", "list": [], "boolean": True}
    pool_id = client.list_user_pools(MaxResults=60)["UserPools"][0]["Id"]
    for verb, operation in calls.items():
        shape = client.meta.service_model.operation_model(operation).input_shape
        required = {
            name: samples[shape.members[name].type_name]
            for name in shape.required_members
            if name != "UserPoolId"
        }
        answer = error_of(getattr(client, verb), UserPoolId=pool_id, **required)
        assert answer in {None, *REFUSALS}, verb


def may_sign_in(local: LocalRollcall, name: str) -> bool:
    """Whether Cognito accepts the name with the password."""
    done = run_command(
        "token", "--state", str(local.state), "--email", name, "--password", PASSWORD
    )
    return done.returncode == 0


@pytest.mark.xdist_group("local")
@pytest.mark.parametrize("field", ["name", "email", "phone"])
def test_cleared_field_is_gone_and_its_address_signs_nobody_in(
    local: LocalRollcall, field: str
) -> None:
    admin = Session(local.api, local.admin_token)
    phone = f"+4915{secrets.randbelow(10**9):09}"
    user = admin.create_member(name="Jane Doe", phone=phone)
    path = f"/admin/users/{user['id']}"

    cleared = admin.answer("PATCH", path, {field: None})

    assert cleared.get(field) is None
    assert admin.answer("GET", path)["identity"]["inStep"]
    assert may_sign_in(local, user["email"]) == (field != "email")
    admin.answer("POST", f"{path}/disable")
    admin.answer("POST", f"{path}/enable")
    assert admin.answer("GET", path)["status"] == "active"


PASSWORDS = (
    *("TempPass123!", "Temp Pass123", "TempPass 123", "Aa1!" + "b" * 252),
    *("TempPass123", "TempPass123 ", " TempPass123", "Aa1!" + "b" * 253, "Aa1!"),
    *("TempPass\x00123!", "TempPass123ß", "TÄMPpass123!", "TempPass٣!"),
)


@pytest.mark.xdist_group("emulator")
@pytest.mark.parametrize("password", PASSWORDS)
def test_password_is_accepted_by_every_call_if_the_documented_policy_accepts_it(
    emulator: Emulator, password: str
) -> None:
    client = emulator.client("cognito-idp")
    pool_id = client.list_user_pools(MaxResults=60)["UserPools"][0]["Id"]
    policy = make_user_pool(LENGTH_AT_LEAST)["Policies"]["PasswordPolicy"]
    refused = find_violations(policy, password)
    expected = "InvalidPasswordException" if refused else None
    name = f"user-{secrets.token_hex(4)}"
    user = {"UserPoolId": pool_id, "Username": name}
    first = {**user, "TemporaryPassword": password, "MessageAction": "SUPPRESS"}

    assert error_of(client.admin_create_user, **first) == expected
    if refused:
        client.admin_create_user(**{**first, "TemporaryPassword": PASSWORD})
    chosen = {**user, "Password": password, "Permanent": False}
    assert error_of(client.admin_set_user_password, **chosen) == expected
    present = PASSWORD if refused else password
    assert choose_first_password(client, pool_id, name, present, password) == expected


def choose_first_password(
    client: Any, pool_id: str, name: str, present: str, password: str
) -> str | None:
    """The error when a user replaces the temporary password at the first sign-in, if any."""
    clients = client.list_user_pool_clients(UserPoolId=pool_id, MaxResults=60)
    client_id = next(
        each["ClientId"]
        for each in clients["UserPoolClients"]
        if each["ClientName"] == CLIENT["ClientName"]
    )
    challenge = client.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": present},
    )
    return error_of(
        client.respond_to_auth_challenge,
        ClientId=client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": password},
    )


@pytest.mark.xdist_group("emulator")
def test_password_that_the_pool_generates_has_the_length_of_its_policy(emulator: Emulator) -> None:
    client = emulator.client("cognito-idp")
    pool = client.create_user_pool(PoolName="Long", **make_user_pool(40))["UserPool"]
    try:
        made = client.admin_create_user(UserPoolId=pool["Id"], Username="jane")
        assert made["User"]["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    finally:
        client.delete_user_pool(UserPoolId=pool["Id"])
