"""The CDK app: ``cdk.json`` runs it as ``python -m rollcall_infra.app``."""

from __future__ import annotations

import sys

from aws_cdk import App

from rollcall_infra.catalog import Catalog, read_catalog
from rollcall_infra.checks import add_checks
from rollcall_infra.construct import Rollcall
from rollcall_infra.deployment import Deployment
from rollcall_infra.environments import WrongEnvironment, choose_environment, read_environment


def build_app(app: App, deployment: Deployment, catalog: Catalog) -> None:
    """Add Rollcall to the app. Synthesis checks its stacks with cdk-nag."""
    # The CDK leaves the id "Default" out of the names that it generates, as if the stacks were
    # directly in the app.
    Rollcall(app, "Default", settings=deployment, catalog=catalog)
    add_checks(app)


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
