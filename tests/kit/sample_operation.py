"""A sample operation, and how to declare it with other arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rollcall.access.authorization import authorize_caller
from rollcall.access.policy import AccessPolicy
from rollcall.grants.permissions import Permission
from rollcall.kit.application import Application
from rollcall.kit.call import Call
from rollcall.kit.model import Answer, Request, WriteRequest
from rollcall.kit.operation import Operation
from rollcall.operations import connect
from rollcall.users.user import User

application = Application(
    connect=connect,
    authorize=authorize_caller,
    principals=(User, AccessPolicy),
    oauth_scopes=lambda _: ("scope",),
)


class Moving(WriteRequest):
    """A request that changes something."""

    user_id: str


class Looking(Request):
    """A request that changes nothing."""

    user_id: str


class Moved(Answer):
    """An answer."""

    place: str


def move_user(request: Moving, call: Call) -> Moved:
    """Move a user."""
    return Moved(place="elsewhere")


def see_user(request: Looking, call: Call) -> Moved:
    """See where a user is."""
    return Moved(place="here")


MOVE: dict[str, Any] = {
    "route": "POST /admin/users/{user_id}/move",
    "permission": Permission.USER_UPDATE,
    "writes": [User],
}


def declare(function: Callable[..., Any] = move_user, **changed: Any) -> Operation[Any, Any]:
    """Declare a function as if it were in its own file."""
    function.__module__ = f"functions.users.{function.__name__}"
    arguments = {**MOVE, **changed}
    return application.operation(arguments.pop("route"), **arguments)(function)
