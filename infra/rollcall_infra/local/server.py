"""``rollcall local``: all of Rollcall in one process, on loopback."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

import uvicorn
from pydantic import SecretStr

from rollcall.accounts.convergence import Credential
from rollcall.accounts.first_admin import ensure_first_admin
from rollcall.kit.call import Runtime
from rollcall.kit.clock import read_clock
from rollcall.kit.errors import Problem
from rollcall.kit.job import make_call
from rollcall.kit.key_rotation import rotate_keys
from rollcall.kit.log import logger
from rollcall.kit.mail_templates import WrongTemplate, check_templates
from rollcall.kit.settings import LOGIN_URL, Settings
from rollcall.mails.catalog import MAIL_TEMPLATES
from rollcall.users.fields import normalize_email
from rollcall.users.passwords import check_password
from rollcall_infra.catalog import read_catalog
from rollcall_infra.local.background import Background
from rollcall_infra.local.emulator import HOST, REGION, Emulator
from rollcall_infra.local.gateway import STAGE, find_origins, make_gateway
from rollcall_infra.local.mailbox import mail_routes
from rollcall_infra.local.provision import Resources, provision, read_configuration
from rollcall_infra.local.sign_in import sign_in
from rollcall_infra.local.state import SERVICE, Admin, LocalProblem, LocalRun, StateDirectory
from rollcall_infra.local.verifier import TokenVerifier
from rollcall_infra.runtime import make_runtime

DEFAULT_EMAIL = "admin@example.com"


@dataclass(frozen=True)
class LocalOptions:
    """The options of the command; port 0 means any free port."""

    port: int
    aws_port: int
    state: Path
    ephemeral: bool
    allow_registration: bool
    admin_email: str | None
    admin_password: str | None
    mail_templates: Path | None
    login_url: str
    environment: str | None
    """The environment whose settings apply. None: ``local`` if it has a file, else the defaults."""
    time_scale: int
    """How many times as fast time passes. With more than 1 nothing is stored, because the next
    start would find data from its future.
    """

    @property
    def stores_nothing(self) -> bool:
        """Whether the run starts empty and stores only the logs."""
        return self.ephemeral or self.time_scale > 1


def run_local(options: LocalOptions) -> None:
    """Run until Ctrl-C or SIGTERM, then stop all processes and store the state.

    Raises LocalProblem for problems that the user of the command must fix.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    _check_mail(options)
    configuration = read_configuration(options.environment)
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(options.port))
        state = _open_state(options, stack)
        port = listener.getsockname()[1]
        admin = _choose_admin(options, state, configuration.password_minimum_length)
        emulator = _start_emulator(
            options, state, find_origins(port, configuration.allowed_origin), stack
        )
        resources = provision(emulator, configuration, time_scale=options.time_scale)
        runtime = make_runtime(emulator.client, _with_options(resources.settings, options))
        rotate_keys(runtime.keys, runtime.clock())
        _make_admin(runtime, emulator, resources, admin, given=options.admin_password is not None)
        if not options.stores_nothing:
            state.write_admin(admin)
        background = Background(runtime, emulator.client("dynamodbstreams"), resources.stream_arn)
        background.start()
        stack.callback(background.stop)
        run = _describe(port, emulator, resources, admin, options.environment)
        server = _make_server(run, runtime)
        listener.listen()  # who reads local.json can connect, and waits for the server
        state.write_run(run)
        _greet(run, state.path, options)
        server.run(sockets=[listener])


def _check_mail(options: LocalOptions) -> None:
    try:
        if options.mail_templates:
            check_templates(options.mail_templates, MAIL_TEMPLATES)
    except WrongTemplate as error:
        raise LocalProblem(str(error)) from error
    if not re.fullmatch(LOGIN_URL, options.login_url):
        raise LocalProblem(f"{options.login_url} is not the URL of a sign-in page.")


def _with_options(settings: Settings, options: LocalOptions) -> Settings:
    """The settings with what the command-line options replace."""
    folder = str(options.mail_templates.absolute()) if options.mail_templates else ""
    given = {
        "allow_registration": options.allow_registration or settings.allow_registration,
        "mail_templates": folder,
        "login_url": options.login_url,
    }
    return settings.model_copy(update=given)


def _open_state(options: LocalOptions, stack: ExitStack) -> StateDirectory:
    state = StateDirectory(options.state)
    stack.callback(state.close)
    state.open()
    _log_to(stack.enter_context(state.functions_log.open("a")))
    return state


def _start_emulator(
    options: LocalOptions, state: StateDirectory, origins: frozenset[str], stack: ExitStack
) -> Emulator:
    _say("Starting the embedded AWS …")
    kept = None if options.stores_nothing else state.aws
    emulator = Emulator(options.aws_port, state.aws_log, kept, origins)
    stack.callback(emulator.stop)
    stack.callback(_say, "Stopping …")
    emulator.start(state.lock(), meanwhile=read_catalog)
    return emulator


