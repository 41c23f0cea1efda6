"""Rollcall as a construct, for the CDK apps of others and for our own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from aws_cdk import Environment, Stack, Stage
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from rollcall_infra.api_stack import ApiStack
from rollcall_infra.catalog import Catalog, read_catalog
from rollcall_infra.data_stack import DataStack
from rollcall_infra.deployment import Deployment
from rollcall_infra.sbom import write_sbom


class Domain(NamedTuple):
    """A domain name of your own for the API."""

    name: str
    """The name, such as ``users.example.com``."""
    certificate: acm.ICertificate
    """A certificate for the name, in the region of the API (API Gateway developer guide, regional
    custom domain names)."""


class Rollcall(Construct):
    """User administration: the data stack and the API stack of one deployment.

    Both are stacks of their own below this construct, named ``<prefix>-data`` and ``<prefix>-api``,
    whether ``scope`` is an app, a stage or a stack: users outlive the stack that refers to them. In
    a stack, they have its account and region. ``Tags.of`` this construct reaches all resources.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Deployment | None = None,
        catalog: Catalog | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
        domain: Domain | None = None,
    ) -> None:
        """Add the deployment to an app, a stage or a stack.

        - ``settings``: what the deployment is called and what it does; by default our defaults. The
          ``user_pool_id`` can be that of a pool in another stack of the app.
        - ``catalog``: the functions, such as ``read_catalog(Path("functions"))``, which adds those
          of a folder to ours; by default ours.
        - ``permissions_boundary``: the boundary of every role, including those that the CDK adds.
        - ``domain``: the API's own domain name. The caller creates its DNS record, an alias of
          ``domain_name``.
        """
        super().__init__(scope, construct_id)
        settings = settings or Deployment()
        catalog = catalog or read_catalog()
        environment = _find_environment(scope)
        data = DataStack(self, settings, catalog, env=environment)
        api = ApiStack(self, settings, catalog, data, domain=domain, env=environment)
        if permissions_boundary:
            iam.PermissionsBoundary.of(self).apply(permissions_boundary)
        self.api_url: str = api.url
        """The address that the paths of the operations are appended to."""
        self.user_pool_id: str = data.user_pool_id
        self.client_id: str = data.client_id
        """The app client of the users."""
        self.table: dynamodb.ITable = dynamodb.Table.from_table_arn(
            data, "ForOthers", data.table.attr_arn
        )
        """For backups and dashboards. Only our functions write to it."""
        self.alarm_topic: sns.ITopic = api.alarm_topic
        self.domain_name: apigateway.DomainName | None = api.domain_name
        """What a DNS record of ``domain`` points to (``aws_route53_targets.ApiGatewayDomain``)."""
        write_sbom(_find_output(self) / f"{settings.prefix}.cdx.json", catalog, settings)


def _find_environment(scope: Construct) -> Environment | None:
    """The account and region of the stack around a scope; None: those of its stage or app."""
    for each in reversed(scope.node.scopes):
        if isinstance(each, Stack):
            return Environment(account=each.account, region=each.region)
    return None


def _find_output(scope: Construct) -> Path:
    """The folder that the templates are written to."""
    stage = Stage.of(scope)
    if stage is None:
        raise TypeError("Rollcall is not below an App. Create it in an App, a Stage or a Stack.")
    return Path(stage.outdir)
