"""``rollcall restore``: brings users and everything else back from a restored table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rollcall.kit.job import make_call
from rollcall.kit.model import format_time
from rollcall_infra.command import connect_deployment, print_text, process_rows, resumable
from rollcall_infra.local.state import LocalProblem
from rollcall_infra.progress import with_progress
from rollcall_infra.restorable import WholeTable
from rollcall_infra.restoration import Restoration
from rollcall_infra.restoration_summary import RestorationSummary

ACTION = "restore_backup"
"""The action in the journal."""


@dataclass(frozen=True)
class RestoreOptions:
    """The options of the command."""

    prefix: str | None
    """Prefix of a deployment on AWS. None: the ``rollcall local`` that runs with ``state``."""
    state: Path
    backup: str
    """The name of the restored table."""
    user: str | None
    """The only user to restore; None: everything."""
    include_erased: bool
    apply: bool
    reason: str | None
    plan: Path | None
    as_json: bool


def run_restore(options: RestoreOptions) -> None:
    """Show what would be restored or, with ``apply``, restore it. Raises LocalProblem for errors
    that the operator can resolve.
    """
    if options.apply and not options.reason:
        raise LocalProblem("Specify with --reason why you restore. The journal records it.")
    with resumable(apply=options.apply):
        connect, runtime = connect_deployment(options.prefix, options.state)
        backup, table = (
            WholeTable(connect("dynamodb"), name) for name in (options.backup, runtime.table.name)
        )
        if backup.name == table.name:
            raise LocalProblem(f"{table.name} is the table in use. Specify the restored one.")
        taken_at = format_time(backup.find_time())
        restoration = Restoration(
            make_call(ACTION, runtime, reason=f"As of {taken_at}: {options.reason}"),
            backup,
            table,
            apply=options.apply,
            include_erased=options.include_erased,
        )
        rows = restoration.restore_user(options.user) if options.user else restoration.restore_all()
        summary = RestorationSummary(taken_at)
        reported = with_progress(rows, "Items compared")
        process_rows(reported, summary.add, plan=options.plan, as_json=options.as_json)
        if not options.as_json:
            print_text("\n".join(summary.describe(applied=options.apply)))
