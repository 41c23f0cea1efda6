"""The ``rollcall`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rollcall.kit.errors import WrongDeclaration
from rollcall_infra.local.state import (
    DEFAULT_DIRECTORY,
    SERVICE,
    LocalProblem,
    LocalRun,
    Service,
    StateDirectory,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ARRIVAL_SECONDS = 10
FASTEST = 100_000
"""At this scale a second is more than a day. Stream reactions cannot keep up with a higher one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Problems are reported on one line of standard error, with exit code 1."""
    options = _make_parser().parse_args(arguments)
    if not getattr(options, "prefix", None):
        _forget_settings()
    try:
        options.run(options)
        sys.stdout.flush()
    except (LocalProblem, WrongDeclaration) as problem:
        print(f"rollcall: {problem}", file=sys.stderr)  # noqa: T201 (a command talks to its user)
        return 1
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        # The reader, such as head, has closed the pipe. Python would flush again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _forget_settings() -> None:
    """Remove the shell's AWS and proxy settings, which must not apply on loopback."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rollcall",
        description="User administration for applications on AWS, on one machine.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_local(commands.add_parser("local", help="run everything on this machine"))
    _add_token(commands.add_parser("token", help="print an access token for the running Rollcall"))
    _add_mail(commands.add_parser("mail", help="print the last mail that was sent to an address"))
    _add_demo(commands.add_parser("demo", help="fill the running Rollcall with people"))
    _add_adopt(commands.add_parser("adopt", help="create users for the accounts of a user pool"))
    _add_react(commands.add_parser("react", help="repeat reactions to journal entries"))
    _add_attach(
        commands.add_parser("attach-trigger", help="set the trigger in an existing user pool")
    )
    _add_restore(commands.add_parser("restore", help="bring users back from a restored table"))
    listing = commands.add_parser(
        "operations", help="list every operation and the data that it reads and writes"
    )
    _add_functions(listing)
    listing.set_defaults(run=_print_operations)
    return parser


def _add_local(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Start the embedded AWS and the API on loopback, print how to use them, and run until "
        "Ctrl-C. The data is stored for the next start."
    )
    add = parser.add_argument
    add(
        "--port", type=_port, default=8000, help="port of the API, 0 for a free one (default: 8000)"
    )
    add(
        "--aws-port",
        type=_port,
        default=4566,
        help="port of the embedded AWS, 0 for a free one (default: 4566)",
    )
    _add_state(parser, "directory for all data, local.json and the logs")
    add(
        "--environment",
        metavar="NAME",
        help="environment whose settings apply, such as prod for environments/prod.json "
        "(default: local if it has a file, otherwise the default settings)",
    )
    add("--ephemeral", action="store_true", help="start empty and store only the logs")
    add("--allow-registration", action="store_true", help="allow self-registration")
    add("--admin-email", metavar="E", help="email of the first admin (default: admin@example.com)")
    add(
        "--admin-password",
        metavar="P",
        help="password of the first admin (default: random, then stored)",
    )
    add(
        "--mail-templates",
        type=Path,
        metavar="DIR",
        help="directory of mail templates that replace the built-in ones",
    )
    add("--login-url", default="", metavar="URL", help="sign-in page that mails link to")
    add(
        "--time-scale",
        type=_time_scale,
        default=1,
        metavar="N",
        help="run the clock N times as fast and store nothing; at 10000, a minute is a week",
    )
    _add_functions(parser)
    parser.set_defaults(run=_run_local)


def _add_token(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Print only an access token, for use as TOKEN=$(rollcall token). The token belongs to a "
        "user or, with --service, to a service that calls the system API."
    )
    add = parser.add_argument
    add("--email", metavar="E", help="email of the user who signs in (default: the first admin)")
    add(
        "--password",
        metavar="P",
        help="password of that user (default for the first admin: the stored one)",
    )
    add("--new-password", metavar="P", help="new password that replaces a temporary one")
    add(
        "--service",
        nargs="?",
        const=SERVICE,
        metavar="NAME",
        help="print a service's token for the system API: one of serviceClients in the "
        "environment's file (default: a service with all scopes, sources and types)",
    )
    _add_state(parser, "state directory of the running rollcall local")
    parser.set_defaults(run=_print_token)


