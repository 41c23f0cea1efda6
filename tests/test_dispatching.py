"""The composition root of the dispatch."""

from __future__ import annotations

import pytest

from rollcall.dispatching import connect, entry_dispatch
from rollcall.kit.delivery import Delivery
from rollcall.kit.errors import WrongDeclaration
from rollcall_infra.catalog import read_catalog


def follow_nothing(delivery: Delivery) -> None:
    """Follow nothing."""


def test_dispatch_uses_the_clients_of_its_process() -> None:
    assert [each.connect for each in read_catalog().entry_dispatches] == [connect]


def test_wrong_signature_is_refused() -> None:
    follow_nothing.__module__ = "functions.reactions.follow_nothing"
    with pytest.raises(WrongDeclaration, match=r"It must take \(Delivery, Dispatcher\)"):
        entry_dispatch(follow_nothing)  # type: ignore[arg-type]  # the wrong signature
