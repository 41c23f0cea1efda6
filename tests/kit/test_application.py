"""``@operation`` as one application binds it."""

from __future__ import annotations

from enum import StrEnum

from rollcall.access.authorization import authorize_caller
from rollcall.access.policy import AccessPolicy
from rollcall.grants.permissions import Permission
from rollcall.kit.application import Application
from rollcall.kit.call import Call
from rollcall.kit.model import Answer, Request
from rollcall.operations import connect, operation
from rollcall.users.user import User


class Nothing(Request):
    """An empty request."""


def ask_nothing(request: Nothing, call: Call) -> Answer:
    """Ask nothing."""
    return Answer()


ask_nothing.__module__ = "functions.users.ask_nothing"


def test_operation_carries_what_the_application_shares() -> None:
    declared = operation("GET /nothing", permission=None)(ask_nothing)
    assert declared.authorize is authorize_caller
    assert declared.connect is connect
    assert declared.principals == (User, AccessPolicy)


def test_operation_reads_and_writes_nothing_and_answers_200_unless_it_says_so() -> None:
    declared = operation("GET /nothing", permission=None)(ask_nothing)
    assert (declared.reads, declared.writes, declared.status, declared.then) == ((), (), 200, None)


def test_scopes_that_let_a_token_through_come_from_the_application() -> None:
    asked: list[StrEnum | None] = []

    def scopes_of(permission: StrEnum | None) -> tuple[str, ...]:
        asked.append(permission)
        return (f"scope-of-{permission}",)

    application = Application(
        connect=connect, authorize=authorize_caller, principals=(), oauth_scopes=scopes_of
    )
    declared = application.operation("GET /nothing", permission=Permission.USER_VIEW)(ask_nothing)

    assert asked == [Permission.USER_VIEW]
    assert declared.oauth_scopes == ("scope-of-user.view",)
    assert declared.principals == ()


def test_operation_is_for_whoever_holds_the_permission_everywhere_and_soon_done() -> None:
    declared = operation("GET /nothing", permission=Permission.USER_VIEW)(ask_nothing)
    assert (declared.scoped, declared.timeout) == (False, 15)
    longer = operation("GET /nothing", permission=Permission.USER_VIEW, scoped=True, timeout=28)
    assert (longer(ask_nothing).scoped, longer(ask_nothing).timeout) == (True, 28)
