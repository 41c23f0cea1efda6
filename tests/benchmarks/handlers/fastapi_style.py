"""FastAPI behind Mangum, with boto3."""

# The benchmark installs these packages where mypy does not look.
# mypy: ignore-errors

from __future__ import annotations

import os
import uuid

import boto3
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel, Field

app = FastAPI()
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
cognito = boto3.client("cognito-idp")


class NewUser(BaseModel):
    """What the caller sends."""

    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)
    name: str = Field(min_length=1, max_length=200)


class User(BaseModel):
    """What the caller gets."""

    id: str
    email: str
    name: str


@app.post("/users", status_code=201)
def create_user(new: NewUser) -> User:
    """Create a user."""
    user = User(id=str(uuid.uuid4()), email=new.email, name=new.name)
    cognito.admin_create_user(UserPoolId=os.environ["USER_POOL_ID"], Username=user.id)
    table.put_item(Item=user.model_dump(), ConditionExpression="attribute_not_exists(id)")
    return user


handler = Mangum(app, lifespan="off")
