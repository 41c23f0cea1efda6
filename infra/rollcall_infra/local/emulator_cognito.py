"""Makes ministack's Cognito do what Amazon's does: it lacks AdminDeleteUserAttributes, has another
password policy, and sends an invitation again with the same password. What it leaves open at
sign-ins is in ``emulator_sign_in``.
"""

from __future__ import annotations

from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import json_response
from ministack.services import cognito

from rollcall.kit.account import MUST_CHANGE_STATUS
from rollcall_infra.local.emulator_sign_in import SignInChecks, send_random_codes
from rollcall_infra.local.password_policy import find_violations

_NEW_PASSWORD = "NEW_PASSWORD_REQUIRED"  # noqa: S105 (the name of a challenge)


def follow_amazon() -> None:
    """Let ministack serve the missing call, and check passwords and sign-ins as Amazon Cognito
    does.
    """
    dispatch, checks = cognito._dispatch_idp, SignInChecks()

    async def dispatch_all(action: str, data: dict[str, Any]) -> Any:
        if action == "AdminDeleteUserAttributes":
            return await run_reentrant(_delete_attributes, data)
        refused = checks.find_refusal(action, data)
        if action in {"RespondToAuthChallenge", "AdminRespondToAuthChallenge"}:
            refused = refused or _check_new_password(data)
        elif action == "AdminCreateUser":
            data = _with_password(data)
            refused = refused or _replace_password(data)
        if refused:
            return refused
        response = await dispatch(action, data)
        checks.remember(action, data, response)
        return response

    cognito._dispatch_idp = dispatch_all
    send_random_codes()
    cognito._password_policy_errors = _find_violations


def _find_violations(pool: dict[str, Any], password: str) -> list[str]:
    return find_violations(_policy_of(pool), password)


def _policy_of(pool: dict[str, Any]) -> dict[str, Any]:
    policy: dict[str, Any] = pool.get("Policies", {}).get("PasswordPolicy", {})
    return policy


def _check_new_password(data: dict[str, Any]) -> Any:
    """The error for a first password that the policy refuses; ministack accepts any."""
    password = data.get("ChallengeResponses", {}).get("NEW_PASSWORD")
    if data.get("ChallengeName") != _NEW_PASSWORD or not password:
        return None
    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    return pool and cognito._validate_password(pool, password)


def _with_password(data: dict[str, Any]) -> dict[str, Any]:
    """The request with a temporary password of the pool's length; ministack's has twelve."""
    pool, _ = cognito._resolve_pool(data.get("UserPoolId"))
    if pool is None or data.get("TemporaryPassword"):
        return data
    password = cognito._generate_temp_password()
    while len(password) < _policy_of(pool).get("MinimumLength", 0):
        password += cognito._generate_temp_password()
    return {**data, "TemporaryPassword": password}


def _replace_password(data: dict[str, Any]) -> Any:
    """Replace the temporary password before the invitation is sent again, so that the former one,
    which was perhaps sent elsewhere, ends (AdminCreateUser, ``MessageAction``). Returns the error
    for a password that the policy refuses.
    """
    pool, _ = cognito._resolve_pool(data.get("UserPoolId"))
    if pool is None or data.get("MessageAction") != "RESEND":
        return None
    user, _ = cognito._resolve_user(pool, data.get("Username"))
    refused = cognito._validate_password(pool, data["TemporaryPassword"])
    if user and user["UserStatus"] == MUST_CHANGE_STATUS and not refused:
        user["_password"] = data["TemporaryPassword"]
    return refused


def _delete_attributes(data: dict[str, Any]) -> Any:
    """Delete attributes as Amazon Cognito does, which leaves ``email_verified`` behind."""
    pool, error = cognito._resolve_pool(data.get("UserPoolId"))
    if error:
        return error
    user, error = cognito._resolve_user(pool, data.get("Username"))
    if error:
        return error
    named = data.get("UserAttributeNames", [])
    user["Attributes"] = [each for each in user["Attributes"] if each["Name"] not in named]
    user["UserLastModifiedDate"] = cognito._now_epoch()
    return json_response({})