def _add_mail(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        f"Print the text of the last mail to an address. Waits up to {ARRIVAL_SECONDS} seconds for "
        "the first one, because mails are sent after the response."
    )
    parser.add_argument("--to", required=True, metavar="E", help="address of the recipient")
    _add_state(parser, "state directory of the running rollcall local")
    parser.set_defaults(run=_print_mail)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Fill the running rollcall local with 200 fictitious people in groups and organizations, "
        "with a year of sign-ins, invitations, notes and workspaces. You can repeat the command: "
        "it skips people who exist."
    )
    _add_state(parser, "state directory of the running rollcall local")
    parser.set_defaults(run=_run_demo)


def _add_adopt(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show which accounts of the user pool would become users, and why others would not. With "
        "--apply, create the users. Passwords and sessions do not change, and no mail is sent. You "
        "can repeat the command: it skips accounts that are already adopted."
    )
    add = parser.add_argument
    add("--apply", action="store_true", help="create the users")
    add(
        "--trust-addresses",
        action="store_true",
        help="treat unverified addresses of the pool as verified",
    )
    _add_plan(parser, "accounts")
    parser.set_defaults(run=_adopt)


def _add_restore(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Compare a table that DynamoDB has restored from a backup with the table in use, and show "
        "what would come back, what would be changed back and what stays. With --apply, restore "
        "it. Each restored entity is a new version with an entry in the journal. Nothing that was "
        "created since is removed; users who were permanently deleted since stay deleted; ended "
        "sessions stay ended. You can repeat the command: it continues where it stopped."
    )
    add = parser.add_argument
    add(
        "--from",
        dest="backup",
        required=True,
        metavar="TABLE",
        help="name of the restored table, from restore-table-to-point-in-time",
    )
    add(
        "--user",
        metavar="ID",
        help="restore only this user, with notes, grants and resources (default: everything)",
    )
    add(
        "--include-erased",
        action="store_true",
        help="also restore users who were permanently deleted since, with their personal data",
    )
    add("--apply", action="store_true", help="restore; requires --reason")
    _add_plan(parser, "entities")
    parser.set_defaults(run=_restore)


def _add_plan(parser: argparse.ArgumentParser, rows: str) -> None:
    """The options of the commands that show a plan and then apply it."""
    add = parser.add_argument
    _add_prefix(parser)
    add("--reason", metavar="R", help="reason to record in the journal")
    add("--plan", type=Path, metavar="FILE", help=f"write all {rows} to this file, as JSON Lines")
    add(
        "--json",
        dest="as_json",
        action="store_true",
        help=f"print all {rows} as JSON Lines instead of a summary",
    )
    _add_functions(parser)
    _add_state(parser, "state directory of the running rollcall local")


def _add_prefix(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prefix",
        metavar="P",
        help="prefix of the deployment on AWS, such as rollcall; uses the shell's credentials "
        "(default: the running rollcall local)",
    )


def _add_attach(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show how the settings of the deployment's user pool would change to have its pre token "
        "generation trigger. With --apply, change them; all other settings stay. You can repeat "
        "the command. Only a pool that existed before the deployment needs it."
    )
    add = parser.add_argument
    add(
        "--prefix",
        required=True,
        metavar="P",
        help="prefix of the deployment on AWS, such as rollcall; uses the shell's credentials",
    )
    add("--apply", action="store_true", help="attach the trigger")
    add("--replace", action="store_true", help="replace another trigger of the pool")
    parser.set_defaults(run=_attach)


def _add_react(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show which journal entries a reaction would receive again, of a period or from the "
        "dead-letter queue. With --apply, invoke it. You can repeat the command: a reaction does "
        "nothing twice."
    )
    add = parser.add_argument
    _add_prefix(parser)
    add("--reaction", metavar="NAME", help="the reaction, such as notify_user")
    add("--since", type=_time, metavar="T", help="first time, as 2026-01-31T12:00:00Z")
    add("--until", type=_time, metavar="T", help="time after the last one (default: now)")
    add("--dead-letters", action="store_true", help="repeat what is in the dead-letter queue")
    add("--apply", action="store_true", help="invoke the reaction")
    _add_state(parser, "state directory of the running rollcall local")
    parser.set_defaults(run=_react)


def _add_state(parser: argparse.ArgumentParser, purpose: str) -> None:
    help_text = f"{purpose} (default: {DEFAULT_DIRECTORY})"
    parser.add_argument(
        "--state", type=Path, default=DEFAULT_DIRECTORY, metavar="DIR", help=help_text
    )


