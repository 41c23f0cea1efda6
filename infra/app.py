"""The CDK app: ``cdk.json`` runs it as ``python -m infra.app``."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App

from infra.api_stack import ApiStack
from infra.catalog import Catalog, read_catalog
from infra.checks import add_checks
from infra.data_stack import DataStack
from infra.deployment import Deployment
from infra.sbom import write_sbom


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
