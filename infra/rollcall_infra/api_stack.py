"""The API stack: the REST API, the functions behind it and their alarms."""

from __future__ import annotations

from itertools import groupby

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_sns as sns
from constructs import Construct

from rollcall.kit.reaction import CognitoReaction, DeploymentGuard
from rollcall_infra.alarms import PERIOD, add_alarm, add_topic
from rollcall_infra.area_stack import AreaStack
from rollcall_infra.catalog import Catalog
from rollcall_infra.checks import acknowledge
from rollcall_infra.data_stack import DataStack
from rollcall_infra.deployment import Deployment
from rollcall_infra.firewall import add_firewall
from rollcall_infra.function import Surroundings, add_layers
from rollcall_infra.placement import find_stack
from rollcall_infra.rest_api import RestApi


class ApiStack(Stack):
    """Gateway, functions and alarms. Deleting the stack loses no data."""

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
        api = RestApi(self, deployment).add(catalog.operations, data.user_pool_arn)
        self._watch(api, topic)
        if deployment.waf:
            add_firewall(self, api.deployment_stage, catalog.operations, deployment)
        else:
            words = "The firewall has a monthly price; the setting waf adds it."
            acknowledge(api, {"AwsSolutions-APIG3": words})
        CfnOutput(self, "ApiUrl", value=api.url.rstrip("/"))
        CfnOutput(self, "AlarmTopic", value=topic.topic_arn)

    def _add_areas(self, catalog: Catalog, data: DataStack, topic: sns.ITopic) -> None:
        # Triggers of the user pool are in the data stack, with the pool; so is what guards it.
        elsewhere = (CognitoReaction, DeploymentGuard)
        here = [each for each in catalog.declarations if not isinstance(each, elsewhere)]
        here.sort(key=find_stack)
        surroundings = Surroundings(
            self._deployment,
            data.table,
            data.keys,
            data.bucket,
            add_layers(self, self._deployment, here),
            data.user_pool_id,
            data.user_pool_arn,
            data.client_id,
        )
        for name, declarations in groupby(here, key=find_stack):
            AreaStack(self, name, declarations, surroundings=surroundings, topic=topic)

    def _watch(self, api: apigateway.SpecRestApi, topic: sns.ITopic) -> None:
        """One alarm covers all operations: a function that fails, times out or is throttled gives
        a 5xx here.
        """
        failures = api.metric_server_error(period=PERIOD)
        words = "Operations fail. Find the request ids of the access log in the functions' logs."
        add_alarm(self, "ServerErrors", topic, failures, at=1, words=words)
