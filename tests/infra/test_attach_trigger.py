"""The trigger is attached to an existing pool, whose other settings stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.stub import Stubber

from rollcall_infra.attach_trigger import (
    Attachment,
    AttachOptions,
    TriggerProblem,
    run_attach_trigger,
    select_accepted,
)

POOL_ID, FUNCTION = "eu-west-1_Existing", "arn:aws:lambda:eu-west-1:000000000000:function:admit"
OTHER = "arn:aws:lambda:eu-west-1:000000000000:function:another"
OURS = {"LambdaArn": FUNCTION, "LambdaVersion": "V1_0"}
COGNITO: Any = botocore.session.get_session().create_client(
    "cognito-idp", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="s"
)
CLOUDFORMATION: Any = botocore.session.get_session().create_client(
    "cloudformation", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="s"
)
CLIENTS = {"cognito-idp": COGNITO, "cloudformation": CLOUDFORMATION}
ATTACHMENT = Attachment(COGNITO, POOL_ID, FUNCTION)
UPDATE, SET_FACTORS, DESCRIBE = (
    COGNITO.meta.service_model.operation_model(name)
    for name in ("UpdateUserPool", "SetUserPoolMfaConfig", "DescribeUserPool")
)


def sample(shape: Shape, name: str = "") -> Any:
    """A value with every member that the service model has."""
    if isinstance(shape, StructureShape):
        return {each: sample(member, each) for each, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return [sample(shape.member, name)]
    if isinstance(shape, MapShape):
        return {"team": "identity"}
    if isinstance(shape, StringShape) and shape.enum:
        return shape.enum[-1]
    return {
        "boolean": True,
        "integer": 7,
        "long": 7,
        "timestamp": datetime(2026, 1, 31, tzinfo=UTC),
    }.get(shape.type_name, f"arn:aws:{name}:eu-west-1:000000000000:the-pool-has-one")


def full_pool(**changed: Any) -> dict[str, Any]:
    """A pool in which every setting that Cognito has is set, but no trigger of this kind."""
    pool: dict[str, Any] = sample(DESCRIBE.output_shape.members["UserPool"])
    del pool["LambdaConfig"]["PreTokenGeneration"], pool["LambdaConfig"]["PreTokenGenerationConfig"]
    return {**pool, **changed}


FACTORS = {"SoftwareTokenMfaConfiguration": {"Enabled": True}, "MfaConfiguration": "OPTIONAL"}
NO_FACTORS = {**FACTORS, "MfaConfiguration": "OFF"}


@pytest.fixture
def aws() -> Iterator[Stubber]:
    """Cognito's answers, which check the requests by the service model."""
    with Stubber(COGNITO) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


def describe(aws: Stubber, pool: dict[str, Any]) -> None:
    aws.add_response("describe_user_pool", {"UserPool": pool}, {"UserPoolId": POOL_ID})


def describe_factors(aws: Stubber, factors: dict[str, Any]) -> None:
    aws.add_response("get_user_pool_mfa_config", factors, {"UserPoolId": POOL_ID})


def attached(pool: dict[str, Any]) -> dict[str, Any]:
    """The pool with the trigger."""
    others = {k: v for k, v in pool["LambdaConfig"].items() if k != "PreTokenGeneration"}
    return {**pool, "LambdaConfig": {**others, "PreTokenGenerationConfig": OURS}}


def request_for(pool: dict[str, Any]) -> dict[str, Any]:
    """The update that keeps every setting of the pool."""
    request: dict[str, Any] = select_accepted(attached(pool), UPDATE.input_shape)
    del request["AdminCreateUserConfig"]["UnusedAccountValidityDays"]
    return {**request, "UserPoolId": POOL_ID, "PoolName": pool["Name"]}


def test_every_setting_that_cognito_has_is_written_back(aws: Stubber) -> None:
    pool = full_pool()
    request = request_for(pool)
    assert request.keys() == UPDATE.input_shape.members.keys()
    describe(aws, pool)
    describe_factors(aws, FACTORS)
    aws.add_response("update_user_pool", {}, request)
    describe_factors(aws, FACTORS)
    describe(aws, attached(pool))
    describe_factors(aws, FACTORS)

    ATTACHMENT.apply(replace=False)


def test_plan_shows_the_trigger_and_changes_nothing(aws: Stubber) -> None:
    describe(aws, full_pool())
    assert ATTACHMENT.plan(replace=False) == [
        f'+ LambdaConfig.PreTokenGenerationConfig = {{"LambdaArn": "{FUNCTION}", '
        '"LambdaVersion": "V1_0"}'
    ]


@pytest.mark.parametrize(
    "triggers",
    [
        {"PreTokenGenerationConfig": OURS},
        {"PreTokenGenerationConfig": {**OURS, "LambdaVersion": "V2_0"}},
        {"PreTokenGeneration": FUNCTION},
    ],
)
def test_attached_trigger_is_left_as_it_is(aws: Stubber, triggers: dict[str, Any]) -> None:
    pool = full_pool(LambdaConfig=triggers)
    describe(aws, pool)
    assert ATTACHMENT.plan(replace=False) == []
    describe(aws, pool)
    describe_factors(aws, FACTORS)
    ATTACHMENT.apply(replace=False)


