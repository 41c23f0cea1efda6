"""Rollcall in the CDK app of another product, with its own operations, tags and boundary.

``tests/deployed`` deploys it to an emulated AWS. ``tests/infra/test_construct.py`` runs the app of
``infra/README.md`` with the same functions outside of this repository.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, CfnOutput, Stack, Tags
from aws_cdk import aws_iam as iam
from constructs import Construct

from rollcall_infra.catalog import read_catalog
from rollcall_infra.construct import Rollcall
from rollcall_infra.environments import read_environment

HERE = Path(__file__).parent


class Shop(Stack):
    """The product's own stack. Rollcall's stacks are below it."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        boundary = iam.ManagedPolicy.from_managed_policy_name(self, "Boundary", "shop-boundary")
        self.users = Rollcall(
            self,
            "Users",
            settings=read_environment(self.node.try_get_context("environment")),
            catalog=read_catalog(HERE / "functions"),
            permissions_boundary=boundary,
        )
        Tags.of(self.users).add("product", "shop")
        CfnOutput(self, "UsersUrl", value=self.users.api_url)


if __name__ == "__main__":
    app = App()
    Shop(app, "shop")
    app.synth()
