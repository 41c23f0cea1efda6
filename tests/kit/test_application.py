"""``@operation`` as one application binds it."""

from __future__ import annotations

from rollcall.access import AccessPolicy, authorize_caller
from rollcall.kit.call import Call
from rollcall.kit.model import Answer, Request
from rollcall.operations import connect, operation
from rollcall.users import User


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
