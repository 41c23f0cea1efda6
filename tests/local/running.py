"""``rollcall local`` in a separate process, started as from a shell."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from rollcall_infra.local.emulator import make_client
from rollcall_infra.local.mailbox import read_mails
from rollcall_infra.local.sign_in import sign_in
from rollcall_infra.local.state import AwsKeys
from tests.api.acceptance import wait_for
from tests.installed import Installation

START_SECONDS = 60
RENEWED_AFTER = 10 * 60
UNHELPFUL = {"AWS_PROFILE": "a-profile-that-is-not-there", "HTTP_PROXY": "http://127.0.0.1:9"}
"""Settings of the shell that must have no effect."""
_SCRIPT = ("-c", "import sys; from rollcall_infra.local.cli import main; sys.exit(main())")
_COMMAND = (sys.executable, *_SCRIPT)


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``rollcall`` until it ends."""
    return subprocess.run(
        [*_COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def run_unread(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``rollcall`` with a closed output pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as output:
        return subprocess.run(
            [*_COMMAND, *arguments],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )


@dataclass
class LocalRollcall:
    """A running ``rollcall local``."""

    process: subprocess.Popen[str]
    state: Path
    output: Path
    _admin_token: str = ""
    _signed_in_at: float = -math.inf

    @property
    def described(self) -> dict[str, Any]:
        """The content of its ``local.json``."""
        found: dict[str, Any] = json.loads((self.state / "local.json").read_text())
        return found

    @property
    def api(self) -> str:
        """The address of the API."""
        return str(self.described["api"])

    def token(self, *arguments: str) -> str:
        """The output of ``rollcall token``."""
        done = run_command("token", "--state", str(self.state), *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def aws_keys(self) -> AwsKeys:
        """The keys of the embedded AWS."""
        return AwsKeys.model_validate(self.described["awsKeys"])

    def aws(self, service: str) -> Any:
        """A client of the embedded AWS."""
        return make_client(service, self.described["aws"], self.aws_keys)

    @property
    def admin_token(self) -> str:
        """The admin's access token, from a sign-in of the last ten minutes: it expires after 15."""
        if time.monotonic() - self._signed_in_at > RENEWED_AFTER:
            run = self.described
            self._admin_token = sign_in(
                self.aws("cognito-idp"),
                run["clientId"],
                run["admin"]["email"],
                run["admin"]["password"],
            )
            self._signed_in_at = time.monotonic()
        return self._admin_token

    def client(self, token: str | None = None) -> httpx.Client:
        """A client of the API with this token or as the admin."""
        headers = {"Authorization": f"Bearer {token or self.admin_token}"}
        return calling_from("127.0.0.1", self.api, headers)

    def mailed_token(self, email: str) -> str:
        """The token in the link of the last mail to this address; waits for the mail."""
        return wait_for(lambda: self._find_token(email))

    def _find_token(self, email: str) -> str:
        mails = read_mails(self.described["aws"], self.aws_keys)
        texts = [each.text for each in mails if each.to == email]
        found = re.findall(r"(?:inv|reg)_[0-9a-z]{26}_[0-9a-f]{64}", "\n".join(texts))
        return str(found[0]) if found else ""

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Stop it. Returns its exit code and its output."""
        self.process.send_signal(sent)
        return self.process.wait(60), self.printed

    @property
    def printed(self) -> str:
        """Its output until now."""
        return self.output.read_text()


def calling_from(address: str, api: str, headers: dict[str, str] | None = None) -> httpx.Client:
    """A client at another loopback address: anonymous callers are throttled by address."""
    transport = httpx.HTTPTransport(local_address=address, verify=False)
    return httpx.Client(base_url=api, headers=headers, timeout=30, transport=transport)


@contextmanager
def start_local(
    state: Path, *arguments: str, installed: Installation | None = None
) -> Iterator[LocalRollcall]:
    """Start it on free ports, from this repository or from an installed wheel in its project, wait
    until it is ready, and stop it at the end.
    """
    # Not a pipe: nothing reads it meanwhile, and a full pipe would block the server.
    output = state / "printed.txt"
    with output.open("w") as out:
        process = subprocess.Popen(
            [
                *(installed.python if installed else (sys.executable,)),
                *_SCRIPT,
                "local",
                "--port",
                "0",
                "--aws-port",
                "0",
                "--state",
                str(state),
                *arguments,
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            env={**(installed.environment if installed else os.environ), **UNHELPFUL},
            cwd=installed.project if installed else None,
        )
    running = LocalRollcall(process, state, output)
    try:
        _wait_until_ready(running)
        yield running
    finally:
        if process.poll() is None:
            running.stop()


def _wait_until_ready(running: LocalRollcall) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(running):
        if running.process.poll() is not None or time.monotonic() > deadline:
            running.process.kill()
            raise AssertionError(running.printed)
        time.sleep(0.05)


def _is_ready(running: LocalRollcall) -> bool:
    # A killed process leaves its local.json behind until the next start.
    written = running.state / "local.json"
    return written.exists() and running.described["pid"] == running.process.pid
