"""Powertools throughout, as serverless cookbooks show it: Logger, Tracer, Metrics, a validating
resolver, feature flags and idempotency, boto3 underneath.
"""

# The benchmark installs these packages where mypy does not look.
# mypy: ignore-errors

from __future__ import annotations

import os
import uuid
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.feature_flags import AppConfigStore, FeatureFlags
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.serialization.pydantic import PydanticSerializer
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field

logger = Logger(service="users")
tracer = Tracer(service="users")
metrics = Metrics(namespace="users", service="users")
app = APIGatewayRestResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
cognito = boto3.client("cognito-idp")
flags = FeatureFlags(store=AppConfigStore(environment="live", application="users", name="flags"))
seen = DynamoDBPersistenceLayer(table_name=os.environ["TABLE_NAME"])
once = IdempotencyConfig(event_key_jmespath="email", expires_after_seconds=3600)


class NewUser(BaseModel):
    """What the caller sends."""

    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)
    name: str = Field(min_length=1, max_length=200)


class User(BaseModel):
    """What the caller gets."""

    id: str
    email: str
    name: str
    welcome: bool


@idempotent_function(
    data_keyword_argument="new",
    config=once,
    persistence_store=seen,
    output_serializer=PydanticSerializer(model=User),
)
def store(new: NewUser) -> User:
    """Make the account and the item."""
    welcome = bool(flags.evaluate(name="welcome", context={}, default=False))
    user = User(id=str(uuid.uuid4()), email=new.email, name=new.name, welcome=welcome)
    cognito.admin_create_user(UserPoolId=os.environ["USER_POOL_ID"], Username=user.id)
    table.put_item(Item=user.model_dump(), ConditionExpression="attribute_not_exists(id)")
    return user


@app.post("/users")
@tracer.capture_method
def create_user(new: NewUser) -> User:
    """Create a user."""
    metrics.add_metric(name="UsersCreated", unit=MetricUnit.Count, value=1)
    user: User = store(new=new)
    return user


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The Lambda handler."""
    once.register_lambda_context(context)
    return app.resolve(event, context)
