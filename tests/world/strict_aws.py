"""AWS at the wire below the botocore clients. DynamoDB is ministack's engine, the other services
are moto. Calls that AWS rejects but moto accepts are rejected here.

The sources of these rules: the API references of Amazon S3 (GetObject, HeadObject) and of Amazon
Cognito user pools (AdminCreateUser, AdminUpdateUserAttributes, ListUsers) and the developer guide
on sign-in aliases.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from threading import RLock
from typing import Any
from uuid import uuid4

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto.cognitoidp.exceptions import InvalidPasswordException
from moto.cognitoidp.models import CognitoIdpBackend, CognitoIdpUserPool, cognitoidp_backends
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.ses.models import ses_backends

from rollcall_infra.local.password_policy import find_violations
from tests.world import dynamodb
from tests.world.iam import find_denied, may_list

type Response = tuple[tuple[AWSResponse, dict[str, Any]] | None, Exception | None]
"""The result of ``botocore.endpoint.Endpoint._do_get_response``: an answer or an exception."""

USERS_A_PAGE = 60


@dataclass
class WireCall:
    """One attempt of an AWS API call, before it is sent."""

    service: str
    operation: str
    request: AWSPreparedRequest
    context: dict[str, Any]
    """botocore's context, the same object for all attempts of one call."""

    @property
    def body(self) -> bytes:
        """The body of the request."""
        body = self.request.body
        return body.encode() if isinstance(body, str) else bytes(body or b"")  # type: ignore[arg-type]  # never a file here

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the call: the body in the JSON protocols of DynamoDB, Cognito and SES;
        for S3, whose protocol is plain HTTP, the arguments of the botocore call.
        """
        if self.service == "s3":
            return dict(self.context["s3_redirect"]["params"])
        return dict(json.loads(self.body))

    @property
    def region(self) -> str:
        """The client's region."""
        return str(self.context["client_region"])

    def refuse(self, code: str, message: str, status: int = 400) -> Response:
        """An error answer of the service."""
        return self.answer({"Error": {"Code": code, "Message": message}}, status)

    def deny(self, message: str) -> Response:
        """The answer to a call without permission."""
        if self.service == "s3":
            return self.refuse("AccessDenied", message, 403)
        return self.refuse("AccessDeniedException", message)

    def accept(self) -> Response:
        """An empty answer of the service."""
        return self.answer({})

    def answer(self, parsed: dict[str, Any], status: int = 200) -> Response:
        """An answer of the service."""
        answer = AWSResponse(self.request.url, status, HTTPHeaders(), MockRawResponse(b"{}"))
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RequestId": "strict"}
        return (answer, {**parsed, "ResponseMetadata": metadata}), None


type Serve = Callable[[], Response]
type Interception = Callable[[WireCall, Serve], Response]
"""A hook that faults and races insert between a client and the service."""


def let_through(_: WireCall, serve: Serve) -> Response:
    """No interception."""
    return serve()


@dataclass
class StrictAws:
    """The services of the attached clients. It serves one call at a time, because the emulators
    are not thread-safe.
    """

    clock: Callable[[], datetime]
    intercept: Interception = let_through
    lock: AbstractContextManager[bool] = field(default_factory=RLock)

    def attach(self, client: Any) -> None:
        """Route all requests of this botocore client through this object."""
        endpoint: Any = client._endpoint
        send = type(endpoint)._do_get_response.__get__(endpoint)
        endpoint._do_get_response = partial(self._respond, send)

    def _respond(
        self, send: Any, request: AWSPreparedRequest, model: Any, context: Any
    ) -> Response:
        service = str(model.service_model.service_name)
        call = WireCall(service, str(model.name), request, context)
        return self.intercept(
            call, lambda: self._serve(call, partial(send, request, model, context))
        )

    def _serve(self, call: WireCall, send: Serve) -> Response:
        denied = find_denied(call)
        if denied:
            return call.deny(f"Not authorized to {denied.action}.")
        rule = _RULES.get(call.operation)
        with self.lock:
            if call.service == "dynamodb":
                return _ask_dynamodb(call)
            if call.service == "cognito-idp":
                _resolve_alias(call)
            return rule(self, call, send) if rule else send()


def _ask_dynamodb(call: WireCall) -> Response:
    status, answer = dynamodb.serve(call.operation, call.body)
    if status == 200:
        return call.answer(answer)
    error = {"Code": answer.pop("__type"), "Message": answer.pop("message")}
    return call.answer({"Error": error, **answer}, status)


def _admin_create_user(aws: StrictAws, call: WireCall, send: Serve) -> Response:
    """Resending requires a user who has not chosen a password. A new user requires free aliases and
    is created at the time of the world's clock.
    """
    pool, parameters = _pool(call), call.parameters
    present = pool.users.get(parameters["Username"])
    if parameters.get("MessageAction") == "RESEND":
        if present is None:
            return call.refuse("UserNotFoundException", "User does not exist.")
        if present.status != "FORCE_CHANGE_PASSWORD":
            return call.refuse("UnsupportedUserStateException", "Resend not possible.")
    password = parameters.get("TemporaryPassword")
    if password and not _meets_policy(pool, password):
        return call.refuse("InvalidPasswordException", "Password does not conform to policy.")
    if present and parameters.get("MessageAction") == "RESEND":
        present.password = password or f"Generated-{uuid4()}"
        return call.accept()
    if present or _is_taken(pool, parameters["Username"], _attributes(parameters)):
        return call.refuse("UsernameExistsException", "User account already exists.")
    answer = send()
    if made := pool.users.get(parameters["Username"]):
        made.create_date = aws.clock()  # moto uses the machine's clock
    return answer


