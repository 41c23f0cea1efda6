"""The API: the gateway in front of the operations, and everything that runs behind it."""

from __future__ import annotations

import json
from itertools import groupby

from aws_cdk import ArnFormat, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.alarms import PERIOD, add_alarm, add_topic
from infra.area_stack import AreaStack
from infra.catalog import Catalog
from infra.checks import acknowledge
from infra.data_stack import DataStack
from infra.deployment import Deployment
from infra.firewall import add_firewall
from infra.function import Surroundings, add_layers
from infra.gateway import AnyOperation, build_gateway_document, unify_variables
from rollcall.kit.reaction import CognitoReaction

STAGE = "api"
PUBLIC_PER_SECOND, PUBLIC_BURST = 10, 20
"""Calls of each public operation, of all callers together: far more than people open links."""
_LOG_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
ACKNOWLEDGED = {
    "AwsSolutions-APIG2": "Each operation validates its request with pydantic, and says what is "
    "wrong with which field; the gateway's validator could do neither.",
    "Serverless-APIGWXrayEnabled": "The gateway's traces hold whole paths, and thereby tokens of "
    "invitations; each function is traced by itself.",
    f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_LOG_POLICY}]": "The one "
    "policy that API Gateway's log role is documented with.",
}
"""Why these rules of cdk-nag do not hold for the API."""


class ApiStack(Stack):
    """Gateway, functions and alarms; nothing in it is lost when it is deleted."""

    def __init__(
        self, scope: Construct, deployment: Deployment, catalog: Catalog, data: DataStack
    ) -> None:
        super().__init__(
            scope,
            f"{deployment.prefix}-api",
            description="Rollcall: the API, its functions, jobs and alarms.",
        )
        self._deployment = deployment
        topic = add_topic(self)
        self._add_areas(catalog, data, topic)
        api = self._add_gateway(catalog.operations, data.user_pool_arn)
        self._watch(api, topic)
        if deployment.waf:
            add_firewall(self, api.deployment_stage)
        else:
            words = "The firewall is priced by the month; -c waf=true puts it in front."
            acknowledge(api, {"AwsSolutions-APIG3": words})
        CfnOutput(self, "ApiUrl", value=api.url.rstrip("/"))
        CfnOutput(self, "AlarmTopic", value=topic.topic_arn)

    def _add_areas(self, catalog: Catalog, data: DataStack, topic: sns.ITopic) -> None:
        # Triggers of the user pool stand beside it, in the data stack.
        here = [each for each in catalog.declarations if not isinstance(each, CognitoReaction)]
        here.sort(key=lambda each: each.area)
        surroundings = Surroundings(
            self._deployment,
            data.table,
            data.bucket,
            add_layers(self, self._deployment, here),
            data.user_pool_id,
            data.user_pool_arn,
            data.client_id,
        )
        for area, declarations in groupby(here, key=lambda each: each.area):
            AreaStack(self, area, declarations, surroundings=surroundings, topic=topic)

    def _add_gateway(
        self, operations: tuple[AnyOperation, ...], user_pool_arn: str
    ) -> apigateway.SpecRestApi:
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
            self,
            "AccessLog",
            retention=self._deployment.size.logs_kept,
            removal_policy=RemovalPolicy.DESTROY,
        )
        api = apigateway.SpecRestApi(
            self,
            "Api",
            api_definition=apigateway.ApiDefinition.from_inline(document),
            rest_api_name=title,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=self._deployment.size.requests_per_second,
                throttling_burst_limit=self._deployment.size.burst,
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                # A segment of the gateway's would hold the whole path, and a token in it (I17);
                # the functions' own hold none.
                tracing_enabled=False,
                method_options=_limit_public(operations),
                metrics_enabled=True,
                access_log_destination=apigateway.LogGroupLogDestination(access_log),
                access_log_format=_access_log_format(),
            ),
        )
        api.node.try_remove_child("Endpoint")  # an output like ApiUrl, with a slash at its end
        acknowledge(api, ACKNOWLEDGED)
        return api

    def _invocation_uri(self, operation: AnyOperation) -> str:
        return self.format_arn(
            service="apigateway",
            account="lambda",
            resource="path/2015-03-31/functions",
            resource_name=f"{self._function_arn(operation)}/invocations",
        )

    def _function_arn(self, operation: AnyOperation) -> str:
        # By name: a reference for each of them would be a parameter between the stacks.
        return self.format_arn(
            service="lambda",
            resource="function",
            resource_name=self._deployment.function_name(operation.name),
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _add_invoker(self, operations: tuple[AnyOperation, ...]) -> iam.Role:
        """The one role that the gateway calls the operations with, and nothing else."""
        invoke = iam.PolicyStatement(
            actions=["lambda:InvokeFunction"],
            resources=[self._function_arn(operation) for operation in operations],
        )
        return iam.Role(
            self,
            "Invoker",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            inline_policies={"invoke": iam.PolicyDocument(statements=[invoke])},
        )

    def _watch(self, api: apigateway.SpecRestApi, topic: sns.ITopic) -> None:
        """A function that fails, times out or is throttled is a 5xx here, so this one alarm is
        about all operations.
        """
        failures = api.metric_server_error(period=PERIOD)
        words = "Operations fail: the functions' logs have the request ids of the access log."
        add_alarm(self, "ServerErrors", topic, failures, at=1, words=words)


def _limit_public(
    operations: tuple[AnyOperation, ...],
) -> dict[str, apigateway.MethodDeploymentOptions]:
    """What anybody may call has limits of its own, so that a flood takes nothing from the others,
    and writes no execution log, which might hold a token.
    """
    paths = unify_variables(each.public_path for each in operations)
    limited = apigateway.MethodDeploymentOptions(
        throttling_rate_limit=PUBLIC_PER_SECOND,
        throttling_burst_limit=PUBLIC_BURST,
        logging_level=apigateway.MethodLoggingLevel.OFF,
        metrics_enabled=True,
    )
    return {
        f"{paths[each.public_path]}/{each.method}": limited for each in operations if each.public
    }


def _access_log_format() -> apigateway.AccessLogFormat:
    """One JSON line a request; no query, no header and no body, which may hold what is private."""
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
