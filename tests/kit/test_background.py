"""The decorators of jobs and reactions: what each passes to its declaration."""

from __future__ import annotations

from datetime import timedelta

from rollcall.background import cognito_reaction, deployment_reaction, job, stream_reaction
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.job import Report
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.kit.reaction import SignIn
from rollcall.operations import connect
from rollcall.users.user import User


class Nothing(Report):
    """An empty report."""


def do_daily(call: Call) -> Nothing:
    """Run daily."""
    return Nothing()


def follow_user(entry: JournalEntry, call: Call) -> None:
    """Follow a user."""


def watch_sign_in(sign_in: SignIn, call: Call) -> None:
    """Watch a sign-in."""


def prepare_table(call: Call) -> None:
    """Prepare the table."""


for function in (do_daily, follow_user, watch_sign_in, prepare_table):
    function.__module__ = f"functions.reactions.{function.__name__}"


def test_each_decorator_passes_its_arguments_to_the_declaration() -> None:
    reads, writes = [User], [User, Account, Mail]
    declared = (
        job(every=timedelta(days=1), reads=reads, writes=writes)(do_daily),
        stream_reaction([User], reads=reads, writes=writes)(follow_user),
        cognito_reaction("pre_token_generation", reads=reads, writes=writes)(watch_sign_in),
        deployment_reaction(reads=reads, writes=writes)(prepare_table),
    )
    for declaration in declared:
        assert (declaration.reads, declaration.writes) == (tuple(reads), tuple(writes))
        assert declaration.connect is connect


def test_lambda_gets_the_time_that_its_caller_waits() -> None:
    assert stream_reaction([User])(follow_user).timeout == 60
    assert cognito_reaction("pre_token_generation")(watch_sign_in).timeout == 5
    assert deployment_reaction()(prepare_table).timeout == 60
    assert deployment_reaction(timeout=900)(prepare_table).timeout == 900
