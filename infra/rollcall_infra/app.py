"""The CDK app: ``cdk.json`` runs it as ``python -m rollcall_infra.app``."""

from __future__ import annotations

from aws_cdk import App

from rollcall_infra.catalog import Catalog, read_catalog
from rollcall_infra.checks import add_checks
from rollcall_infra.construct import Rollcall
from rollcall_infra.deployment import Deployment


def build_app(app: App, catalog: Catalog) -> None:
    """Add Rollcall to the app. Synthesis checks its stacks with cdk-nag."""
    # The CDK leaves the id "Default" out of the names that it generates, as if the stacks were
    # directly in the app.
    Rollcall(app, "Default", settings=Deployment.from_context(app.node), catalog=catalog)
    add_checks(app)


if __name__ == "__main__":
    cdk_app = App()
    build_app(cdk_app, read_catalog())
    cdk_app.synth()
