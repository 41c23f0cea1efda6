"""``rollcall adopt``: creates users from the accounts of an existing user pool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rollcall.accounts.adoptable import AdoptionRules
from rollcall.accounts.adoption import adopt_accounts, plan_adoption
from rollcall.kit.job import make_call
from rollcall.lifecycle.policy import read_lifecycle_policy
from rollcall_infra.adoption_summary import Summary
from rollcall_infra.catalog import read_catalog
from rollcall_infra.command import connect_deployment, print_text, process_rows, resumable
from rollcall_infra.progress import with_progress

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
    with resumable(apply=options.apply):
        _, runtime = connect_deployment(options.prefix, options.state)
        call = make_call(ACTION, runtime, reason=options.reason)
        rules = AdoptionRules(options.trust_addresses, _reserved_words())
        rows = adopt_accounts(call, rules) if options.apply else plan_adoption(call, rules)
        summary = Summary.of(read_lifecycle_policy(call.table, call.now), call.now)
        reported = with_progress(rows, "Accounts processed")
        process_rows(reported, summary.add, plan=options.plan, as_json=options.as_json)
        if not options.as_json:
            print_text("\n".join(summary.describe(applied=options.apply)))


def _reserved_words() -> frozenset[str]:
    """Segments of API paths in the position of user ids, such as ``export``."""
    paths = (each.path.split("/") for each in read_catalog().operations)
    followers = (path[path.index("users") + 1 :] for path in paths if "users" in path)
    return frozenset(each[0] for each in followers if each and not each[0].startswith("{"))
