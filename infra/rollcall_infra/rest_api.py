"""The REST API in front of the operations, with its access log and its role."""

from __future__ import annotations

import json

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from rollcall_infra.checks import acknowledge
from rollcall_infra.deployment import Deployment
from rollcall_infra.gateway import AnyOperation, build_gateway_document, unify_variables

STAGE = "api"
PUBLIC_PER_SECOND, PUBLIC_BURST = 10, 20
"""Limit of each public operation, across all callers: far more than the links that people open."""
_LOG_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
ACKNOWLEDGED = {
    "AwsSolutions-APIG2": "Each operation validates its request with pydantic and names each wrong "
    "field; the gateway's validator could do neither.",
    "Serverless-APIGWXrayEnabled": "The gateway's traces contain whole paths, and so the tokens "
    "of invitations; each function has its own trace.",
    f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_LOG_POLICY}]": "This is the "
    "policy that the API Gateway documentation requires for its log role.",
}
"""Why these rules of cdk-nag do not apply to the API."""


class RestApi:
    """Adds the API to a stack. The functions are named, not referenced: a reference for each of
    them would be a parameter between the stacks.
    """

    def __init__(self, stack: Stack, deployment: Deployment) -> None:
        self._stack = stack
        self._deployment = deployment

    def add(
        self, operations: tuple[AnyOperation, ...], user_pool_arn: str
    ) -> apigateway.SpecRestApi:
        """Add the API for these operations."""
        title = self._deployment.prefix
        document = build_gateway_document(
            operations,
            title=title,
            user_pool_arn=user_pool_arn,
            invocation_uri=self._invocation_uri,
            credentials=self._add_invoker(operations).role_arn,
            allowed_origin=self._deployment.allowed_origin,
        )
        access_log = logs.LogGroup(
            self._stack,
            "AccessLog",
            retention=self._deployment.size.logs_kept,
            removal_policy=RemovalPolicy.DESTROY,
        )
        api = apigateway.SpecRestApi(
            self._stack,
            "Api",
            api_definition=apigateway.ApiDefinition.from_inline(document),
            rest_api_name=title,
            # The role is one setting of the account and region, for all of its APIs.
            cloud_watch_role=self._deployment.api_gateway_account,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=self._deployment.size.requests_per_second,
                throttling_burst_limit=self._deployment.size.burst,
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                # A segment of the gateway would contain the whole path with its token (I17); the
                # segments of the functions do not.
                tracing_enabled=False,
                method_options=_limit_public(operations),
                metrics_enabled=True,
                access_log_destination=apigateway.LogGroupLogDestination(access_log),
                access_log_format=_access_log_format(),
            ),
        )
        api.node.try_remove_child("Endpoint")  # the same as ApiUrl, with a trailing slash
        acknowledge(api, ACKNOWLEDGED)
        return api

    def _invocation_uri(self, operation: AnyOperation) -> str:
        return self._stack.format_arn(
            service="apigateway",
            account="lambda",
            resource="path/2015-03-31/functions",
            resource_name=f"{self._function_arn(operation)}/invocations",
        )

    def _function_arn(self, operation: AnyOperation) -> str:
        return self._stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=self._deployment.function_name(operation.name),
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _add_invoker(self, operations: tuple[AnyOperation, ...]) -> iam.Role:
        """The role that the gateway uses to call the operations. It allows nothing else. It names
        each of them: a pattern of the prefix would include jobs and reactions, and deployments
        whose prefix begins with this one.
        """
        invoke = iam.PolicyStatement(
            actions=["lambda:InvokeFunction"],
            resources=[self._function_arn(operation) for operation in operations],
        )
        # "IfExists", because API Gateway assumes the role of an integration without this key, and
        # every request would fail. IAM does not let an API of another account use the role at all
        # (IAM user guide, PassRole).
        own_account = {"StringEqualsIfExists": {"aws:SourceAccount": self._stack.account}}
        return iam.Role(
            self._stack,
            "Invoker",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com", conditions=own_account),
            inline_policies={"invoke": iam.PolicyDocument(statements=[invoke])},
        )


def _limit_public(
    operations: tuple[AnyOperation, ...],
) -> dict[str, apigateway.MethodDeploymentOptions]:
    """Public operations have their own limits, so that a flood does not use up the capacity of the
    others, and no execution log, which might contain a token.
    """
    paths = unify_variables(each.public_path for each in operations)
    limited = apigateway.MethodDeploymentOptions(
        throttling_rate_limit=PUBLIC_PER_SECOND,
        throttling_burst_limit=PUBLIC_BURST,
        logging_level=apigateway.MethodLoggingLevel.OFF,
        metrics_enabled=True,
    )
    return {
        f"{paths[each.public_path]}/{method}": limited
        for each in operations
        if each.public
        for method in ({"GET", "HEAD"} if each.method == "GET" else {each.method})
    }


def _access_log_format() -> apigateway.AccessLogFormat:
    """One JSON line per request, without the query, headers and body, which can be private."""
    fields = {
        "requestId": "requestId",
        "time": "requestTime",
        "ip": "identity.sourceIp",
        "method": "httpMethod",
        "path": "resourcePath",
        "status": "status",
        "user": "authorizer.claims.username",
        "client": "authorizer.claims.client_id",
        "milliseconds": "responseLatency",
        "integrationError": "integrationErrorMessage",
        "authorizerError": "authorizer.error",
    }
    return apigateway.AccessLogFormat.custom(
        json.dumps({name: f"$context.{variable}" for name, variable in fields.items()})
    )
