"""Serves the one Cognito call of Rollcall that ministack lacks: AdminDeleteUserAttributes."""

from __future__ import annotations

from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import json_response
from ministack.services import cognito

_ACTION = "AdminDeleteUserAttributes"


def add_missing_calls() -> None:
    """Let ministack serve the call."""
    dispatch = cognito._dispatch_idp

    async def dispatch_all(action: str, data: dict[str, Any]) -> Any:
        if action != _ACTION:
            return await dispatch(action, data)
        return await run_reentrant(_delete_attributes, data)

    cognito._dispatch_idp = dispatch_all


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
