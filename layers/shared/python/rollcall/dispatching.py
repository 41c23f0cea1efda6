"""The decorator of the dispatch, bound to AWS. Its function knows neither users nor the table."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from rollcall.kit.clients import make_client
from rollcall.kit.dead_letters import DeadLetters
from rollcall.kit.delivery import Delivery, read_subscriptions
from rollcall.kit.dispatch import Dispatcher, EntryDispatch
from rollcall.kit.invocations import Invocations
from rollcall.kit.reaction import check_reaction
from rollcall.kit.settings import Settings, in_lambda


@cache
def connect() -> Dispatcher:
    """The dispatcher of this process, from the environment variables."""
    settings = Settings.from_environment()
    return Dispatcher(
        subscriptions=read_subscriptions(settings.subscriptions),
        invocations=Invocations(make_client(Invocations.service)),
        dead_letters=DeadLetters(
            lambda: make_client(DeadLetters.service), settings.dead_letter_queue_url
        ),
    )


def entry_dispatch(function: Callable[[Delivery, Dispatcher], None]) -> EntryDispatch:
    """Declare the function that delivers new journal entries to the reactions."""
    metadata = check_reaction(function, (Delivery, Dispatcher), (), ())
    return EntryDispatch(**metadata, timeout=60, function=function, connect=connect)


if in_lambda():  # in the init phase
    connect()
