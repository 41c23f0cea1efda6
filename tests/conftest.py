"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.world import World, open_world


@pytest.fixture
def world() -> Iterator[World]:
    """The table, the user pool, a clock that can be moved, and one platform admin."""
    with open_world() as made:
        yield made
