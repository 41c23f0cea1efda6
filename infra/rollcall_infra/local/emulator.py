"""The embedded AWS: ministack in a separate process, on loopback only."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import IO, Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from rollcall.kit.clients import LINKS
from rollcall.kit.objects import StoredObject
from rollcall_infra.local.guard import local_origins
from rollcall_infra.local.state import AwsKeys, LocalProblem, LocalRun

HOST = "127.0.0.1"
REGION = "us-east-1"
START_SECONDS, STOP_SECONDS = 60, 30


def free_port() -> int:
    """A free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@cache
def make_client(service: str, url: str, keys: AwsKeys) -> Any:
    """The client of an emulator's service. Threads may share it."""
    config = Config(proxies={}, retries={"mode": "standard"}, max_pool_connections=50)
    if service == StoredObject.service:
        config = config.merge(LINKS)
    return _session().create_client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=config,
    )


def connect_to(run: LocalRun) -> Callable[[str], Any]:
    """A function that returns the client of a service of a running ``rollcall local``."""
    return lambda service: make_client(service, run.aws, run.aws_keys)


def read_signed(address: str, keys: AwsKeys, timeout: float = 10) -> bytes:
    """What an emulator answers to a GET request outside of AWS's APIs."""
    request = AWSRequest("GET", address)
    credentials = Credentials(keys.access_key_id, keys.secret_access_key)
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    signed = urllib.request.Request(address, headers=dict(request.headers.items()))  # noqa: S310 (loopback)
    with urllib.request.urlopen(signed, timeout=timeout) as answer:  # noqa: S310 (loopback)
        content: bytes = answer.read()
        return content


@cache
def _session() -> botocore.session.Session:
    # Shared: each new session reads botocore's endpoints again.
    return botocore.session.get_session()


class Emulator:
    """One running ministack with keys of its own. Its state is kept in a directory, or not at all.
    Pages of ``origins`` and its own sign-in pages can sign users in.
    """

    def __init__(
        self, port: int, log: Path, state: Path | None, origins: Iterable[str] = ()
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.keys = AwsKeys.invent()
        self._origins = local_origins(self.port).union(origins)
        self._log_path = log
        self._state = state
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def start(
        self,
        lock: int | None = None,
        *,
        check_roles: bool = False,
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        """Start the process, call ``meanwhile``, and wait until the process answers. It keeps the
        file descriptor ``lock`` open until it has written its state; unshared state needs no lock.
        With ``check_roles`` it checks every call with IAM. Raises LocalProblem if the port is in
        use or the process does not start.
        """
        with socket.socket() as probe:
            if probe.connect_ex((HOST, self.port)) == 0:
                raise LocalProblem(
                    f"Port {self.port} is in use. Specify another one with --aws-port "
                    "(0 selects a free one)."
                )
        self._log = self._log_path.open("ab")
        # In a new session: Ctrl-C must reach only this process, which stops the emulator last.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rollcall_infra.local.emulator_process"],
            env=self._environment(check_roles=check_roles),
            stdin=subprocess.PIPE,
            pass_fds=() if lock is None else (lock,),
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if meanwhile:
            meanwhile()
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """Stop the process gracefully, so that it writes its state, unless it has ended."""
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()  # this stops it
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._log is not None:
            self._log.close()

    def client(self, service: str) -> Any:
        """A client of one of its services."""
        return make_client(service, self.url, self.keys)

    def _environment(self, *, check_roles: bool) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        persistence = (
            {
                "PERSIST_STATE": "1",
                "STATE_DIR": str(self._state),
                "S3_PERSIST": "1",
                "S3_DATA_DIR": str(self._state / "s3"),
            }
            if self._state
            else {}
        )
        return {
            **kept,
            **persistence,
            "AWS_ACCESS_KEY_ID": self.keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret_access_key,
            "EMULATOR_ORIGINS": " ".join(sorted(self._origins)),
            "AUTH": "true" if check_roles else "false",
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # As on AWS, a trigger that fails rejects the sign-in.
            "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
            "LOG_LEVEL": "WARNING",
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                read_signed(f"{self.url}/_ministack/health", self.keys, timeout=2)
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            else:
                return
        self.stop()
        raise LocalProblem(f"The embedded AWS did not start. See {self._log_path} for the reason.")
