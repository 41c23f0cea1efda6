"""One running Rollcall, and one embedded AWS, for all tests that leave it usable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.emulator import Emulator
from infra.local.provision import provision
from tests.local.running import LocalRollcall, start_local


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRollcall]:
    """``rollcall local --ephemeral`` on free ports, where people may register."""
    state, options = tmp_path_factory.mktemp("state"), ("--ephemeral", "--allow-registration")
    with start_local(state, *options) as running:
        yield running


@pytest.fixture(scope="session")
def branded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRollcall]:
    """Another one, with a mail template and a login address of one's own."""
    state, templates = (tmp_path_factory.mktemp(name) for name in ("state", "templates"))
    (templates / "layout.html").write_text("<p>Acme</p>$content")
    options = ("--mail-templates", str(templates), "--login-url", "https://app.example.com")
    with start_local(state, "--ephemeral", *options) as running:
        yield running


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The embedded AWS with everything in it that Rollcall needs, and without Rollcall."""
    started = Emulator(0, tmp_path_factory.mktemp("emulator") / "log", None)
    started.start()
    try:
        provision(started)
        yield started
    finally:
        started.stop()
