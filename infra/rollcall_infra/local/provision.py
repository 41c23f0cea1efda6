"""Creates table, bucket, user pool and trigger on the embedded AWS, as declared for real AWS."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from rollcall.kit.entity import EXPIRY_ATTRIBUTE
from rollcall.kit.objects import StoredObject
from rollcall.kit.reaction import CognitoReaction
from rollcall.kit.settings import Settings
from rollcall_infra.catalog import FUNCTIONS, read_catalog
from rollcall_infra.client_scopes import EVERYTHING, ServiceClient
from rollcall_infra.configuration import Configuration
from rollcall_infra.environments import WrongEnvironment, read_local_environment
from rollcall_infra.local.emulator import Emulator
from rollcall_infra.local.state import SERVICE, LocalProblem, Service
from rollcall_infra.table_definition import create_key_table_parameters, create_table_parameters
from rollcall_infra.user_pool import (
    CLIENT,
    GROUP,
    TRIGGER_VERSION,
    make_resource_server,
    make_service_client,
    make_user_pool,
)

NAME = "rollcall"
KEY_TABLE = "rollcall-keys"
MAIL_SENDER = "rollcall@example.com"
# Required parameters that the emulator ignores.
_ROLE = "arn:aws:iam::000000000000:role/rollcall"
_RUNTIME = "python3.13"


class Resources(NamedTuple):
    """The resources on the embedded AWS, new or from an earlier start."""

    settings: Settings
    client_id: str
    services: dict[str, Service]
    """The services of ``serviceClients`` and the built-in one, by name."""
    stream_arn: str


def provision(
    emulator: Emulator, configuration: Configuration | None = None, *, time_scale: int = 1
) -> Resources:
    """Create the missing resources and use those of earlier starts as they are, with this
    configuration or the defaults. From now on, time passes ``time_scale`` times as fast.
    """
    configuration = configuration or Configuration()
    stream_arn = _ensure_tables(emulator.client("dynamodb"))
    _ensure_bucket(emulator.client(StoredObject.service))
    cognito = emulator.client("cognito-idp")
    services = {SERVICE: EVERYTHING, **configuration.service_clients}
    declared = make_user_pool(configuration.password_minimum_length)
    pool_id = _ensure_user_pool(cognito, declared, make_resource_server(services.values()))
    client_id = _ensure_client(cognito, pool_id, CLIENT)["ClientId"]
    token_url = f"{emulator.url}/oauth2/token"
    credentials = _ensure_services(cognito, pool_id, services, token_url)
    emulator.client("sesv2").create_email_identity(EmailIdentity=MAIL_SENDER)
    settings = Settings(
        table_name=NAME,
        key_table_name=KEY_TABLE,
        user_pool_id=pool_id,
        bucket_name=NAME,
        client_ids=client_id,
        mail_sender=MAIL_SENDER,
        **select_settings(configuration),
        time_scale=time_scale,
        time_origin=int(time.time()),
    )
    for reaction in read_catalog().cognito_reactions:
        arn = _deploy_trigger(emulator.client("lambda"), reaction, settings)
        trigger = {"LambdaArn": arn, "LambdaVersion": TRIGGER_VERSION}
        cognito.update_user_pool(
            UserPoolId=pool_id, LambdaConfig={"PreTokenGenerationConfig": trigger}
        )
    return Resources(settings, client_id, credentials, stream_arn)


def read_configuration(environment: str | None) -> Configuration:
    """The settings of this environment. Without a name, those of ``local.json`` if it exists,
    otherwise the defaults. Raises LocalProblem, which names what is wrong.
    """
    try:
        return read_local_environment(environment)
    except WrongEnvironment as error:
        raise LocalProblem(str(error)) from None


def select_settings(configuration: Configuration) -> dict[str, Any]:
    """The settings of operations, without ``mfa``: the embedded Cognito lets users without a factor
    in where Amazon Cognito would not.
    """
    return {**configuration.shared, "mfa": "optional"}


def _ensure_tables(dynamodb: Any) -> str:
    present = dynamodb.list_tables()["TableNames"]
    if KEY_TABLE not in present:
        dynamodb.create_table(**create_key_table_parameters(KEY_TABLE))
    if NAME not in present:
        dynamodb.create_table(**create_table_parameters(NAME))
        expiry = {"Enabled": True, "AttributeName": EXPIRY_ATTRIBUTE}
        dynamodb.update_time_to_live(TableName=NAME, TimeToLiveSpecification=expiry)
    arn: str = dynamodb.describe_table(TableName=NAME)["Table"]["LatestStreamArn"]
    return arn


def _ensure_bucket(s3: Any) -> None:
    if NAME not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=NAME)


def _ensure_user_pool(cognito: Any, declared: dict[str, Any], server: dict[str, Any]) -> str:
    for pool in cognito.list_user_pools(MaxResults=60)["UserPools"]:
        if pool["Name"] == NAME:
            pool_id: str = pool["Id"]
            # The services, their scopes and the settings can have changed.
            cognito.update_resource_server(UserPoolId=pool_id, **server)
            cognito.update_user_pool(UserPoolId=pool_id, Policies=declared["Policies"])
            return pool_id
    pool_id = cognito.create_user_pool(PoolName=NAME, **declared)["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool_id, **GROUP)
    cognito.create_resource_server(UserPoolId=pool_id, **server)
    return pool_id


def _ensure_services(
    cognito: Any, pool_id: str, services: Mapping[str, ServiceClient], token_url: str
) -> dict[str, Service]:
    """Clients of exactly these services, and their credentials."""
    declared = {name: make_service_client(f"{NAME}-{name}", services[name]) for name in services}
    known = {CLIENT["ClientName"], *(each["ClientName"] for each in declared.values())}
    for name, client_id in _find_clients(cognito, pool_id).items():
        if name not in known:
            cognito.delete_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
    clients = {name: _ensure_client(cognito, pool_id, each) for name, each in declared.items()}
    return {
        name: Service(
            client_id=each["ClientId"], client_secret=each["ClientSecret"], token_url=token_url
        )
        for name, each in clients.items()
    }


def _find_clients(cognito: Any, pool_id: str) -> dict[str, str]:
    """The ids of the app clients, by name."""
    listed = cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=60)["UserPoolClients"]
    return {each["ClientName"]: each["ClientId"] for each in listed}


def _ensure_client(cognito: Any, pool_id: str, declared: dict[str, Any]) -> Any:
    """An app client as declared; a client of an earlier start is updated."""
    found = _find_clients(cognito, pool_id)
    if declared["ClientName"] not in found:
        return cognito.create_user_pool_client(UserPoolId=pool_id, **declared)["UserPoolClient"]
    client_id = found[declared["ClientName"]]
    changeable = {name: each for name, each in declared.items() if name != "GenerateSecret"}
    return cognito.update_user_pool_client(UserPoolId=pool_id, ClientId=client_id, **changeable)[
        "UserPoolClient"
    ]


def _deploy_trigger(functions: Any, reaction: CognitoReaction, settings: Settings) -> str:
    """Deploy the trigger's file only. The emulator finds its imports in this environment."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.write(FUNCTIONS / reaction.area / f"{reaction.name}.py", f"{reaction.name}.py")
    with suppress(functions.exceptions.ResourceNotFoundException):
        functions.delete_function(FunctionName=reaction.name)
    arn: str = functions.create_function(
        FunctionName=reaction.name,
        Runtime=_RUNTIME,
        Role=_ROLE,
        Handler=f"{reaction.name}.{reaction.name}",
        Code={"ZipFile": archive.getvalue()},
        Timeout=reaction.timeout,
        Environment={"Variables": settings.to_environment()},
    )["FunctionArn"]
    return arn
