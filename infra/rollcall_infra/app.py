"""The CDK app: ``cdk.json`` runs it as ``python -m rollcall_infra.app``."""

from __future__ import annotations

import sys
from pathlib import Path

from aws_cdk import App

from rollcall_infra.api_stack import ApiStack
from rollcall_infra.catalog import Catalog, read_catalog
from rollcall_infra.checks import add_checks
from rollcall_infra.data_stack import DataStack
from rollcall_infra.deployment import Deployment
from rollcall_infra.environments import WrongEnvironment, choose_environment, read_environment
from rollcall_infra.sbom import write_sbom


def build_app(app: App, deployment: Deployment, catalog: Catalog) -> None:
    """Add both stacks to the app, and write the SBOM into its folder. Synthesis checks the stacks
    with cdk-nag.
    """
    data = DataStack(app, deployment, catalog)
    ApiStack(app, deployment, catalog, data)
    add_checks(app)
    write_sbom(Path(app.outdir) / f"{deployment.prefix}.cdx.json", catalog, deployment)


def main() -> None:
    """Synthesize the environment that the context names."""
    app = App()
    try:
        deployment = read_environment(choose_environment(app.node.get_all_context()))
    except WrongEnvironment as error:
        sys.exit(f"rollcall: {error}")
    build_app(app, deployment, read_catalog())
    app.synth()


if __name__ == "__main__":
    main()
