"""Reactions: functions that the journal's stream, Cognito or a deployment invokes."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rollcall.kit.attribute_values import from_attributes
from rollcall.kit.call import Call, Runtime
from rollcall.kit.declaration import (
    Declaration,
    Metadata,
    check_resources,
    describe,
    read_signature,
)
from rollcall.kit.delivery import Delivery
from rollcall.kit.entity import Entity, Item, Key
from rollcall.kit.errors import Problem, WrongDeclaration
from rollcall.kit.job import make_call
from rollcall.kit.journal import COPIED, JournalEntry
from rollcall.kit.log import log_call, log_failure


class ReactionFailed(Exception):
    """Some entries of a delivery failed: Lambda repeats the delivery. The log has the errors."""


@dataclass(frozen=True, kw_only=True)
class StreamReaction(Declaration):
    """Reacts to each new journal entry about some kinds of entities.

    Entries arrive at least once and in no order: an entry is an item of its own, and a stream has
    an order only for the changes of one item. Lambda repeats a delivery with a failed entry and
    then sends it to the dead-letter queue, so the function must be idempotent.
    """

    on: tuple[type[Entity], ...]
    function: Callable[[JournalEntry, Call], None]
    connect: Callable[[], Runtime]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the entities, as the journal names them."""
        return tuple(entity.kind for entity in self.on)

    def __call__(self, event: dict[str, Any], context: object) -> None:
        """The Lambda handler. It tries all entries, so that a failed one does not hold up those
        after it, and raises ReactionFailed if one has failed.
        """
        delivery, runtime = Delivery.model_validate(event), self.connect()
        failed = [key for key in delivery.entries if not self._accepts(key, runtime)]
        if failed:
            raise ReactionFailed(f"{len(failed)} of {len(delivery.entries)} entries failed.")

    def _accepts(self, key: Key, runtime: Runtime) -> bool:
        request_id = ""
        try:
            item = _read_entry(key, runtime)
            request_id = str(item.get("requestId", ""))
            self.react(item, runtime)
        except Exception as error:  # noqa: BLE001 (the outermost handler: Lambda retries every error)
            log_failure(self.name, error, request_id=request_id)
            return False
        return True

    def receive(self, key: Key, runtime: Runtime) -> None:
        """Read a journal entry and react to it."""
        self.react(_read_entry(key, runtime), runtime)

    def react(self, image: Item, runtime: Runtime) -> None:
        """React to a stored item, if it is a new journal entry about this reaction's entities."""
        if not str(image["pk"]).startswith(JournalEntry.partition) or COPIED in image:
            return
        entry = JournalEntry.model_validate(image)
        if entry.target.kind in self.kinds:
            self.function(entry, make_call(self.name, runtime))
            log_call(self.name, outcome="ok", request_id=entry.request_id)


def _read_entry(key: Key, runtime: Runtime) -> Item:
    """The entry as stored. Raises LookupError if it does not exist: entries are never deleted, and
    the read is strongly consistent.
    """
    item = runtime.table.get_item(key)
    if item is None:
        raise LookupError("The journal does not have this entry.")
    return item


class ChangedEntry(NamedTuple):
    """An entry of the journal that was changed or deleted, which no function does."""

    key: Key
    event: str
    """DynamoDB's name of the change: MODIFY or REMOVE."""
    at: datetime
    """When, to the second."""


@dataclass(frozen=True, kw_only=True)
class JournalWatch(Declaration):
    """Invoked only for entries of the journal that were changed or deleted.

    IAM cannot allow to write new items only, so each role that writes the journal could also
    replace an entry. Entries do not expire, so their deletion by DynamoDB is reported too.
    """

    function: Callable[[ChangedEntry], None]

    def __call__(self, event: dict[str, Any], context: object) -> None:
        """The Lambda handler."""
        for record in event["Records"]:
            key = from_attributes(record["dynamodb"]["Keys"])
            at = datetime.fromtimestamp(record["dynamodb"]["ApproximateCreationDateTime"], UTC)
            self.function(ChangedEntry(Key(**key), record["eventName"], at))

    def stream_filter(self) -> dict[str, Any]:
        """The filter pattern of the event source."""
        return {
            "eventName": ["MODIFY", "REMOVE"],
            "dynamodb": {"Keys": {"pk": {"S": [{"prefix": JournalEntry.partition}]}}},
        }


class FederatedIdentity(BaseModel):
    """A link of an account to another identity provider."""

    provider_name: str = Field(alias="providerName")


class SignInAttributes(BaseModel):
    """The attributes that are read here. Cognito sends the identities as JSON text."""

    identities: Annotated[
        tuple[FederatedIdentity, ...],
        BeforeValidator(lambda value: json.loads(value) if isinstance(value, str) else value),
    ] = ()


class SignInRequest(BaseModel):
    """The part of the event that is about the account."""

    attributes: SignInAttributes = Field(default_factory=SignInAttributes, alias="userAttributes")


