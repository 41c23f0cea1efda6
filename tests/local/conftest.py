"""One running Rollcall and one embedded AWS, shared by all tests that leave them usable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rollcall_infra.local.emulator import Emulator
from rollcall_infra.local.provision import provision
from tests.local.running import LocalRollcall, start_local


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRollcall]:
    """``rollcall local --ephemeral`` on free ports, with registration allowed."""
    state, options = tmp_path_factory.mktemp("state"), ("--ephemeral", "--allow-registration")
    with start_local(state, *options) as running:
        yield running


@pytest.fixture(scope="session")
def branded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRollcall]:
    """Another running Rollcall, with its own mail template and login URL."""
    state, templates = (tmp_path_factory.mktemp(name) for name in ("state", "templates"))
    (templates / "layout.html").write_text("<p>Acme</p>$content")
    options = ("--mail-templates", str(templates), "--login-url", "https://app.example.com")
    with start_local(state, "--ephemeral", *options) as running:
        yield running


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The embedded AWS with all resources that Rollcall needs, but without Rollcall."""
    started = Emulator(0, tmp_path_factory.mktemp("emulator") / "log", None)
    started.start()
    try:
        provision(started)
        yield started
    finally:
        started.stop()
