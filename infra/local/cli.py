"""The ``rollcall`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.local.state import DEFAULT_DIRECTORY, LocalProblem, LocalRun, StateDirectory

FASTEST = 100_000
"""With it, a second is more than a day; what follows the journal could not keep up with more."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; a problem is one sentence on standard error and exit code 1."""
    options = _make_parser().parse_args(arguments)
    if not getattr(options, "prefix", None):
        _forget_settings()
    try:
        options.run(options)
        sys.stdout.flush()
    except LocalProblem as problem:
        print(f"rollcall: {problem}", file=sys.stderr)  # noqa: T201 (a command talks to its user)
        return 1
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        # Whoever reads has seen enough, as head; Python would try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _forget_settings() -> None:
    """What this shell is set to for the real AWS or for a proxy must not matter on loopback."""
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
    _add_adopt(commands.add_parser("adopt", help="make users of the accounts that a pool has"))
    listing = commands.add_parser("operations", help="list every operation and what it may touch")
    listing.set_defaults(run=_print_operations)
    return parser


def _add_local(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Start the embedded AWS and the API on loopback, print how to use them, and run until "
        "Ctrl-C. The next start has every user again."
    )
    add = parser.add_argument
    add("--port", type=_port, default=8000, help="of the API; 0: any free one (default: 8000)")
    add("--aws-port", type=_port, default=4566, help="of the embedded AWS; 0: any (default: 4566)")
    add(
        "--state",
        type=Path,
        default=DEFAULT_DIRECTORY,
        metavar="DIR",
        help="where everything is kept, and local.json and logs are (default: .rollcall)",
    )
    add("--ephemeral", action="store_true", help="start empty and keep nothing but the logs")
    add("--allow-registration", action="store_true", help="let people register by themselves")
    add("--admin-email", metavar="E", help="the first admin (default: admin@example.com)")
    add("--admin-password", metavar="P", help="that admin's password (default: a random one, kept)")
    add("--mail-templates", type=Path, metavar="DIR", help="templates of mails in place of ours")
    add("--login-url", default="", metavar="URL", help="where mails say that people sign in")
    add(
        "--time-scale",
        type=_time_scale,
        default=1,
        metavar="N",
        help="let time pass N times as fast, and keep nothing: 10000 is a week a minute",
    )
    parser.set_defaults(run=_run_local)


def _add_token(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Print an access token and nothing else, for: TOKEN=$(rollcall token). It is somebody's "
        "who signs in, or with --service that of a service, which has every scope of the system "
        "API."
    )
    add = parser.add_argument
    add("--email", metavar="E", help="who signs in (default: the admin)")
    add("--password", metavar="P", help="(default, for the admin: the one that was printed)")
    add("--new-password", metavar="P", help="what a temporary password is changed to")
    add("--service", action="store_true", help="of a service, for the system API, and of nobody")
    add(
        "--state",
        type=Path,
        default=DEFAULT_DIRECTORY,
        metavar="DIR",
        help="of the running rollcall local (default: .rollcall)",
    )
    parser.set_defaults(run=_print_token)


def _add_adopt(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show which accounts of the user pool would become users, and which not and why; with "
        "--apply let them. Passwords and sessions stay as they are, and nobody is mailed. Whoever "
        "is adopted is known when it is run again."
    )
    add = parser.add_argument
    add(
        "--prefix",
        metavar="P",
        help="of the deployment on AWS, as rollcall, with this shell's credentials (default: the "
        "running rollcall local)",
    )
    add("--apply", action="store_true", help="carry it out")
    add("--reason", metavar="R", help="why, in your words; kept in the journal")
    add(
        "--trust-addresses",
        action="store_true",
        help="let addresses count as confirmed that the pool does not call so",
    )
    add("--plan", type=Path, metavar="FILE", help="write every account there, as JSON Lines")
    add("--json", action="store_true", help="print every account, and no summary")
    add(
        "--state",
        type=Path,
        default=DEFAULT_DIRECTORY,
        metavar="DIR",
        help="of the running rollcall local (default: .rollcall)",
    )
    parser.set_defaults(run=_adopt)


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port; give 0 to 65535")
    return port


def _time_scale(text: str) -> int:
    scale = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= scale <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text} is no time scale; give 1 to {FASTEST}")
    return scale


def _run_local(options: argparse.Namespace) -> None:
    from infra.local.server import LocalOptions, run_local  # noqa: PLC0415 (a second for --help)

    run_local(
        LocalOptions(
            port=options.port,
            aws_port=options.aws_port,
            state=options.state,
            ephemeral=options.ephemeral,
            allow_registration=options.allow_registration,
            admin_email=options.admin_email,
            admin_password=options.admin_password,
            mail_templates=options.mail_templates,
            login_url=options.login_url,
            time_scale=options.time_scale,
        )
    )


def _print_token(options: argparse.Namespace) -> None:
    from infra.local.sign_in import get_service_token  # noqa: PLC0415 (a second for --help)

    if options.service and (options.email or options.password or options.new_password):
        raise LocalProblem("A service does not sign in; give --service without --email and so on.")
    run = StateDirectory(options.state).read_run()
    token = get_service_token(run.service) if options.service else _sign_in(options, run)
    print(token)  # noqa: T201 (a command talks to its user)


def _sign_in(options: argparse.Namespace, run: LocalRun) -> str:
    from infra.local.emulator import make_client  # noqa: PLC0415 (a second for --help)
    from infra.local.sign_in import sign_in  # noqa: PLC0415 (likewise)

    email = (options.email or run.admin.email).strip().lower()
    password = options.password
    if password is None:
        if email != run.admin.email:
            raise LocalProblem(f"Give the password of {email} with --password.")
        password = run.admin.password
    cognito = make_client("cognito-idp", run.aws)
    return sign_in(cognito, run.client_id, email, password, options.new_password)


def _adopt(options: argparse.Namespace) -> None:
    from infra.adopt import AdoptionOptions, run_adoption  # noqa: PLC0415 (a second for --help)

    run_adoption(
        AdoptionOptions(
            prefix=options.prefix,
            state=options.state,
            apply=options.apply,
            trust_addresses=options.trust_addresses,
            plan=options.plan,
            as_json=options.json,
            reason=options.reason,
        )
    )


def _print_operations(options: argparse.Namespace) -> None:
    del options
    from infra.operations_table import format_operations  # noqa: PLC0415 (a second for --help)

    print(format_operations())  # noqa: T201 (a command talks to its user)
