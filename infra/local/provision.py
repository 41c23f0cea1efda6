"""Creates table, bucket, user pool and trigger on the embedded AWS, as declared for real AWS."""

from __future__ import annotations

import io
import time
import zipfile
from contextlib import suppress
from typing import Any, NamedTuple

from pydantic import ValidationError

from infra.catalog import FUNCTIONS, read_catalog
from infra.configuration import CDK_JSON, Configuration
from infra.local.emulator import Emulator
from infra.local.state import LocalProblem, Service
from infra.table_definition import create_key_table_parameters, create_table_parameters
from infra.user_pool import CLIENT, GROUP, RESOURCE_SERVER, USER_POOL, make_service_client
from rollcall.grants.scopes import SYSTEM_SCOPES
from rollcall.kit.entity import EXPIRY_ATTRIBUTE
from rollcall.kit.objects import StoredObject
from rollcall.kit.reaction import CognitoReaction
from rollcall.kit.settings import Settings

NAME = "rollcall"
KEY_TABLE = "rollcall-keys"
SERVICE = "rollcall-service"
MAIL_SENDER = "rollcall@example.com"
# Required parameters that the emulator ignores.
_ROLE = "arn:aws:iam::000000000000:role/rollcall"
_RUNTIME = "python3.13"


class Resources(NamedTuple):
    """The resources on the embedded AWS, new or from an earlier start."""

    settings: Settings
    client_id: str
    service: Service
    stream_arn: str


def provision(emulator: Emulator, time_scale: int = 1) -> Resources:
    """Create the missing resources and use those of earlier starts as they are. From now on, time
    passes ``time_scale`` times as fast. Raises LocalProblem if ``cdk.json`` is not valid.
    """
    configuration = read_configuration()
    stream_arn = _ensure_tables(emulator.client("dynamodb"))
    _ensure_bucket(emulator.client(StoredObject.service))
    cognito = emulator.client("cognito-idp")
    pool_id = _ensure_user_pool(cognito)
    client_id = _ensure_client(cognito, pool_id, CLIENT)["ClientId"]
    service = _ensure_client(cognito, pool_id, make_service_client(SERVICE, SYSTEM_SCOPES))
    emulator.client("sesv2").create_email_identity(EmailIdentity=MAIL_SENDER)
    settings = Settings(
        table_name=NAME,
        key_table_name=KEY_TABLE,
        user_pool_id=pool_id,
        bucket_name=NAME,
        client_ids=client_id,
        mail_sender=MAIL_SENDER,
        **configuration.shared,
        time_scale=time_scale,
        time_origin=int(time.time()),
    )
    for reaction in read_catalog().cognito_reactions:
        arn = _deploy_trigger(emulator.client("lambda"), reaction, settings)
        trigger = {"LambdaArn": arn, "LambdaVersion": "V2_0"}
        cognito.update_user_pool(
            UserPoolId=pool_id, LambdaConfig={"PreTokenGenerationConfig": trigger}
        )
    token_url = f"{emulator.url}/oauth2/token"
    credentials = Service(
        client_id=service["ClientId"], client_secret=service["ClientSecret"], token_url=token_url
    )
    return Resources(settings, client_id, credentials, stream_arn)


def read_configuration() -> Configuration:
    """The context of ``cdk.json``. Raises LocalProblem, which names what is wrong in it."""
    try:
        return Configuration.read(CDK_JSON)
    except ValidationError as error:
        wrong = (f"{each['loc'][0]}: {each['msg']}" for each in error.errors())
        raise LocalProblem(f"cdk.json is not valid: {'; '.join(wrong)}") from None


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


def _ensure_user_pool(cognito: Any) -> str:
    for pool in cognito.list_user_pools(MaxResults=60)["UserPools"]:
        if pool["Name"] == NAME:
            pool_id: str = pool["Id"]
            # An earlier version of Rollcall had fewer scopes.
            cognito.update_resource_server(UserPoolId=pool_id, **RESOURCE_SERVER)
            return pool_id
    pool_id = cognito.create_user_pool(PoolName=NAME, **USER_POOL)["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool_id, **GROUP)
    cognito.create_resource_server(UserPoolId=pool_id, **RESOURCE_SERVER)
    return pool_id


def _ensure_client(cognito: Any, pool_id: str, declared: dict[str, Any]) -> Any:
    """An app client as declared; a client of an earlier start is updated."""
    listed = cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=60)["UserPoolClients"]
    found = {each["ClientName"]: each["ClientId"] for each in listed}
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