def _admin_update_user_attributes(_: StrictAws, call: WireCall, send: Serve) -> Response:
    """A changed address is unverified unless specified; verified addresses are unique."""
    pool, parameters = _pool(call), call.parameters
    user = pool.users.get(parameters["Username"])
    if user is not None:
        changed = _attributes(parameters)
        for name in {"email", "phone_number"} & changed.keys():
            changed.setdefault(f"{name}_verified", "false")
        if _is_taken(pool, user.username, user.attribute_lookup | changed):
            return call.refuse("AliasExistsException", "An account with the alias exists.")
        entries = [{"Name": name, "Value": value} for name, value in changed.items()]
        _rewrite(call, {**parameters, "UserAttributes": entries})
    return send()


def _admin_delete_user_attributes(_: StrictAws, call: WireCall, send: Serve) -> Response:
    """Deleting a missing attribute is no error in Cognito, but is one in moto."""
    parameters = call.parameters
    user = _pool(call).users.get(parameters["Username"])
    if user is not None:
        held = [name for name in parameters["UserAttributeNames"] if name in user.attribute_lookup]
        _rewrite(call, {**parameters, "UserAttributeNames": held})
    return send()


def _get_object(_: StrictAws, call: WireCall, send: Serve) -> Response:
    """S3 denies access to a missing key if the caller may not list the bucket."""
    success, error = send()
    if success and success[0].status_code == 404 and not may_list(call):
        return call.deny("Access Denied")
    return success, error


def _head_object(_: StrictAws, call: WireCall, send: Serve) -> Response:
    """As for GetObject. The response has no body, so the error has the status only."""
    success, error = send()
    if success and success[0].status_code == 404 and not may_list(call):
        return call.refuse("403", "Forbidden", 403)
    return success, error


def _send_email(_: StrictAws, call: WireCall, send: Serve) -> Response:
    """Store text and HTML of a mail; moto stores only one of them."""
    success, error = send()
    if success and success[0].status_code == 200:
        taken = ses_backends[ACCOUNT_ID][call.region].sent_messages[-1]
        body = call.parameters["Content"]["Simple"]["Body"]
        taken.forms = {name: form["Data"] for name, form in body.items()}
    return success, error


def _list_users(_: StrictAws, call: WireCall, send: Serve) -> Response:
    if call.parameters.get("Limit", USERS_A_PAGE) > USERS_A_PAGE:
        return call.refuse("InvalidParameterException", "Limit is at most 60.")
    return send()


_RULES: Mapping[str, Callable[[StrictAws, WireCall, Serve], Response]] = {
    "AdminCreateUser": _admin_create_user,
    "AdminDeleteUserAttributes": _admin_delete_user_attributes,
    "AdminUpdateUserAttributes": _admin_update_user_attributes,
    "GetObject": _get_object,
    "HeadObject": _head_object,
    "ListUsers": _list_users,
    "SendEmail": _send_email,
}


def find_pool(pool_id: str) -> CognitoIdpUserPool:
    """A user pool as stored by moto."""
    region = pool_id.partition("_")[0]
    return cognitoidp_backends[ACCOUNT_ID][region].user_pools[pool_id]


def _pool(call: WireCall) -> CognitoIdpUserPool:
    return find_pool(call.parameters["UserPoolId"])


def _attributes(parameters: dict[str, Any]) -> dict[str, str]:
    return {entry["Name"]: entry["Value"] for entry in parameters.get("UserAttributes", [])}


def _names(pool: CognitoIdpUserPool, username: str, attributes: dict[str, str]) -> Iterator[str]:
    """The sign-in names: the username and the aliases; addresses only if verified."""
    yield username.casefold()
    for name in pool.extended_config.get("AliasAttributes") or ():
        verified = attributes.get(f"{name}_verified", "false") == "true"
        if attributes.get(name) and (verified or name == "preferred_username"):
            yield attributes[name].casefold()


def _is_taken(pool: CognitoIdpUserPool, username: str, attributes: dict[str, str]) -> bool:
    wanted = set(_names(pool, username, attributes))
    return any(
        not wanted.isdisjoint(_names(pool, user.username, user.attribute_lookup))
        for user in pool.users.values()
        if user.username != username
    )


def _meets_policy(pool: CognitoIdpUserPool, password: str) -> bool:
    policy = pool.extended_config.get("Policies", {}).get("PasswordPolicy", {})
    return not find_violations(policy, password)


def _validate_password(backend: CognitoIdpBackend, pool_id: str, password: str) -> None:
    """In place of moto's, which has fewer characters and a smaller maximum length."""
    if not _meets_policy(backend.describe_user_pool(pool_id), password):
        raise InvalidPasswordException


CognitoIdpBackend._validate_password = _validate_password  # type: ignore[assignment,method-assign]  # moto's


def _resolve_alias(call: WireCall) -> None:
    """Cognito accepts an alias wherever it accepts a username; moto does not."""
    parameters = call.parameters
    name = str(parameters.get("Username", "")).casefold()
    if not name or call.operation == "AdminCreateUser":
        return
    for user in _pool(call).users.values():
        if name in _names(_pool(call), user.username, user.attribute_lookup):
            _rewrite(call, {**parameters, "Username": user.username})
            return


def _rewrite(call: WireCall, parameters: dict[str, Any]) -> None:
    call.request.body = json.dumps(parameters).encode()
    call.parameters = parameters
