"""``rollcall attach-trigger``: sets the trigger of a deployment in a user pool that the deployment
did not create.

UpdateUserPool sets each setting that a request leaves out to its default (Amazon Cognito Developer
Guide, "Updating user pool and app client configuration"). So the command reads all settings, and
writes all of them back with the trigger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ListShape, Shape, StructureShape

from rollcall_infra.local.state import LocalProblem
from rollcall_infra.runtime import connect_to_aws, read_outputs
from rollcall_infra.user_pool import TRIGGER_VERSION

OUTPUT = "PreTokenGenerationTrigger"
"""The output of the data stack with the function's ARN; only for a pool that already existed."""
TRIGGERS, CURRENT, LEGACY = "LambdaConfig", "PreTokenGenerationConfig", "PreTokenGeneration"
"""The pool's triggers, and the two settings of the one that is attached."""
NOT_SETTINGS = ("LastModifiedDate", "EstimatedNumberOfUsers")
"""What differs in two descriptions of an unchanged pool."""


class TriggerProblem(LocalProblem):
    """The trigger is not attached. The message says what to do."""


@dataclass(frozen=True)
class AttachOptions:
    """The options of the command."""

    prefix: str
    apply: bool
    replace: bool


def run_attach_trigger(options: AttachOptions, connect: Callable[[str], Any] | None = None) -> None:
    """Print the change of the pool and, with ``apply``, make it. Raises LocalProblem for errors
    that the operator can resolve. ``connect`` returns the client of an AWS service; by default
    with the credentials of the shell.
    """
    connect = connect or connect_to_aws()
    try:
        outputs = read_outputs(connect("cloudformation"), f"{options.prefix}-data")
        if OUTPUT not in outputs:
            raise TriggerProblem(
                "This deployment created its user pool, which has the trigger. Nothing is to do."
            )
        attachment = Attachment(connect("cognito-idp"), outputs["UserPoolId"], outputs[OUTPUT])
        change = attachment.plan(replace=options.replace)
        _print(change)
        if options.apply and change:
            attachment.apply(replace=options.replace)
    except (BotoCoreError, ClientError) as error:
        raise TriggerProblem(str(error)) from error
    if not change:
        _print(["The trigger is attached. Nothing was changed."])
    elif options.apply:
        _print(["The trigger is attached. All other settings are as before."])
    else:
        _print(["Nothing was changed. Use --apply to attach the trigger."])


