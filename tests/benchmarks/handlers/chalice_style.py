"""Chalice, with boto3 and without validation."""

# The benchmark installs these packages where mypy does not look.
# mypy: ignore-errors

from __future__ import annotations

import os
import uuid
from typing import Any

import boto3
from chalice import Chalice

app = Chalice(app_name="users")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
cognito = boto3.client("cognito-idp")


@app.route("/users", methods=["POST"])
def create_user() -> dict[str, Any]:
    """Create a user."""
    new = app.current_request.json_body
    user = {"id": str(uuid.uuid4()), "email": new["email"], "name": new["name"]}
    cognito.admin_create_user(UserPoolId=os.environ["USER_POOL_ID"], Username=user["id"])
    table.put_item(Item=user, ConditionExpression="attribute_not_exists(id)")
    return user
