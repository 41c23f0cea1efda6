"""``rollcall adopt``: creates users from the accounts of an existing user pool."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.adoption_summary import Summary
from infra.catalog import read_catalog
from infra.local.emulator import make_client
from infra.local.state import LocalProblem, StateDirectory
from rollcall.accounts.adoptable import AdoptionRules
from rollcall.accounts.adoption import AdoptionRow, adopt_accounts, plan_adoption
from rollcall.kit.account import Account
from rollcall.kit.call import Runtime
from rollcall.kit.clock import make_clock
from rollcall.kit.errors import Problem
from rollcall.kit.identity import Identity
from rollcall.kit.ids import new_id
from rollcall.kit.job import make_call
from rollcall.kit.mail import Mail
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.settings import Settings
from rollcall.kit.table import Table
from rollcall.lifecycle.policy import read_lifecycle_policy

ACTION = "adopt_account"
"""The action in the journal."""
PROGRESS_SECONDS = 2
_SERVICES = (Table.service, Account.service, Mail.service, StoredObject.service)


@dataclass(frozen=True)
class AdoptionOptions:
    """The options of the command."""

    prefix: str | None
    """Prefix of a deployment on AWS. None: the ``rollcall local`` that runs with ``state``."""
    state: Path
    apply: bool
    trust_addresses: bool
    plan: Path | None
    as_json: bool
    reason: str | None


def run_adoption(options: AdoptionOptions) -> None:
    """Show what would become of each account of the pool or, with ``apply``, create the users.
    Raises LocalProblem for errors that the operator can resolve.
    """
    try:
        call = make_call(ACTION, _connect(options), reason=options.reason)
        rules = AdoptionRules(options.trust_addresses, _reserved_words())
        rows = adopt_accounts(call, rules) if options.apply else plan_adoption(call, rules)
        summary = Summary.of(read_lifecycle_policy(call.table, call.now), call.now)
        _process(_with_progress(rows), options, summary)
        if not options.as_json:
            _print("\n".join(summary.describe(applied=options.apply)))
    except (Problem, BotoCoreError, ClientError, OSError) as error:
        again = " Run the command again; it continues where it stopped." if options.apply else ""
        raise LocalProblem(f"{str(error).rstrip('.')}.{again}") from error


def _connect(options: AdoptionOptions) -> Runtime:
    """A deployment is found by its prefix alone, so that the table and the pool always belong
    together.
    """
    if options.prefix is None:
        run = StateDirectory(options.state).read_run()
        clients = {name: make_client(name, run.aws, run.aws_keys) for name in _SERVICES}
        return _make_runtime(clients, run.table, run.user_pool_id)
    session = botocore.session.get_session()
    config = Config(user_agent="rollcall", retries={"mode": "standard", "total_max_attempts": 8})

    def connect(service: str) -> Any:
        return session.create_client(service, config=config)

    outputs = _read_outputs(connect("cloudformation"), f"{options.prefix}-data")
    clients = {name: connect(name) for name in _SERVICES}
    return _make_runtime(clients, outputs["TableName"], outputs["UserPoolId"])


def _read_outputs(client: Any, stack: str) -> dict[str, str]:
    described = client.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return {each["OutputKey"]: each["OutputValue"] for each in described}


def _make_runtime(clients: dict[str, Any], table: str, user_pool_id: str) -> Runtime:
    """Without keys, a sender and a bucket: adoption signs nothing, sends no mail and stores no
    files.
    """
    settings = Settings(table_name=table, user_pool_id=user_pool_id)
    return Runtime(
        table=Table(clients[Table.service], table),
        keys=Table(clients[Table.service], ""),
        identity=Identity(lambda: clients[Account.service], user_pool_id),
        mail=Mail(lambda: clients[Mail.service], ""),
        objects=Objects(lambda: clients[StoredObject.service], ""),
        settings=settings,
        clock=make_clock(settings),
        new_id=new_id,
    )


def _reserved_words() -> frozenset[str]:
    """Segments of API paths in the position of user ids, such as ``export``."""
    paths = (each.path.split("/") for each in read_catalog().operations)
    followers = (path[path.index("users") + 1 :] for path in paths if "users" in path)
    return frozenset(each[0] for each in followers if each and not each[0].startswith("{"))


def _with_progress(rows: Iterator[AdoptionRow]) -> Iterator[AdoptionRow]:
    """Report progress on standard error from time to time."""
    reported_at, number = time.monotonic(), 0
    for number, row in enumerate(rows, 1):
        yield row
        if time.monotonic() - reported_at > PROGRESS_SECONDS:
            reported_at = time.monotonic()
            _report(f"Accounts processed: {number:,} …")
    _report(f"Accounts processed: {number:,} (all).")


def _process(rows: Iterator[AdoptionRow], options: AdoptionOptions, summary: Summary) -> None:
    """Process the rows one by one, and write each immediately."""
    with ExitStack() as stack:
        outputs: list[TextIO] = [sys.stdout] if options.as_json else []
        if options.plan:
            outputs.append(stack.enter_context(options.plan.open("w")))
        for row in rows:
            summary.add(row)
            line = row.model_dump_json(by_alias=True, exclude_defaults=True)
            for output in outputs:
                output.write(f"{line}\n")


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (a command talks to its user)


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (a command talks to its user)
