"""``rollcall adopt``: creates users from the accounts of an existing user pool."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.accounts.adoptable import AdoptionRules
from rollcall.accounts.adoption import AdoptionRow, adopt_accounts, plan_adoption
from rollcall.kit.call import Runtime
from rollcall.kit.errors import Problem
from rollcall.kit.job import make_call
from rollcall.kit.settings import Settings
from rollcall.lifecycle.policy import read_lifecycle_policy
from rollcall_infra.adoption_summary import Summary
from rollcall_infra.catalog import read_catalog
from rollcall_infra.deployed import connect_to_aws, read_outputs
from rollcall_infra.local.emulator import connect_to
from rollcall_infra.local.state import LocalProblem, StateDirectory
from rollcall_infra.progress import with_progress
from rollcall_infra.runtime import make_runtime

ACTION = "adopt_account"
"""The action in the journal."""


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
        _process(with_progress(rows, "Accounts processed"), options, summary)
        if not options.as_json:
            _print("\n".join(summary.describe(applied=options.apply)))
    except (Problem, BotoCoreError, ClientError, OSError) as error:
        again = " Run the command again; it continues where it stopped." if options.apply else ""
        raise LocalProblem(f"{str(error).rstrip('.')}.{again}") from error


def _connect(options: AdoptionOptions) -> Runtime:
    """The runtime, without a sender and a bucket: adoption sends no mail and stores no files. A
    deployment is found by its prefix alone, so that the table and the pool always belong together.
    """
    if options.prefix is None:
        run = StateDirectory(options.state).read_run()
        settings = Settings(table_name=run.table, user_pool_id=run.user_pool_id)
        return make_runtime(connect_to(run), settings)
    outputs = read_outputs(connect_to_aws, f"{options.prefix}-data")
    settings = Settings(table_name=outputs["TableName"], user_pool_id=outputs["UserPoolId"])
    return make_runtime(connect_to_aws, settings)


def _reserved_words() -> frozenset[str]:
    """Segments of API paths in the position of user ids, such as ``export``."""
    paths = (each.path.split("/") for each in read_catalog().operations)
    followers = (path[path.index("users") + 1 :] for path in paths if "users" in path)
    return frozenset(each[0] for each in followers if each and not each[0].startswith("{"))


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
