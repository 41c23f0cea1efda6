"""Reactions to the stream, to sign-ins and to deployments (I20)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from threading import Thread
from typing import Any

import pytest

from functions.reactions.admit_sign_in import admit_sign_in
from functions.reactions.check_deployment import check_deployment
from functions.reactions.create_first_admin import create_first_admin
from rollcall.kit.background import Background
from rollcall.kit.call import Call
from rollcall.kit.errors import Forbidden, WrongDeclaration
from rollcall.kit.journal import COPIED, JournalEntry
from rollcall.kit.reaction import SignIn, StreamReaction, Unfinished
from rollcall.operations import connect
from rollcall.users.statuses import Status
from rollcall.users.user import User
from rollcall_infra.catalog import read_catalog
from tests.world.world import World

background = Background(connect=connect)


def follow_user(entry: JournalEntry, call: Call) -> None:
    """Follow a user."""


def follow_nothing(call: Call) -> None:
    """Follow nothing."""


def watch_sign_in(sign_in: SignIn, call: Call) -> None:
    """Watch a sign-in."""


def takes_them_the_other_way_round(call: Call, entry: JournalEntry) -> None:
    """Take the parameters in the wrong order."""


DECORATORS: dict[str, tuple[Callable[..., Any], str]] = {
    "stream": (background.stream_reaction([User]), "JournalEntry, Call"),
    "cognito": (background.cognito_reaction("pre_token_generation"), "SignIn, Call"),
    "deployment": (background.deployment_reaction(), "Call"),
    "guard": (background.deployment_guard(), "StackEvent, Call"),
}


@pytest.mark.parametrize(
    ("kind", "function", "taken"),
    [
        ("stream", follow_nothing, "call"),
        ("stream", watch_sign_in, "sign_in, call"),
        ("stream", takes_them_the_other_way_round, "call, entry"),
        ("cognito", follow_user, "entry, call"),
        ("cognito", follow_nothing, "call"),
        ("deployment", follow_user, "entry, call"),
        ("guard", follow_nothing, "call"),
    ],
)
def test_wrong_signature_is_refused(kind: str, function: Callable[..., Any], taken: str) -> None:
    decorate, wanted = DECORATORS[kind]
    function.__module__ = f"functions.reactions.{function.__name__}"
    with pytest.raises(WrongDeclaration) as refused:
        decorate(function)
    assert str(refused.value) == f"{function.__name__} takes ({taken}). It must take ({wanted})."


def test_reaction_in_a_file_of_another_name_is_refused() -> None:
    follow_user.__module__ = "functions.reactions.following"
    with pytest.raises(WrongDeclaration, match=r"Rename the file to follow_user\.py"):
        background.stream_reaction([User])(follow_user)


@pytest.mark.parametrize("reaction", read_catalog().stream_reactions, ids=lambda each: each.name)
def test_reaction_ignores_entries_about_other_entities(
    world: World, reaction: StreamReaction
) -> None:
    world.add_note(world.admin_id, "Likes tea")
    world.add_user()
    reacted: list[str] = []
    watching = replace(reaction, function=lambda entry, _: reacted.append(entry.target.kind))

    for item in world.items():
        watching.react(item, world.runtime)

    assert set(reacted) == {"user"} & set(reaction.kinds)


def test_entry_that_a_restore_has_copied_is_only_a_record(world: World) -> None:
    user = world.add_user()
    (item,) = (item for item in world.items() if item.get("target", {}).get("id") == user.id)
    reacted: list[str] = []
    reaction = next(each for each in read_catalog().stream_reactions if User in each.on)
    watching = replace(reaction, function=lambda entry, _: reacted.append(entry.id))

    watching.react({**item, COPIED: True}, world.runtime)
    assert reacted == []
    watching.react(item, world.runtime)
    assert reacted == [item["id"]]


def test_sign_in_trigger_returns_the_event_of_cognito(world: World) -> None:
    event = {
        "userName": world.admin_id,
        "triggerSource": "TokenGeneration_Authentication",
        "request": {"userAttributes": {"sub": "1"}},
        "response": {},
    }
    handler = replace(admit_sign_in, connect=lambda: world.runtime)
    assert handler(dict(event), object()) == event


def test_refused_sign_in_is_an_error_for_cognito(world: World) -> None:
    user = world.add_user(status=Status.SUSPENDED)
    event = {"userName": user.id, "triggerSource": "TokenGeneration_Authentication"}
    with pytest.raises(Forbidden):
        replace(admit_sign_in, connect=lambda: world.runtime)(event, object())


class Answers(BaseHTTPRequestHandler):
    """Receives what a custom resource sends to its presigned address."""

    received: list[dict[str, Any]]

    def do_PUT(self) -> None:
        """Store the document."""
        length = int(self.headers["Content-Length"])
        self.received.append(json.loads(self.rfile.read(length)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (the base's name)
        """Log nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """The address of a server in the place of CloudFormation."""
    Answers.received = []
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/answer"
        server.shutdown()
        thread.join()


def stack_event(kind: str, address: str) -> dict[str, str]:
    return {
        "RequestType": kind,
        "ResponseURL": address,
        "StackId": "stack-1",
        "RequestId": "request-1",
        "LogicalResourceId": "FirstAdmin",
        "ResourceType": "Custom::CreateFirstAdmin",
    }


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_success_is_sent_to_cloudformation(world: World, address: str, kind: str) -> None:
    replace(create_first_admin, connect=lambda: world.runtime)(stack_event(kind, address), object())
    assert Answers.received == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "FirstAdmin",
            "StackId": "stack-1",
            "RequestId": "request-1",
            "LogicalResourceId": "FirstAdmin",
        }
    ]


def test_failure_is_sent_to_cloudformation_without_its_message(
    world: World, address: str, logged: StringIO
) -> None:
    settings = world.runtime.settings.model_copy(update={"first_admin_email": "no address"})
    runtime = replace(world.runtime, settings=settings)

    replace(create_first_admin, connect=lambda: runtime)(stack_event("Create", address), object())

    (answer,) = Answers.received
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "create_first_admin failed with ValueError. See its log group.",
    )
    assert "ValueError" in logged.getvalue()


def test_guard_stops_the_deployment_with_its_reason(world: World, address: str) -> None:
    guard = replace(check_deployment, connect=lambda: world.runtime)
    first = {"prefix": "rollcall", "tableName": "people", "userPoolId": "own"}
    guard({**stack_event("Create", address), "ResourceProperties": first}, object())
    second = {**first, "prefix": "other"}
    guard({**stack_event("Update", address), "ResourceProperties": second}, object())

    created, updated = Answers.received
    assert created["Status"] == "SUCCESS"
    assert updated["Status"] == "FAILED"
    assert updated["Reason"].startswith("This would deploy with another prefix: other instead of")


def test_unfinished_work_gets_no_response_and_another_run(world: World, address: str) -> None:
    def work(_: Call) -> None:
        raise Unfinished("There is more.")

    reaction = replace(create_first_admin, connect=lambda: world.runtime, function=work)
    with pytest.raises(Unfinished):
        reaction(stack_event("Update", address), object())
    assert Answers.received == []


def test_nothing_happens_when_the_stack_is_deleted(world: World, address: str) -> None:
    def refuse_to_connect() -> Any:
        pytest.fail("It wanted to work.")

    replace(create_first_admin, connect=refuse_to_connect)(stack_event("Delete", address), object())
    assert [answer["Status"] for answer in Answers.received] == ["SUCCESS"]