@dataclass(frozen=True)
class Attachment:
    """The function of a deployment as the trigger of a pool."""

    cognito: Any
    pool_id: str
    function_arn: str

    def plan(self, *, replace: bool) -> list[str]:
        """The lines of the settings that change; none if the trigger is attached already.

        Raises TriggerProblem if the pool has another trigger that must not be replaced.
        """
        return self._compare(self._describe(), replace=replace)

    def apply(self, *, replace: bool) -> None:
        """Attach the trigger, unless it is attached. Raises TriggerProblem if the pool has another
        one that must not be replaced, or if another setting is not as before.
        """
        before, factors = self._describe(), self._describe_factors()
        if not self._compare(before, replace=replace):
            return
        self._update(self._write_request(before))
        if self._describe_factors() != factors:
            self._restore(factors)
        self._check(before, factors)

    def _restore(self, factors: Mapping[str, Any]) -> None:
        try:
            self._call("SetUserPoolMfaConfig", factors)
        except (BotoCoreError, ClientError) as error:
            raise TriggerProblem(
                f"The trigger is attached, but the second factors of {self.pool_id} are not as "
                f"before. Set them again now, with set-user-pool-mfa-config: {json.dumps(factors)}"
                f" ({error})"
            ) from error

    def _compare(self, pool: Mapping[str, Any], *, replace: bool) -> list[str]:
        triggers = pool.get(TRIGGERS, {})
        present = triggers.get(CURRENT, {}).get("LambdaArn") or triggers.get(LEGACY)
        if present == self.function_arn:
            return []
        if present and not replace:
            raise TriggerProblem(
                f"The user pool {self.pool_id} has another pre token generation trigger, "
                f"{present}, and a pool can have only one. Use --replace to replace it."
            )
        after = self._with_trigger(triggers)
        names = sorted(name for name in triggers | after if triggers.get(name) != after.get(name))
        return [
            f"{sign} {TRIGGERS}.{name} = {json.dumps(side[name])}"
            for name in names
            for sign, side in (("-", triggers), ("+", after))
            if name in side
        ]

    def _with_trigger(self, triggers: Mapping[str, Any]) -> dict[str, Any]:
        """The pool's triggers with ours. The legacy setting must be the same or absent."""
        others = {name: each for name, each in triggers.items() if name != LEGACY}
        ours = {"LambdaArn": self.function_arn, "LambdaVersion": TRIGGER_VERSION}
        return {**others, CURRENT: ours}

    def _write_request(self, pool: Mapping[str, Any]) -> dict[str, Any]:
        """The request that writes all settings of the pool back, with the trigger."""
        request = {**pool, "PoolName": pool["Name"]}
        request[TRIGGERS] = self._with_trigger(pool.get(TRIGGERS, {}))
        creation, password = (
            dict(pool.get("AdminCreateUserConfig", {})),
            pool.get("Policies", {}).get("PasswordPolicy", {}),
        )
        if "TemporaryPasswordValidityDays" in password:
            # Cognito describes both, and refuses the deprecated one beside its successor.
            creation.pop("UnusedAccountValidityDays", None)
            request["AdminCreateUserConfig"] = creation
        return request

    def _update(self, request: dict[str, Any]) -> None:
        """Update the pool. For a pool without text messages, Cognito refuses ``MfaConfiguration``
        in this call ("SMS configuration … required when MFA is required/optional"), and switches
        MFA off when it is left out; the caller then sets it again.
        """
        try:
            self._call("UpdateUserPool", request)
        except self.cognito.exceptions.InvalidParameterException:
            if request.get("MfaConfiguration", "OFF") == "OFF" or "SmsConfiguration" in request:
                raise
            del request["MfaConfiguration"]
            self._call("UpdateUserPool", request)

    def _check(self, before: Mapping[str, Any], factors: Mapping[str, Any]) -> None:
        after = {**self._describe(), **self._describe_factors()}
        expected = {**before, **factors, TRIGGERS: self._with_trigger(before.get(TRIGGERS, {}))}
        after[TRIGGERS] = self._with_trigger(after.get(TRIGGERS, {}))
        names = (expected.keys() | after.keys()) - {*NOT_SETTINGS}
        if changed := sorted(each for each in names if expected.get(each) != after.get(each)):
            former = json.dumps({each: expected.get(each) for each in changed}, default=str)
            raise TriggerProblem(
                f"The trigger is attached, but these settings of the user pool have changed: "
                f"{', '.join(changed)}. Compare them with what you expect, and set them again. "
                f"They were: {former}"
            )

    def _describe(self) -> dict[str, Any]:
        pool: dict[str, Any] = self.cognito.describe_user_pool(UserPoolId=self.pool_id)["UserPool"]
        return pool

    def _describe_factors(self) -> dict[str, Any]:
        """The settings of the second factors, most of which DescribeUserPool does not show."""
        described = self.cognito.get_user_pool_mfa_config(UserPoolId=self.pool_id)
        return {name: each for name, each in described.items() if name != "ResponseMetadata"}

    def _call(self, operation: str, settings: Mapping[str, Any]) -> None:
        """Call an operation with those of the settings that it has a parameter for."""
        model = self.cognito.meta.service_model.operation_model(operation)
        accepted = select_accepted({**settings, "UserPoolId": self.pool_id}, model.input_shape)
        method = self.cognito.meta.method_to_api_mapping
        (name,) = (each for each, called in method.items() if called == operation)
        getattr(self.cognito, name)(**accepted)


def select_accepted(value: Any, shape: Shape) -> Any:
    """The part of a described value that this shape of a request has members for."""
    if isinstance(shape, StructureShape):
        return {
            name: select_accepted(value[name], member)
            for name, member in shape.members.items()
            if name in value
        }
    if isinstance(shape, ListShape):
        return [select_accepted(each, shape.member) for each in value]
    return value


def _print(lines: list[str]) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201 (a command talks to its user)
