"""The data stack, which outlives every deployment: the table, the bucket and the user pool."""

from __future__ import annotations

from typing import Any

from aws_cdk import (
    CfnOutput,
    CfnResource,
    CrossStackReferences,
    CustomResource,
    Duration,
    ReferenceStrength,
    Stack,
)
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct
from pydantic.alias_generators import to_pascal

from rollcall.kit.deployment_record import OWN_POOL, DeploymentProperties
from rollcall.kit.entity import EXPIRY_ATTRIBUTE
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.reaction import CognitoReaction, DeploymentGuard
from rollcall_infra.access import allow_second_factor
from rollcall_infra.catalog import Catalog
from rollcall_infra.checks import acknowledge
from rollcall_infra.deployment import Deployment
from rollcall_infra.function import Surroundings, add_function, add_layers
from rollcall_infra.machine_clients import add_service_clients
from rollcall_infra.properties import as_properties
from rollcall_infra.table_definition import create_key_table_parameters, create_table_parameters
from rollcall_infra.user_pool import (
    CLIENT,
    GROUP,
    MFA_CONFIGURATION,
    TRIGGER_VERSION,
    make_resource_server,
    make_user_pool,
)


class DataStack(Stack):
    """Table, bucket, user pool, and the trigger that the pool calls at every sign-in.

    The trigger is in this stack because the pool refers to it. It is created and deleted with the
    pool, and deleting the API does not affect sign-ins.
    """

    def __init__(self, scope: Construct, deployment: Deployment, catalog: Catalog) -> None:
        super().__init__(
            scope,
            f"{deployment.prefix}-data",
            termination_protection=deployment.size.protected,
            description="Rollcall: users, groups, journal and accounts.",
        )
        self._deployment = deployment
        self.table = self._add_table()
        self.keys = self._add_key_table()
        self.bucket = self._add_bucket(catalog)
        here = (*catalog.cognito_reactions, *catalog.deployment_guards)
        layers = add_layers(self, deployment, here)
        surroundings = Surroundings(deployment, self.table, self.keys, self.bucket, layers)
        self._guards = [self._add_guard(each, surroundings) for each in catalog.deployment_guards]
        triggers = self._add_triggers(catalog.cognito_reactions, surroundings)
        if deployment.user_pool_id:
            self.user_pool_id = deployment.user_pool_id
            self.user_pool_arn = self.format_arn(
                service="cognito-idp", resource="userpool", resource_name=deployment.user_pool_id
            )
            self._output_triggers(triggers)
        else:
            pool = self._add_user_pool(triggers)
            self.user_pool_id, self.user_pool_arn = pool.ref, pool.attr_arn
        if deployment.mfa == "required-for-admins":
            self._allow_second_factor(triggers["pre_token_generation"])
        for trigger in triggers.values():
            principal = iam.ServicePrincipal("cognito-idp.amazonaws.com")
            trigger.add_permission("UserPool", principal=principal, source_arn=self.user_pool_arn)
        self.client_id = self._add_pool_resources()
        self._guard()
        CfnOutput(self, "TableName", value=self.table.ref)
        CfnOutput(self, "UserPoolId", value=self.user_pool_id)

    def _add_table(self) -> dynamodb.CfnTable:
        parameters = create_table_parameters("")
        # CloudFormation generates the name by default, and has no switch for the stream.
        del parameters["TableName"], parameters["StreamSpecification"]["StreamEnabled"]
        table = dynamodb.CfnTable(
            self,
            "Table",
            **as_properties(parameters),
            table_name=self._deployment.table_name or None,
            point_in_time_recovery_specification={"pointInTimeRecoveryEnabled": True},
            time_to_live_specification={"enabled": True, "attributeName": EXPIRY_ATTRIBUTE},
            deletion_protection_enabled=self._deployment.size.protected,
        )
        return self._keep(table)

    def _add_key_table(self) -> dynamodb.CfnTable:
        parameters = create_key_table_parameters("")
        del parameters["TableName"]  # CloudFormation generates it
        table = dynamodb.CfnTable(
            self,
            "Keys",
            **as_properties(parameters),
            deletion_protection_enabled=self._deployment.size.protected,
        )
        words = "A backup would keep signing keys for longer than they are valid."
        acknowledge(table, {"AwsSolutions-DDB3": words})
        return self._keep(table)

    def _add_bucket(self, catalog: Catalog) -> s3.Bucket:
        touched = {kind for each in catalog.declarations for kind in each.stored_objects}
        expiring = sorted((each.prefix, each.days_kept) for each in touched if each.days_kept)
        bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1)),
                *(
                    s3.LifecycleRule(prefix=prefix, expiration=Duration.days(days))
                    for prefix, days in expiring
                ),
            ],
            removal_policy=self._deployment.size.removal,
        )
        words = (
            "Only our functions have access, and each call is in the API's access log "
            "and in the journal. Operators can add a log of the requests for each object."
        )
        acknowledge(bucket, {"AwsSolutions-S1": words})
        # The only export: policies name prefixes in the bucket and are acknowledged by that name.
        CrossStackReferences.of(bucket).produce(ReferenceStrength.STRONG)
        CfnOutput(self, "BucketName", value=bucket.bucket_name)
        return bucket

    def _add_guard(self, guard: DeploymentGuard, surroundings: Surroundings) -> CustomResource:
        """The guard, which runs when what it checks is about to change."""
        function = add_function(self, guard, surroundings)
        properties = DeploymentProperties(
            prefix=self._deployment.prefix,
            table_name=self.table.ref,
            user_pool_id=self._deployment.user_pool_id or OWN_POOL,
            replaces=self._deployment.replaces,
        )
        return CustomResource(
            self,
            f"{guard.name}-run",
            service_token=function.function_arn,
            properties=properties.model_dump(mode="json", by_alias=True),
            service_timeout=Duration.seconds(2 * guard.timeout),
        )

    def _add_triggers(
        self, reactions: tuple[CognitoReaction, ...], surroundings: Surroundings
    ) -> dict[str, lambda_.Function]:
        triggers: dict[str, lambda_.Function] = {}
        for reaction in reactions:
            if reaction.uses_accounts:
                raise WrongDeclaration(
                    f"{reaction.name} accesses accounts, but the user pool refers to it and cannot "
                    "be referred to by it. Move this part to a stream reaction."
                )
            triggers[reaction.trigger] = add_function(self, reaction, surroundings)
        return triggers

    def _add_user_pool(self, triggers: dict[str, lambda_.Function]) -> cognito.CfnUserPool:
        trigger = triggers["pre_token_generation"].function_arn
        plan = self._deployment.cognito_plan
        pool = cognito.CfnUserPool(
            self,
            "UserPool",
            **as_properties(make_user_pool(self._deployment.password_minimum_length)),
            lambda_config={
                "preTokenGenerationConfig": {"lambdaArn": trigger, "lambdaVersion": TRIGGER_VERSION}
            },
            mfa_configuration=MFA_CONFIGURATION[self._deployment.mfa],
            enabled_mfas=None if self._deployment.mfa == "off" else ["SOFTWARE_TOKEN_MFA"],
            user_pool_tier=plan.upper(),
            user_pool_add_ons={"advancedSecurityMode": "AUDIT"} if plan == "plus" else None,
            deletion_protection="ACTIVE" if self._deployment.size.protected else "INACTIVE",
        )
        acknowledge(
            pool,
            {
                "AwsSolutions-COG2": "Each user can enable an authenticator app. Who must do so is "
                "the operator's policy, the setting mfa.",
                "AwsSolutions-COG8": "The plan is the operator's choice, the setting cognitoPlan. "
                "Lite has all features that are used here; Plus adds threat protection at a price.",
            },
        )
        return self._keep(pool)

    def _allow_second_factor(self, trigger: lambda_.Function) -> None:
        """Let the trigger see an account's factors. The policy is a separate resource, because the
        pool refers to the trigger, so the role of the trigger cannot refer to the pool.
        """
        if trigger.role is None:
            raise WrongDeclaration("The trigger has no role. Deploy it with add_function.")
        statement = iam.PolicyStatement.from_json(allow_second_factor(self.user_pool_arn))
        iam.CfnPolicy(
            self,
            "SecondFactorPolicy",
            policy_name="second-factor",
            policy_document=iam.PolicyDocument(statements=[statement]),
            roles=[trigger.role.role_name],
        )

    def _output_triggers(self, triggers: dict[str, lambda_.Function]) -> None:
        """Output the trigger, which the operator must set in an existing pool."""
        for kind, function in triggers.items():
            words = f"Set this as the user pool's {kind} trigger: rollcall attach-trigger."
            name = f"{to_pascal(kind)}Trigger"
            CfnOutput(self, name, value=function.function_arn, description=words)

    def _add_pool_resources(self) -> str:
        pool: dict[str, Any] = {"user_pool_id": self.user_pool_id}
        client = cognito.CfnUserPoolClient(self, "Client", **as_properties(CLIENT), **pool)
        self._keep(client)
        self._keep(cognito.CfnUserPoolGroup(self, "Admins", **as_properties(GROUP), **pool))
        declared = make_resource_server(self._deployment.service_clients.values())
        server = cognito.CfnUserPoolResourceServer(
            self, "ResourceServer", **as_properties(declared), **pool
        )
        self._keep(server)
        add_service_clients(self, self._deployment, self.user_pool_id, server)
        CfnOutput(self, "ClientId", value=client.ref)
        return client.ref

    def _guard(self) -> None:
        """Let the guards run before anything of a user pool is created, changed or replaced."""
        kinds = ("AWS::Cognito::", "AWS::Lambda::Permission")
        for each in self.node.find_all():
            if isinstance(each, CfnResource) and each.cfn_resource_type.startswith(kinds):
                each.node.add_dependency(*self._guards)

    def _keep[R: CfnResource](self, resource: R) -> R:
        resource.apply_removal_policy(self._deployment.size.removal)
        return resource
