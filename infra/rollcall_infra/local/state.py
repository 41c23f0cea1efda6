"""The state directory: the data that ``rollcall local`` stores and that other commands read."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import time
from pathlib import Path
from typing import IO, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from rollcall.kit.model import camel_case

DEFAULT_DIRECTORY = Path(".rollcall")
SERVICE = "service"
"""The built-in service, with all scopes, sources and types."""
RELEASE_SECONDS = 30
"""How long the embedded AWS may take to write its state."""


class LocalProblem(Exception):
    """A problem that stops ``rollcall``; its message is for the user of the command."""


class _Document(BaseModel):
    model_config = ConfigDict(alias_generator=camel_case, validate_by_name=True, frozen=True)


class Admin(_Document):
    """The first admin's credentials on this machine."""

    email: str
    password: str

    @classmethod
    def with_random_password(cls, email: str, length_at_least: int = 0) -> Self:
        """An admin with a random password that meets the password policy."""
        random = secrets.token_urlsafe(max(12, length_at_least))
        return cls(email=email, password=f"Rc-{random}-7")


class AwsKeys(_Document):
    """The access keys of one run of the embedded AWS."""

    access_key_id: str
    secret_access_key: str

    @classmethod
    def invent(cls) -> Self:
        """Random keys in the form of AWS's."""
        letters = base64.b32encode(secrets.token_bytes(10)).decode()
        return cls(access_key_id=f"AKIA{letters}", secret_access_key=secrets.token_urlsafe(30))


class Service(_Document):
    """The credentials of a service on this machine, and its token endpoint."""

    client_id: str
    client_secret: str
    token_url: str


class LocalRun(_Document):
    """The content of ``local.json`` while Rollcall runs and is ready."""

    api: str
    aws: str
    aws_keys: AwsKeys
    region: str
    user_pool_id: str
    client_id: str
    table: str
    admin: Admin
    service: Service
    """The built-in service."""
    services: dict[str, Service]
    """All services, by name: those of ``serviceClients`` and the built-in one."""
    environment: str | None
    """The environment whose settings apply, as ``--environment`` named it."""
    pid: int


class StateDirectory:
    """One directory, used by one ``rollcall local`` at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.aws = self.path / "aws"
        self.aws_log = self.path / "aws.log"
        self.functions_log = self.path / "functions.log"
        self._run_file = self.path / "local.json"
        self._admin_file = self.path / "admin.json"
        self._lock: IO[str] | None = None

    def open(self) -> None:
        """Create or lock the directory. Raises LocalProblem if that fails, if another process uses
        the directory, or if a file in it is damaged.
        """
        try:
            self.aws.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            lock = (self.path / "lock").open("a")
        except OSError as error:
            raise LocalProblem(
                f"The state directory {self.path} cannot be used: {error.strerror}."
            ) from error
        self._acquire(lock)
        self._lock = lock
        self._run_file.unlink(missing_ok=True)
        self._check_whole()

    def lock(self) -> int:
        """The file descriptor of the lock, held by the processes that use this directory."""
        if self._lock is None:
            raise LocalProblem(f"The state directory {self.path} is not open.")
        return self._lock.fileno()

    def close(self) -> None:
        """Remove ``local.json`` and release the lock."""
        if self._lock is not None:
            self._run_file.unlink(missing_ok=True)
            self._lock.close()

    def read_run(self) -> LocalRun:
        """The running Rollcall of this directory. Raises LocalProblem if there is none."""
        run = self._find_run()
        if run is None or not _is_alive(run.pid):
            raise LocalProblem(
                f"Rollcall is not running on {self.path}. Start it with: rollcall local"
            )
        return run

    def _find_run(self) -> LocalRun | None:
        try:
            return LocalRun.model_validate_json(self._run_file.read_text())
        except (OSError, ValidationError):
            return None

    def write_run(self, run: LocalRun) -> None:
        """Write ``local.json``, which shows that Rollcall is ready and where."""
        self._write(self._run_file, run)

    def read_admin(self) -> Admin | None:
        """The admin of an earlier start."""
        if not self._admin_file.exists():
            return None
        try:
            return Admin.model_validate_json(self._admin_file.read_text())
        except (OSError, ValueError) as error:
            raise self._damaged(self._admin_file) from error

    def write_admin(self, admin: Admin) -> None:
        """Store the admin for the next start."""
        self._write(self._admin_file, admin)

    def _write(self, file: Path, document: _Document) -> None:
        # Written atomically and readable only by its owner, because it contains secrets.
        draft = file.with_suffix(".tmp")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(document.model_dump_json(by_alias=True, indent=2) + "\n")
        draft.replace(file)

    def _check_whole(self) -> None:
        # The emulator would ignore a damaged file, start empty and overwrite the file at its end.
        for file in self.aws.glob("*.json"):
            try:
                json.loads(file.read_text())
            except (OSError, ValueError) as error:
                raise self._damaged(file) from error

    def _damaged(self, file: Path) -> LocalProblem:
        return LocalProblem(
            f"The state file {file} is damaged. Restore it, or delete {self.path} to start again."
        )

    def _acquire(self, lock: IO[str]) -> None:
        deadline = time.monotonic() + RELEASE_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                run = self._find_run()
                if run and not _is_alive(run.pid) and time.monotonic() < deadline:
                    time.sleep(
                        0.1
                    )  # that run was killed, and its embedded AWS still writes the state
                    continue
                lock.close()
                raise LocalProblem(
                    f"Another rollcall local is using {self.path}. Stop it, or specify another "
                    "--state."
                ) from error
            else:
                return


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is alive, but belongs to another user
        pass
    return True
