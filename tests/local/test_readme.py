"""The READMEs' sessions work as a newcomer pastes them, and can be pasted again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.running import LocalRollcall, start_local
from tests.test_documentation import FENCE, READMES, ROOT

MARK = "<!-- tests/local/test_readme.py pastes "
SHELLS = {"bash": ("--norc", "-i"), "zsh": ("--no-rcs", "-i")}
INSTALLED = [each for each in SHELLS if shutil.which(each)]
HEADING = re.compile(r"^##+ ", re.M)
COMMENT = re.compile(r"(^|\s)#(\s|$)")
SINGLE_QUOTED = re.compile(r"'[^']*'")
DOUBLE_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def shell_blocks(readme: Path) -> list[str]:
    """The blocks that a reader pastes into a shell."""
    return [each["code"] for each in FENCE.finditer(readme.read_text()) if each["language"] == "sh"]


def pasted_blocks() -> list[str]:
    """The marked blocks, in the order of reading: from each mark to the next heading."""
    texts = [(ROOT / name).read_text() for name in ("README.md", "functions/README.md")]
    parts = [part for text in texts for part in text.split(MARK)[1:]]
    sections = [HEADING.split(part, maxsplit=1)[0] for part in parts]
    return [each["code"] for section in sections for each in FENCE.finditer(section)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, LocalRollcall]]:
    """A folder that looks like a checkout in which ``rollcall local`` runs."""
    checkout = tmp_path_factory.mktemp("checkout")
    (checkout / ".venv").symlink_to(sys.prefix)
    state = checkout / ".rollcall"
    state.mkdir()
    with start_local(state) as running:
        yield checkout, running


@pytest.mark.parametrize("shell", INSTALLED)
def test_sessions_can_be_pasted_twice(folder: tuple[Path, LocalRollcall], shell: str) -> None:
    checkout, running = folder
    assert pasted_blocks()
    pasted = "\n".join(pasted_blocks()).replace("http://127.0.0.1:8000/api", running.api)

    for _ in range(2):
        done = subprocess.run(
            [shell, *SHELLS[shell]],
            input=pasted,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=checkout,
        )
        assert "urn:rollcall:problem" not in done.stdout
        assert "null" not in done.stdout.split()
        assert "Renamed User" in done.stdout
        assert "New Colleague" in done.stdout
        failures = [
            line
            for line in done.stderr.splitlines()
            if re.match(r"(curl|jq|rollcall|grep)\b.*:|.*(not found|error)", line)
        ]
        assert failures == []


@pytest.mark.parametrize("readme", READMES, ids=lambda each: str(each.relative_to(ROOT)))
def test_blocks_mean_the_same_in_bash_and_zsh(readme: Path) -> None:
    """An interactive zsh runs comments as commands, and both shells expand ``!`` in double quotes.
    ``read -p`` reads from a coprocess in zsh.
    """
    for block in shell_blocks(readme):
        assert not COMMENT.search(block), f"Write the comment above the block: {block}"
        assert not re.search(r"\bread\b.* -p", block)
        for quoted in DOUBLE_QUOTED.findall(SINGLE_QUOTED.sub("", block)):
            assert "!" not in quoted, f"Use single quotes: {quoted}"
