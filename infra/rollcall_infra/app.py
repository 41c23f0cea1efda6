"""The CDK app: ``cdk.json`` runs it as ``python -m rollcall_infra.app``."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App

from rollcall_infra.api_stack import ApiStack
from rollcall_infra.catalog import Catalog, read_catalog
from rollcall_infra.checks import add_checks
from rollcall_infra.data_stack import DataStack
from rollcall_infra.deployment import Deployment
from rollcall_infra.sbom import write_sbom


def build_app(app: App, catalog: Catalog) -> None:
    """Add both stacks to the app, and write the SBOM into its folder. Synthesis checks the stacks
    with cdk-nag.
    """
    deployment = Deployment.from_context(app.node)
    data = DataStack(app, deployment, catalog)
    ApiStack(app, deployment, catalog, data)
    add_checks(app)
    write_sbom(Path(app.outdir) / f"{deployment.prefix}.cdx.json", catalog, deployment)


if __name__ == "__main__":
    cdk_app = App()
    build_app(cdk_app, read_catalog())
    cdk_app.synth()
