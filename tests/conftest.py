"""Fixtures that every test may use."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from rollcall.kit.log import logger
from tests.world import World, open_world

pytest.register_assert_rewrite("tests.acceptance")


@pytest.fixture
def world() -> Iterator[World]:
    """The table, the user pool, a clock that can be moved, and one platform admin."""
    with open_world() as made:
        yield made


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """What is logged meanwhile, a line an entry."""
    handler = logging.StreamHandler(StringIO())
    handler.setFormatter(logger.registered_formatter)
    python_logger = logging.getLogger(logger.service)
    python_logger.addHandler(handler)
    yield handler.stream
    python_logger.removeHandler(handler)
