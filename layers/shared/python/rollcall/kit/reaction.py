"""Reactions: functions called by the journal's stream, by Cognito, or by a deployment."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rollcall.kit.attributes import from_attributes
from rollcall.kit.call import Call, Runtime
from rollcall.kit.declaration import (
    Declaration,
    Words,
    check_resources,
    describe,
    read_signature,
)
from rollcall.kit.entity import Entity, Item
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.job import make_call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.log import log_call, log_failure


@dataclass(frozen=True, kw_only=True)
class StreamReaction(Declaration):
    """Reacts to each new journal entry about some kinds of entities.

    Entries come at least once and in order for one shard; a failing one is tried again by
    Lambda and ends in the dead-letter queue, so the function must be idempotent.
    """

    on: tuple[type[Entity], ...]
    function: Callable[[JournalEntry, Call], None]
    connect: Callable[[], Runtime]

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """The Lambda handler: stops at the first failing record and says which it was, so that
        Lambda goes on from there (ReportBatchItemFailures).
        """
        runtime = self.connect()
        for record in event["Records"]:
            image = from_attributes(record["dynamodb"]["NewImage"])
            try:
                self.react(image, runtime)
            except Exception as error:  # noqa: BLE001 (the edge: Lambda retries whatever it is)
                log_failure(self.name, error, request_id=str(image.get("requestId", "")))
                sequence = record["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": sequence}]}
        return {"batchItemFailures": []}

    def react(self, image: Item, runtime: Runtime) -> None:
        """React to one stored item if it is a journal entry about this reaction's entities."""
        if not str(image["pk"]).startswith(JournalEntry.partition):
            return
        entry = JournalEntry.model_validate(image)
        if entry.target.kind in {entity.kind for entity in self.on}:
            self.function(entry, make_call(self.name, runtime))
            log_call(self.name, outcome="ok", request_id=entry.request_id)

    def stream_filter(self) -> dict[str, Any]:
        """The event source's filter pattern: new journal entries about these entities."""
        return {
            "eventName": ["INSERT"],
            "dynamodb": {
                "Keys": {"pk": {"S": [{"prefix": JournalEntry.partition}]}},
                "NewImage": {"target": {"M": {"kind": {"S": [entity.kind for entity in self.on]}}}},
            },
        }


class FederatedIdentity(BaseModel):
    """An account's place at another identity provider."""

    provider_name: str = Field(alias="providerName")


class SignInAttributes(BaseModel):
    """Of the account's attributes what is read here; Cognito writes the identities as JSON text."""

    identities: Annotated[
        tuple[FederatedIdentity, ...],
        BeforeValidator(lambda value: json.loads(value) if isinstance(value, str) else value),
    ] = ()


class SignInRequest(BaseModel):
    """The part of the event that is about the account."""

    attributes: SignInAttributes = Field(default_factory=SignInAttributes, alias="userAttributes")


class SignIn(BaseModel):
    """What Cognito tells a trigger about who is signing in, and how."""

    model_config = ConfigDict(extra="ignore")

    user_name: str = Field(alias="userName")
    trigger_source: str = Field(alias="triggerSource")
    request: SignInRequest = Field(default_factory=SignInRequest)

    @property
    def providers(self) -> tuple[str, ...]:
        """The other identity providers that the account belongs to, as google; none for one with a
        password of its own.
        """
        return tuple(each.provider_name.lower() for each in self.request.attributes.identities)


type CognitoTrigger = Literal["pre_token_generation"]


@dataclass(frozen=True, kw_only=True)
class CognitoReaction(Declaration):
    """Called by the user pool while somebody signs in; raising refuses the tokens."""

    trigger: CognitoTrigger
    function: Callable[[SignIn, Call], None]
    connect: Callable[[], Runtime]

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """The Lambda handler. Cognito wants its own event back."""
        self.react(event, self.connect())
        return event

    def react(self, event: dict[str, Any], runtime: Runtime) -> None:
        """Look at one sign-in."""
        self.function(SignIn.model_validate(event), make_call(self.name, runtime))


class StackEvent(BaseModel):
    """CloudFormation's request to a custom resource (custom resource request objects)."""

    model_config = ConfigDict(extra="ignore")

    request_type: Literal["Create", "Update", "Delete"] = Field(alias="RequestType")
    response_url: str = Field(alias="ResponseURL")
    stack_id: str = Field(alias="StackId")
    request_id: str = Field(alias="RequestId")
    logical_resource_id: str = Field(alias="LogicalResourceId")

    def respond(self, failure: str | None) -> None:
        """Tell CloudFormation how it went; without this the deployment waits for an hour."""
        body = {
            "Status": "FAILED" if failure else "SUCCESS",
            "Reason": failure or "",
            "PhysicalResourceId": self.logical_resource_id,
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_resource_id,
        }
        request = urllib.request.Request(  # noqa: S310 (CloudFormation's own presigned address)
            self.response_url, json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"
        )
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 (as above)


@dataclass(frozen=True, kw_only=True)
class DeploymentReaction(Declaration):
    """Called once at each deployment, as a CloudFormation custom resource."""

    function: Callable[[Call], None]
    connect: Callable[[], Runtime]

    def __call__(self, event: dict[str, Any], context: object) -> None:
        """The Lambda handler; nothing happens when the stack is deleted."""
        stack_event = StackEvent.model_validate(event)
        failure = None
        if stack_event.request_type != "Delete":
            try:
                self.run(self.connect())
            except Exception as error:  # noqa: BLE001 (the edge: CloudFormation must hear of it)
                log_failure(self.name, error, request_id=stack_event.request_id)
                failure = f"{self.name} failed with {type(error).__name__}; see its log group."
        stack_event.respond(failure)

    def run(self, runtime: Runtime) -> None:
        """Do the work once."""
        self.function(make_call(self.name, runtime))


def check_reaction(
    function: Callable[..., None],
    expected: tuple[type, ...],
    reads: tuple[Any, ...],
    writes: tuple[Any, ...],
) -> Words:
    """The words of a reaction's declaration; raises WrongDeclaration with the mend."""
    words = describe(function)
    check_resources(words["name"], reads, writes)
    parameters, _ = read_signature(function)
    if tuple(parameters.values()) != expected:
        wanted = ", ".join(each.__name__ for each in expected)
        raise WrongDeclaration(
            f"{words['name']} must take ({wanted}); it takes ({', '.join(parameters)})."
        )
    return words
