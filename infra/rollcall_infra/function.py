"""One declaration as one Lambda function with its own role and log group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from aws_cdk import CfnResource, Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from rollcall.kit.declaration import Declaration
from rollcall.kit.mail import Mail
from rollcall.kit.operation import Operation
from rollcall.kit.reaction import DeploymentReaction
from rollcall.kit.settings import Settings
from rollcall_infra.access import Arns, derive_statements, find_signing_keys
from rollcall_infra.checks import acknowledge
from rollcall_infra.deployment import Deployment
from rollcall_infra.layers import build_function, build_package_layer, build_shared_layer
from rollcall_infra.mail_sending import list_mail_resources

_NO_RESOURCES = (
    "X-Ray actions and dynamodb:ListStreams, which are all that these statements allow, have no "
    "resource types (Service Authorization Reference)."
)
_PYTHON = "Lambda, the layers' bytecode and the tests all use Python 3.13."
ACKNOWLEDGED = {
    "AwsSolutions-IAM5[Resource::*]": _NO_RESOURCES,
    "Serverless-LambdaStarPermissions": _NO_RESOURCES,
    "AwsSolutions-L1": _PYTHON,
    "Serverless-LambdaLatestVersion": _PYTHON,
    "Serverless-LambdaDLQ": "Jobs have one, and reactions a destination for failures. Other "
    "functions have a caller that sees a failure: the gateway, Cognito, CloudFormation, or the "
    "stream with its own destination.",
}
"""Why these rules of cdk-nag do not apply to our functions."""


@dataclass(frozen=True)
class Surroundings:
    """What the functions of a stack share: the data they access and the code they load."""

    deployment: Deployment
    table: dynamodb.CfnTable
    keys: dynamodb.CfnTable
    """The table of the signing keys."""
    bucket: s3.IBucket
    layers: Mapping[str, lambda_.ILayerVersion]
    user_pool_id: str = ""
    """Empty for the trigger of the pool, which the pool refers to."""
    user_pool_arn: str = ""
    client_id: str = ""

    def layers_of(self, declaration: Declaration) -> list[lambda_.ILayerVersion]:
        """The layers that the function of a declaration loads."""
        return [self.layers[each] for each in ("vendor", "shared", *declaration.layers)]


def add_layers(
    scope: Construct, deployment: Deployment, declarations: Iterable[Declaration]
) -> dict[str, lambda_.ILayerVersion]:
    """The layers of one stack for these functions, by the names of their folders. Each stack has
    its own: an export that changes with every edit of the code could not be updated while another
    stack imports it.
    """
    architecture = deployment.architecture
    further = sorted({name for each in declarations for name in each.layers})
    packages = {name: build_package_layer(name, architecture) for name in ("vendor", *further)}
    shared = build_shared_layer(mail_templates=deployment.own_templates)
    return {
        name: lambda_.LayerVersion(
            scope,
            f"{name.capitalize()}Layer",
            code=lambda_.Code.from_asset(str(folder)),
            compatible_architectures=[_architecture(deployment)],
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        )
        for name, folder in {**packages, "shared": shared}.items()
    }


def add_function(
    scope: Construct,
    declaration: Declaration,
    surroundings: Surroundings,
    *,
    statements: Sequence[iam.PolicyStatement] = (),
    dead_letter_queue: sqs.IQueue | None = None,
    settings: Mapping[str, str] | None = None,
) -> lambda_.Function:
    """Deploy a declaration. ``statements``: additional permissions for its trigger. Asynchronous
    invocations that fail permanently go to ``dead_letter_queue``. ``settings``: what only this
    function needs.
    """
    deployment = surroundings.deployment
    name = deployment.function_name(declaration.name)
    own = Construct(scope, declaration.name)
    acknowledge(own, {**ACKNOWLEDGED, **_acknowledge_prefixes(declaration, surroundings.bucket)})
    log_group = logs.LogGroup(
        own,
        "Logs",
        log_group_name=f"/aws/lambda/{name}",
        retention=deployment.size.logs_kept,
        removal_policy=RemovalPolicy.DESTROY,
    )
    role = _add_role(own, declaration, surroundings, [*statements, _write_logs(log_group)])
    module = declaration.module.rpartition(".")[2]
    function = lambda_.Function(
        own,
        "Function",
        function_name=name,
        description=declaration.summary,
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=_architecture(deployment),
        code=lambda_.Code.from_asset(str(build_function(declaration))),
        handler=f"{module}.{module}",
        layers=surroundings.layers_of(declaration),
        memory_size=declaration.memory,
        ephemeral_storage_size=Size.mebibytes(declaration.ephemeral_storage),
        timeout=Duration.seconds(declaration.timeout),
        reserved_concurrent_executions=_reserve(declaration, deployment),
        environment=_environment(declaration, surroundings, settings or {}),
        tracing=lambda_.Tracing.ACTIVE,
        log_group=log_group,
        role=role,
        dead_letter_queue=dead_letter_queue,
    )
    # It repeats the reference to the role, which cfn-lint reports as redundant.
    cast("CfnResource", function.node.default_child).add_deletion_override("DependsOn")
    return function


def _acknowledge_prefixes(declaration: Declaration, bucket: s3.IBucket) -> dict[str, str]:
    """The reason why a role has access to all objects of a kind. cdk-nag names the bucket by its
    export, because the functions are in another stack.
    """
    if not declaration.stored_objects:
        return {}
    stack = Stack.of(bucket)
    export = stack.resolve(stack.export_value(bucket.bucket_arn))["Fn::ImportValue"]
    words = "These are the objects of one kind, whose names are not known at deployment."
    names = (f"{export}/{kind.prefix}*" for kind in declaration.stored_objects)
    return {f"AwsSolutions-IAM5[Resource::{name}]": words for name in names}


def _environment(
    declaration: Declaration, surroundings: Surroundings, own: Mapping[str, str]
) -> dict[str, str]:
    """Only the settings for the resources that the function declares, and its own."""
    deployment = surroundings.deployment
    touched = (*declaration.reads, *declaration.writes)
    first = isinstance(declaration, DeploymentReaction)
    clients = filter(None, (surroundings.client_id, deployment.client_ids))
    settings = Settings(
        table_name=surroundings.table.ref,
        key_table_name=surroundings.keys.ref if find_signing_keys(declaration) else "",
        user_pool_id=surroundings.user_pool_id if declaration.uses_accounts else "",
        bucket_name=surroundings.bucket.bucket_name if declaration.stored_objects else "",
        client_ids=",".join(clients) if isinstance(declaration, Operation) else "",
        mail_sender=deployment.mail_sender if Mail in touched else "",
        mail_configuration_set=deployment.configuration_set if Mail in touched else "",
        login_url=deployment.login_url if Mail in touched else "",
        first_admin_email=deployment.first_admin_email if first else "",
        **deployment.shared,
    )
    return settings.model_copy(update=dict(own)).to_environment()


def _reserve(declaration: Declaration, deployment: Deployment) -> int | None:
    """The reserved concurrency of a function. With it, a flood of a public operation takes no
    executions from the others.
    """
    if isinstance(declaration, Operation) and declaration.public:
        return deployment.reserved_concurrency or None
    return None


def _add_role(
    scope: Construct,
    declaration: Declaration,
    surroundings: Surroundings,
    statements: Sequence[iam.PolicyStatement],
) -> iam.IRole:
    arns = Arns(
        surroundings.table.attr_arn,
        surroundings.keys.attr_arn,
        surroundings.user_pool_arn,
        surroundings.bucket.bucket_arn,
        list_mail_resources(scope, surroundings.deployment),
    )
    declared = map(iam.PolicyStatement.from_json, derive_statements(declaration, arns))
    role = iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={
            "function": iam.PolicyDocument(statements=[*declared, *statements, _send_traces()])
        },
    )
    # The policy is complete; constructs must not add to it.
    return role.without_policy_updates()


def _write_logs(log_group: logs.ILogGroup) -> iam.PolicyStatement:
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    return iam.PolicyStatement(actions=actions, resources=[log_group.log_group_arn])


def _send_traces() -> iam.PolicyStatement:
    actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    return iam.PolicyStatement(actions=actions, resources=["*"])


def _architecture(deployment: Deployment) -> lambda_.Architecture:
    if deployment.architecture == "arm64":
        return lambda_.Architecture.ARM_64
    return lambda_.Architecture.X86_64