@pytest.mark.parametrize(
    "theirs",
    [
        {"PreTokenGeneration": OTHER},
        {"PreTokenGenerationConfig": {"LambdaArn": OTHER, "LambdaVersion": "V2_0"}},
    ],
)
def test_trigger_of_somebody_else_is_replaced_only_when_asked(
    aws: Stubber, theirs: dict[str, Any]
) -> None:
    pool = full_pool(LambdaConfig={"PreSignUp": OTHER, **theirs})
    describe(aws, pool)
    with pytest.raises(TriggerProblem, match=f"{OTHER}, and a pool can .* Use --replace"):
        ATTACHMENT.plan(replace=False)

    describe(aws, pool)
    lines = ATTACHMENT.plan(replace=True)
    assert [line[0] for line in lines] == ["-", "+"]

    describe(aws, pool)
    describe_factors(aws, FACTORS)
    aws.add_response("update_user_pool", {}, request_for(pool))
    describe_factors(aws, FACTORS)
    describe(aws, attached(pool))
    describe_factors(aws, FACTORS)
    ATTACHMENT.apply(replace=True)


def test_second_factor_without_text_messages_survives(aws: Stubber) -> None:
    """UpdateUserPool refuses it for such a pool, and switches it off if it is left out."""
    pool = full_pool(MfaConfiguration="OPTIONAL")
    del pool["SmsConfiguration"]
    request = request_for(pool)
    describe(aws, pool)
    describe_factors(aws, FACTORS)
    aws.add_client_error("update_user_pool", "InvalidParameterException", expected_params=request)
    without = {name: each for name, each in request.items() if name != "MfaConfiguration"}
    aws.add_response("update_user_pool", {}, without)
    describe_factors(aws, NO_FACTORS)
    aws.add_response("set_user_pool_mfa_config", {}, {"UserPoolId": POOL_ID, **FACTORS})
    describe(aws, attached(pool))
    describe_factors(aws, FACTORS)

    ATTACHMENT.apply(replace=False)


def test_second_factor_that_cannot_be_restored_is_reported_with_its_settings(aws: Stubber) -> None:
    pool = full_pool()
    describe(aws, pool)
    describe_factors(aws, FACTORS)
    aws.add_response("update_user_pool", {}, request_for(pool))
    describe_factors(aws, NO_FACTORS)
    aws.add_client_error("set_user_pool_mfa_config", "InternalErrorException")
    with pytest.raises(TriggerProblem, match=r"not as before\. Set them again now.*OPTIONAL"):
        ATTACHMENT.apply(replace=False)


def test_update_that_cognito_refuses_for_another_reason_is_an_error(aws: Stubber) -> None:
    pool = full_pool()
    describe(aws, pool)
    describe_factors(aws, FACTORS)
    aws.add_client_error("update_user_pool", "InvalidParameterException")
    with pytest.raises(COGNITO.exceptions.InvalidParameterException):
        ATTACHMENT.apply(replace=False)


def test_setting_that_did_not_survive_is_named_with_its_former_value(aws: Stubber) -> None:
    pool = full_pool()
    describe(aws, pool)
    describe_factors(aws, FACTORS)
    aws.add_response("update_user_pool", {}, request_for(pool))
    describe_factors(aws, FACTORS)
    describe(aws, {**attached(pool), "DeletionProtection": "ACTIVE", "EstimatedNumberOfUsers": 8})
    describe_factors(aws, FACTORS)
    with pytest.raises(TriggerProblem, match=r"have changed: DeletionProtection\. .* were: \{"):
        ATTACHMENT.apply(replace=False)


def test_factors_are_restored_with_all_that_cognito_describes() -> None:
    output = COGNITO.meta.service_model.operation_model("GetUserPoolMfaConfig").output_shape
    assert {*output.members, "UserPoolId"} == {*SET_FACTORS.input_shape.members}


def run(**outputs: str) -> None:
    """Run the command, with these outputs of the deployment's data stack."""
    listed = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    stack = {
        "StackName": "users-data",
        "CreationTime": datetime(2026, 1, 31, tzinfo=UTC),
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": listed,
    }
    with Stubber(CLOUDFORMATION) as stubbed:
        stubbed.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "users-data"})
        run_attach_trigger(AttachOptions("users", apply=False, replace=False), CLIENTS.__getitem__)


def test_command_finds_pool_and_function_by_the_prefix_and_shows_the_change_first(
    aws: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    describe(aws, full_pool())
    run(UserPoolId=POOL_ID, PreTokenGenerationTrigger=FUNCTION)
    printed = capsys.readouterr().out
    assert f'"LambdaArn": "{FUNCTION}"' in printed
    assert printed.endswith("Nothing was changed. Use --apply to attach the trigger.\n")

    describe(aws, attached(full_pool()))
    run(UserPoolId=POOL_ID, PreTokenGenerationTrigger=FUNCTION)
    assert capsys.readouterr().out == "The trigger is attached. Nothing was changed.\n"


def test_pool_of_the_deployment_itself_needs_no_command(aws: Stubber) -> None:
    with pytest.raises(TriggerProblem, match="created its user pool, which has the trigger"):
        run(UserPoolId=POOL_ID)


def test_error_of_aws_is_one_line_for_the_operator(aws: Stubber) -> None:
    aws.add_client_error("describe_user_pool", "NotAuthorizedException", "Not yours.")
    with pytest.raises(TriggerProblem, match="Not yours"):
        run(UserPoolId=POOL_ID, PreTokenGenerationTrigger=FUNCTION)