class SignIn(BaseModel):
    """The event of a user pool trigger at a sign-in."""

    model_config = ConfigDict(extra="ignore")

    user_name: str = Field(alias="userName")
    user_pool_id: str = Field("", alias="userPoolId")
    trigger_source: str = Field(alias="triggerSource")
    request: SignInRequest = Field(default_factory=SignInRequest)

    @property
    def providers(self) -> tuple[str, ...]:
        """The other identity providers of the account, as ``google``; none for an account with a
        password.
        """
        return tuple(each.provider_name.lower() for each in self.request.attributes.identities)


type CognitoTrigger = Literal["pre_token_generation"]


@dataclass(frozen=True, kw_only=True)
class CognitoReaction(Declaration):
    """Invoked by the user pool during a sign-in. An exception denies the tokens."""

    trigger: CognitoTrigger
    function: Callable[[SignIn, Call], None]
    connect: Callable[[], Runtime]

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """The Lambda handler. Cognito expects its event as the response."""
        self.react(event, self.connect())
        return event

    def react(self, event: dict[str, Any], runtime: Runtime) -> None:
        """React to one sign-in. The event names the pool, because the pool refers to the function,
        so that its environment cannot refer to the pool.
        """
        sign_in = SignIn.model_validate(event)
        if sign_in.user_pool_id:
            identity = runtime.identity.in_pool(sign_in.user_pool_id)
            runtime = replace(runtime, identity=identity)
        self.function(sign_in, make_call(self.name, runtime))


class StackEvent(BaseModel):
    """CloudFormation's request to a custom resource (custom resource request objects)."""

    model_config = ConfigDict(extra="ignore")

    request_type: Literal["Create", "Update", "Delete"] = Field(alias="RequestType")
    response_url: str = Field(alias="ResponseURL")
    stack_id: str = Field(alias="StackId")
    request_id: str = Field(alias="RequestId")
    logical_resource_id: str = Field(alias="LogicalResourceId")
    properties: dict[str, Any] = Field(default_factory=dict, alias="ResourceProperties")
    old_properties: dict[str, Any] = Field(default_factory=dict, alias="OldResourceProperties")
    """The properties before an update. In a rollback, those of the update that has failed."""

    def answer(self, name: str, work: Callable[[], None]) -> None:
        """Do the work and send the result to CloudFormation. Nothing is done when the stack is
        deleted. The detail of a Problem is for people, so it becomes the reason. Raises Unfinished
        without a result, so that Lambda runs the function again.
        """
        failure = None
        if self.request_type != "Delete":
            try:
                work()
            except Unfinished:
                raise
            except Exception as error:  # noqa: BLE001 (the outermost handler: CloudFormation needs a response)
                log_failure(name, error, request_id=self.request_id)
                failure = f"{name} failed with {type(error).__name__}. See its log group."
                failure = error.detail if isinstance(error, Problem) else failure
        self.respond(failure)

    def respond(self, failure: str | None) -> None:
        """Send the result to CloudFormation; without it the deployment waits for an hour."""
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


class Unfinished(Exception):
    """A deployment reaction needs another run for the rest of its work."""


@dataclass(frozen=True, kw_only=True)
class DeploymentReaction(Declaration):
    """Invoked once at each deployment, as a CloudFormation custom resource.

    After Unfinished, CloudFormation gets no response yet, and Lambda invokes the function again:
    twice, after one minute and after two more (Lambda developer guide, asynchronous invocation).
    """

    function: Callable[[Call], None]
    connect: Callable[[], Runtime]

    def __call__(self, event: dict[str, Any], context: object) -> None:
        """The Lambda handler."""
        StackEvent.model_validate(event).answer(self.name, lambda: self.run(self.connect()))

    def run(self, runtime: Runtime) -> None:
        """Run the function once."""
        self.function(make_call(self.name, runtime))


@dataclass(frozen=True, kw_only=True)
class DeploymentGuard(Declaration):
    """Invoked at each deployment before the data stack changes anything else, as a CloudFormation
    custom resource. A Problem stops the deployment, and its detail is the reason.
    """

    function: Callable[[StackEvent, Call], None]
    connect: Callable[[], Runtime]

    def __call__(self, event: dict[str, Any], context: object) -> None:
        """The Lambda handler."""
        stack_event = StackEvent.model_validate(event)
        stack_event.answer(self.name, lambda: self.run(stack_event, self.connect()))

    def run(self, event: StackEvent, runtime: Runtime) -> None:
        """Check one deployment."""
        self.function(event, make_call(self.name, runtime))


def check_reaction(
    function: Callable[..., None],
    expected: tuple[type, ...],
    reads: tuple[Any, ...],
    writes: tuple[Any, ...],
) -> Metadata:
    """Check a reaction's declaration and return its metadata.

    Raises WrongDeclaration with a message that says how to fix it.
    """
    metadata = describe(function)
    check_resources(metadata["name"], reads, writes)
    parameters, _ = read_signature(function)
    if tuple(parameters.values()) != expected:
        wanted = ", ".join(each.__name__ for each in expected)
        raise WrongDeclaration(
            f"{metadata['name']} takes ({', '.join(parameters)}). It must take ({wanted})."
        )
    return metadata
