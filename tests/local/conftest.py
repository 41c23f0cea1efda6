"""One running Rollcall for all tests that leave it usable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.running import LocalRollcall, start_local


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRollcall]:
    """``rollcall local --ephemeral`` on free ports, where people may register."""
    state, options = tmp_path_factory.mktemp("state"), ("--ephemeral", "--allow-registration")
    with start_local(state, *options) as running:
        yield running
