"""The API stack: the REST API, the functions behind it and their alarms."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Environment, Stack
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

if TYPE_CHECKING:
    from rollcall_infra.construct import Domain


class ApiStack(Stack):
    """Gateway, functions and alarms. Deleting the stack loses no data."""

    def __init__(
        self,
        scope: Construct,
        deployment: Deployment,
        catalog: Catalog,
        data: DataStack,
        *,
        domain: Domain | None = None,
        env: Environment | None = None,
    ) -> None:
        """``domain``: the API's own domain name."""
        name = f"{deployment.prefix}-api"
        super().__init__(
            scope,
            name,
            stack_name=name,
            env=env,
            description="Rollcall: the API, its functions, jobs and alarms.",
        )
        self._deployment = deployment
        topic = self.alarm_topic = add_topic(self)
        self._add_areas(catalog, data, topic)
        api = RestApi(self, deployment).add(catalog.operations, data.user_pool_arn)
        self._watch(api, topic)
        if deployment.waf:
            add_firewall(self, api.deployment_stage, catalog.operations, deployment)
        else:
            words = "The firewall has a monthly price; the setting waf adds it."
            acknowledge(api, {"AwsSolutions-APIG3": words})
        self.domain_name = self._add_domain(domain, api) if domain else None
        self.url = f"https://{domain.name}" if domain else api.url.rstrip("/")
        CfnOutput(self, "ApiUrl", value=self.url)
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
        stacks = {
            name: AreaStack(self, name, declarations, surroundings=surroundings, topic=topic)
            for name, declarations in groupby(here, key=find_stack)
        }
        # What a deployment prepares for the code, such as a snapshot of the directory with its
        # columns, must exist before the code runs.
        preparing = {find_stack(each) for each in catalog.deployment_reactions}
        for name, stack in stacks.items():
            for each in preparing - {name}:
                stack.add_dependency(stacks[each])

    def _add_domain(self, domain: Domain, api: apigateway.SpecRestApi) -> apigateway.DomainName:
        """The domain name, whose root is the API's stage."""
        added = apigateway.DomainName(
            self,
            "Domain",
            domain_name=domain.name,
            certificate=domain.certificate,
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
            mapping=api,
        )
        words = f"Point an alias or CNAME record of {domain.name} to this name."
        target = added.domain_name_alias_domain_name
        CfnOutput(self, "DomainTarget", value=target, description=words)
        return added

    def _watch(self, api: apigateway.SpecRestApi, topic: sns.ITopic) -> None:
        """One alarm covers all operations: a function that fails, times out or is throttled gives
        a 5xx here.
        """
        failures = api.metric_server_error(period=PERIOD)
        words = "Operations fail. Find the request ids of the access log in the functions' logs."
        add_alarm(self, "ServerErrors", topic, failures, at=1, words=words)