def _make_server(run: LocalRun, runtime: Runtime) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            make_gateway(
                runtime,
                _make_verifier(run, runtime.settings),
                run.service.token_url,
                find_origins(urlsplit(run.api).port or 80, runtime.settings.allowed_origin),
                mail_routes(run.aws, run.aws_keys),
            ),
            log_config=None,
            lifespan="off",
            server_header=False,
            # There is no proxy, so X-Forwarded-For is only what a caller claims.
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        )
    )


def _log_to(log: TextIO) -> None:
    """Write the functions' structured logs to the log and not to the terminal."""
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(log)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise LocalProblem(
                f"Port {port} cannot be used ({error.strerror}). Specify another one with --port "
                "(0 selects a free one)."
            ) from error
        yield listener


def _choose_admin(options: LocalOptions, state: StateDirectory, shortest: int) -> Admin:
    """The first admin, whose password has at least so many characters."""
    try:
        email = normalize_email(options.admin_email) if options.admin_email else None
        if options.admin_password is not None:
            check_password(SecretStr(options.admin_password), shortest)
    except ValueError as error:
        raise LocalProblem(str(error)) from error
    kept = None if options.stores_nothing else state.read_admin()
    if kept is None or (email and email != kept.email) or len(kept.password) < shortest:
        kept = Admin.with_random_password(email or DEFAULT_EMAIL, shortest)
    return Admin(email=kept.email, password=options.admin_password or kept.password)


def _make_admin(
    runtime: Runtime, emulator: Emulator, resources: Resources, admin: Admin, *, given: bool
) -> None:
    """Create the first admin, or set the given password for the existing one."""
    credential = Credential(SecretStr(admin.password), permanent=True)
    # In real time, because the requests here would take a long time on the scaled clock.
    call = make_call("create_first_admin", replace(runtime, clock=read_clock))
    cognito, client_id = emulator.client("cognito-idp"), resources.client_id
    try:
        is_admin = ensure_first_admin(call, admin.email, credential, renew=given)
        sign_in(cognito, client_id, admin.email, admin.password)
    except (Problem, LocalProblem) as error:
        raise _no_admin(admin, str(error).rstrip(".")) from error
    if not is_admin:
        raise _no_admin(admin, "there are other admins")


def _no_admin(admin: Admin, why: str) -> LocalProblem:
    return LocalProblem(
        f"{admin.email} cannot be the admin of this state ({why}). Specify --admin-password, the "
        "--admin-email of an existing admin, or another --state."
    )


def _describe(
    port: int, emulator: Emulator, resources: Resources, admin: Admin, environment: str | None
) -> LocalRun:
    return LocalRun(
        api=f"http://{HOST}:{port}/{STAGE}",
        aws=emulator.url,
        aws_keys=emulator.keys,
        region=REGION,
        user_pool_id=resources.settings.user_pool_id,
        client_id=resources.client_id,
        table=resources.settings.table_name,
        admin=admin,
        service=resources.services[SERVICE],
        services=resources.services,
        environment=environment,
        pid=os.getpid(),
    )


def _make_verifier(run: LocalRun, settings: Settings) -> TokenVerifier:
    return TokenVerifier(
        jwks_url=f"{run.aws}/{run.user_pool_id}/.well-known/jwks.json",
        issuer=f"https://cognito-idp.{run.region}.amazonaws.com/{run.user_pool_id}",
        settings=settings,
    )


def _greet(run: LocalRun, state: Path, options: LocalOptions) -> None:
    root = run.api.removesuffix(f"/{STAGE}")
    rollcall = Path(sys.executable).with_name("rollcall")
    kept = "only logs are stored" if options.stores_nothing else "stored for the next start"
    _say(f"""
Rollcall is ready.

  API       {run.api}
  Docs      {root}/docs
  Mail      {root}/mail
  AWS       {run.aws}   (user pool {run.user_pool_id}, table {run.table}; keys: local.json)
  Admin     {run.admin.email}   {run.admin.password}
  Services  {rollcall} token --service --state {state}   (for {run.api}/system)
  State     {state}   ({kept}; logs: functions.log, aws.log)

Try it in another terminal:

  export API={run.api} TOKEN=$({rollcall} token --state {state})
  curl -s "$API/me" -H "Authorization: Bearer $TOKEN"
  curl -s "$API/admin/users" -H "Authorization: Bearer $TOKEN" \\
    -H "Content-Type: application/json" \\
    -d '{{"email": "newuser@example.com", "name": "New User", "temporaryPassword": "TempPass123!"}}'
  curl -s "$API/groups" -H "Authorization: Bearer $TOKEN"

Press Ctrl-C to stop.
""")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (a command talks to its user)
