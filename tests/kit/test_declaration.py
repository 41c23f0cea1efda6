"""What all declarations have in common, and the errors for invalid ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions.jobs.purge_deleted_users import purge_deleted_users
from functions.users.get_user import get_user
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.declaration import check_resources, describe, read_signature
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.journal import Changed
from rollcall.kit.mail import Mail
from rollcall.kit.model import Request
from rollcall.kit.objects import StoredObject
from rollcall.users.user import User


def place(function: Callable[..., Any], module: str) -> Callable[..., Any]:
    """Pretend that a function is in another file."""
    function.__module__ = module
    return function


def test_name_docstring_and_area_come_from_the_function_and_its_file() -> None:
    assert (get_user.name, get_user.area) == ("get_user", "users")
    assert get_user.summary == "Show a user: profile, groups, roles, permissions, last sign-in."
    assert get_user.description.startswith("The ETag is the version")
    assert (purge_deleted_users.area, purge_deleted_users.description) == ("jobs", "")


def test_summary_is_the_first_sentence_even_on_two_lines() -> None:
    def move_user() -> None:
        """Move a user
        somewhere else.

        And more.
        """

    words = describe(place(move_user, "functions.users.move_user"))
    assert (words["summary"], words["description"]) == ("Move a user somewhere else.", "And more.")


def test_file_with_another_name_is_refused() -> None:
    def move_user() -> None:
        """Move a user."""

    with pytest.raises(WrongDeclaration) as refused:
        describe(place(move_user, "functions.users.moving"))

    assert str(refused.value) == (
        "move_user is declared in moving.py. Rename the file to move_user.py, so that file, "
        "function, Lambda function and journal action have the same name."
    )


def test_missing_docstring_is_refused() -> None:
    def move_user() -> None:
        pass

    with pytest.raises(WrongDeclaration) as refused:
        describe(place(move_user, "functions.users.move_user"))

    assert str(refused.value) == (
        "move_user has no docstring. Write one sentence that says what it does. It becomes the "
        "summary in the API document."
    )


@pytest.mark.parametrize("resource", [Changed, Request, "User", None, str])
@pytest.mark.parametrize("word", ["reads", "writes"])
def test_resource_without_an_iam_policy_is_refused(word: str, resource: Any) -> None:
    with pytest.raises(WrongDeclaration) as refused:
        check_resources("move_user", **{"reads": (), "writes": (), word: (resource,)})

    assert str(refused.value) == (
        f"move_user {word} {resource!r}, from which no IAM policy can be derived. Use entities, "
        "rows, signing keys, stored objects, Account or Mail."
    )


def test_entities_objects_accounts_and_mail_are_resources() -> None:
    resources = (User, Report, Account, Mail)
    check_resources("move_user", resources, resources)


class Report(StoredObject):
    """A kind of object."""

    prefix = "reports/"
    layers = ("printing",)
    memory = 1024


class Picture(StoredObject):
    """Another kind of object."""

    prefix = "pictures/"
    layers = ("printing", "drawing")
    ephemeral_storage = 2048


def test_function_gets_what_its_objects_need() -> None:
    declared = replace(get_user, reads=(Report, User), writes=(Picture, Report))
    assert declared.stored_objects == (Report, Picture)
    assert (declared.memory, declared.ephemeral_storage) == (1024, 2048)
    assert declared.layers == ("drawing", "printing")


def test_function_without_objects_gets_the_defaults() -> None:
    assert not get_user.stored_objects
    assert not get_user.layers
    assert (get_user.memory, get_user.ephemeral_storage) == (512, 512)


def test_parameter_without_a_type_is_refused() -> None:
    def move_user(request, call: Call) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 (what is tested)
        """Move a user."""

    with pytest.raises(WrongDeclaration) as refused:
        read_signature(move_user)

    assert str(refused.value) == (
        "move_user has no type annotation for request. Annotate every parameter: requests and "
        "answers are derived from the types."
    )


def test_types_are_read_in_order() -> None:
    def move_user(request: Request, call: Call) -> None:
        """Move a user."""

    parameters, answer = read_signature(move_user)
    assert list(parameters.items()) == [("request", Request), ("call", Call)]
    assert answer is type(None)
