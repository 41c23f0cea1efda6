"""App clients for services, and their token endpoint.

A service that is removed from the settings loses its client at the next deployment: unlike the
client for users, these clients are never retained.
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_cognito as cognito
from pydantic.alias_generators import to_pascal

from rollcall_infra.deployment import Deployment
from rollcall_infra.properties import as_properties
from rollcall_infra.user_pool import make_service_client

LOOK_UP = (
    "aws cognito-idp describe-user-pool-client --user-pool-id USER_POOL_ID --client-id CLIENT_ID "
    "--query UserPoolClient.ClientSecret --output text"
)


def add_service_clients(
    stack: Stack,
    deployment: Deployment,
    user_pool_id: str,
    server: cognito.CfnUserPoolResourceServer,
) -> None:
    """A client for each service, and the domain of the token endpoint."""
    for name, service in deployment.service_clients.items():
        declared = make_service_client(deployment.function_name(name), service)
        client = cognito.CfnUserPoolClient(
            stack, f"Service-{name}", user_pool_id=user_pool_id, **as_properties(declared)
        )
        # A client can only have scopes that exist.
        client.add_dependency(server)
        CfnOutput(
            stack,
            f"{to_pascal(name.replace('-', '_'))}ClientId",
            value=client.ref,
            description=f"App client of the service {name}. Read its secret with: {LOOK_UP}",
        )
    if deployment.service_clients:
        domain = deployment.user_pool_domain or _add_domain(stack, deployment, user_pool_id)
        words = "Token endpoint for services: POST grant_type=client_credentials."
        CfnOutput(stack, "TokenEndpoint", value=f"https://{domain}/oauth2/token", description=words)


def _add_domain(stack: Stack, deployment: Deployment, user_pool_id: str) -> str:
    # Unique in the region across all AWS accounts, because the account id is.
    prefix = f"{deployment.prefix}-{stack.account}"
    cognito.CfnUserPoolDomain(stack, "Domain", domain=prefix, user_pool_id=user_pool_id)
    return f"{prefix}.auth.{stack.region}.amazoncognito.com"
