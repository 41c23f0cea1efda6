"""What must outlive every deployment: the table, the bucket and the user pool."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, CfnResource, Duration, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct
from pydantic.alias_generators import to_pascal

from infra.catalog import Catalog
from infra.checks import acknowledge
from infra.deployment import Deployment
from infra.function import Surroundings, add_function, add_layers
from infra.machine_clients import add_service_clients
from infra.properties import as_properties
from infra.table_definition import create_table_parameters
from infra.user_pool import CLIENT, GROUP, RESOURCE_SERVER, USER_POOL
from rollcall.kit.account import Account
from rollcall.kit.entity import EXPIRY_ATTRIBUTE
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.reaction import CognitoReaction


class DataStack(Stack):
    """Table, bucket, user pool, and the trigger that the pool calls at every sign-in.

    The trigger stands here because the pool refers to it: it comes and goes with the pool, and
    deleting the API leaves sign-ins as they are.
    """

    def __init__(self, scope: Construct, deployment: Deployment, catalog: Catalog) -> None:
        super().__init__(
            scope,
            f"{deployment.prefix}-data",
            termination_protection=deployment.size.protected,
            description="Rollcall: users, groups and journal; accounts.",
        )
        self._deployment = deployment
        self.table = self._add_table()
        self.bucket = self._add_bucket(catalog)
        triggers = self._add_triggers(catalog.cognito_reactions)
        if deployment.user_pool_id:
            self.user_pool_id = deployment.user_pool_id
            self.user_pool_arn = self.format_arn(
                service="cognito-idp", resource="userpool", resource_name=deployment.user_pool_id
            )
            self._tell_of_triggers(triggers)
        else:
            pool = self._add_user_pool(triggers)
            self.user_pool_id, self.user_pool_arn = pool.ref, pool.attr_arn
        for trigger in triggers.values():
            principal = iam.ServicePrincipal("cognito-idp.amazonaws.com")
            trigger.add_permission("UserPool", principal=principal, source_arn=self.user_pool_arn)
        self.client_id = self._add_pool_members()
        CfnOutput(self, "TableName", value=self.table.ref)
        CfnOutput(self, "UserPoolId", value=self.user_pool_id)

    def _add_table(self) -> dynamodb.CfnTable:
        parameters = create_table_parameters("")
        # CloudFormation names the table, and takes the stream's kind without the switch.
        del parameters["TableName"], parameters["StreamSpecification"]["StreamEnabled"]
        table = dynamodb.CfnTable(
            self,
            "Table",
            **as_properties(parameters),
            point_in_time_recovery_specification={"pointInTimeRecoveryEnabled": True},
            time_to_live_specification={"enabled": True, "attributeName": EXPIRY_ATTRIBUTE},
            deletion_protection_enabled=self._deployment.size.protected,
        )
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
            "Our functions alone have access, each of whose calls is in the access log of the API "
            "and in the journal; a log of each object's requests is the operator's choice."
        )
        acknowledge(bucket, {"AwsSolutions-S1": words})
        CfnOutput(self, "BucketName", value=bucket.bucket_name)
        return bucket

    def _add_triggers(self, reactions: tuple[CognitoReaction, ...]) -> dict[str, lambda_.Function]:
        layers = add_layers(self, self._deployment, reactions)
        surroundings = Surroundings(self._deployment, self.table, self.bucket, layers)
        triggers: dict[str, lambda_.Function] = {}
        for reaction in reactions:
            if Account in (*reaction.reads, *reaction.writes):
                raise WrongDeclaration(
                    f"{reaction.name} touches Account, but the user pool refers to it and cannot "
                    "be referred to by it; let a stream reaction do that part."
                )
            triggers[reaction.trigger] = add_function(self, reaction, surroundings)
        return triggers

    def _add_user_pool(self, triggers: dict[str, lambda_.Function]) -> cognito.CfnUserPool:
        trigger = triggers["pre_token_generation"].function_arn
        pool = cognito.CfnUserPool(
            self,
            "UserPool",
            **as_properties(USER_POOL),
            # The second version of the event is the one that comes for access tokens too.
            lambda_config={
                "preTokenGenerationConfig": {"lambdaArn": trigger, "lambdaVersion": "V2_0"}
            },
            mfa_configuration="OPTIONAL",
            enabled_mfas=["SOFTWARE_TOKEN_MFA"],
            user_pool_tier="ESSENTIALS",
            deletion_protection="ACTIVE" if self._deployment.size.protected else "INACTIVE",
        )
        acknowledge(
            pool,
            {
                "AwsSolutions-COG2": "Each user may switch on an authenticator app; whether all "
                "must is the operator's policy, set in the pool.",
                "AwsSolutions-COG8": "The Plus plan is priced by active user and adds risk "
                "scoring; Essentials has all that is used here.",
            },
        )
        return self._keep(pool)

    def _tell_of_triggers(self, triggers: dict[str, lambda_.Function]) -> None:
        """A pool that was made elsewhere is changed there: somebody has to set its trigger."""
        for kind, function in triggers.items():
            words = f"Set this as the user pool's {kind} trigger, event version V2_0."
            name = f"{to_pascal(kind)}Trigger"
            CfnOutput(self, name, value=function.function_arn, description=words)

    def _add_pool_members(self) -> str:
        pool: dict[str, Any] = {"user_pool_id": self.user_pool_id}
        client = cognito.CfnUserPoolClient(self, "Client", **as_properties(CLIENT), **pool)
        self._keep(client)
        self._keep(cognito.CfnUserPoolGroup(self, "Admins", **as_properties(GROUP), **pool))
        server = cognito.CfnUserPoolResourceServer(
            self, "ResourceServer", **as_properties(RESOURCE_SERVER), **pool
        )
        self._keep(server)
        add_service_clients(self, self._deployment, self.user_pool_id, server)
        CfnOutput(self, "ClientId", value=client.ref)
        return client.ref

    def _keep[R: CfnResource](self, resource: R) -> R:
        resource.apply_removal_policy(self._deployment.size.removal)
        return resource