def _add_functions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--functions",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="further directory of operations, jobs and reactions; can be repeated",
    )


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port; specify a number from 0 to 65535")
    return port


def _time(text: str) -> datetime:
    from rollcall.kit.times import read_time_or_date  # noqa: PLC0415 (a second for --help)

    try:
        return read_time_or_date(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text} is not a time; specify one as 2026-01-31T12:00:00Z"
        ) from None


def _time_scale(text: str) -> int:
    scale = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= scale <= FASTEST:
        raise argparse.ArgumentTypeError(
            f"{text} is not a time scale; specify a number from 1 to {FASTEST}"
        )
    return scale


def _run_local(options: argparse.Namespace) -> None:
    from rollcall_infra.local.server import LocalOptions, run_local  # noqa: PLC0415 (a second for --help)

    run_local(_collect(LocalOptions, options))


def _print_token(options: argparse.Namespace) -> None:
    from rollcall_infra.local.sign_in import get_service_token  # noqa: PLC0415 (a second for --help)

    if options.service and (options.email or options.password or options.new_password):
        raise LocalProblem(
            "--service cannot be combined with --email, --password or --new-password."
        )
    run = StateDirectory(options.state).read_run()
    if options.service:
        token = get_service_token(_find_service(run, options.service))
    else:
        token = _sign_in(options, run)
    print(token)  # noqa: T201 (a command talks to its user)


def _find_service(run: LocalRun, name: str) -> Service:
    if name not in run.services:
        raise LocalProblem(
            f"There is no service {name}. Use one of: {', '.join(run.services)}; or add it to "
            "serviceClients in the environment's file and start Rollcall again."
        )
    return run.services[name]


def _sign_in(options: argparse.Namespace, run: LocalRun) -> str:
    from rollcall_infra.local.emulator import connect_to  # noqa: PLC0415 (a second for --help)
    from rollcall_infra.local.sign_in import sign_in  # noqa: PLC0415 (a second for --help)

    email = (options.email or run.admin.email).strip().lower()
    password = options.password
    if password is None:
        if email != run.admin.email:
            raise LocalProblem(f"Specify the password of {email} with --password.")
        password = run.admin.password
    cognito = connect_to(run)("cognito-idp")
    return sign_in(cognito, run.client_id, email, password, options.new_password)


def _print_mail(options: argparse.Namespace) -> None:
    from rollcall_infra.local.mailbox import wait_for_mail  # noqa: PLC0415 (a second for --help)

    run = StateDirectory(options.state).read_run()
    mail = wait_for_mail(run, options.to.strip().lower(), ARRIVAL_SECONDS)
    print(mail.text.strip())  # noqa: T201 (a command talks to its user)


def _run_demo(options: argparse.Namespace) -> None:
    from rollcall_infra.local.demo import run_demo  # noqa: PLC0415 (a second for --help)

    run_demo(StateDirectory(options.state).read_run())


def _adopt(options: argparse.Namespace) -> None:
    from rollcall_infra.adopt import AdoptionOptions, run_adoption  # noqa: PLC0415 (a second for --help)

    run_adoption(_collect(AdoptionOptions, options))


def _react(options: argparse.Namespace) -> None:
    from rollcall_infra.react import ReactOptions, run_react  # noqa: PLC0415 (a second for --help)

    run_react(_collect(ReactOptions, options))


def _attach(options: argparse.Namespace) -> None:
    from rollcall_infra.attach_trigger import AttachOptions, run_attach_trigger  # noqa: PLC0415 (a second for --help)

    run_attach_trigger(_collect(AttachOptions, options))


def _restore(options: argparse.Namespace) -> None:
    from rollcall_infra.restore import RestoreOptions, run_restore  # noqa: PLC0415 (a second for --help)

    run_restore(_collect(RestoreOptions, options))


def _collect[O: DataclassInstance](kind: type[O], options: argparse.Namespace) -> O:
    """The options of a command as a dataclass whose fields are named after the options."""
    return kind(**{each.name: getattr(options, each.name) for each in fields(kind)})


def _print_operations(options: argparse.Namespace) -> None:
    from rollcall_infra.catalog import read_catalog  # noqa: PLC0415 (a second for --help)
    from rollcall_infra.operations_table import format_operations  # noqa: PLC0415 (a second for --help)

    catalog = read_catalog(*options.functions)
    print(format_operations(catalog.operations))  # noqa: T201 (a command talks to its user)
