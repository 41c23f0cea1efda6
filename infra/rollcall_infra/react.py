"""``rollcall react``: repeats reactions to journal entries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.kit.delivery import Delivery
from rollcall.kit.entity import Key
from rollcall.kit.errors import Problem
from rollcall.kit.journal import JournalEntry
from rollcall.kit.journal_tail import read_entries
from rollcall.kit.mail import Mail
from rollcall.kit.model import format_time
from rollcall.kit.reaction import StreamReaction
from rollcall.kit.settings import Settings
from rollcall.kit.table import Table
from rollcall.mails.notices import MARK_KEPT
from rollcall_infra.catalog import read_catalog
from rollcall_infra.command import print_text
from rollcall_infra.dead_letter_queue import DeadLetterQueue, FailedDelivery
from rollcall_infra.local.emulator import connect_to
from rollcall_infra.local.provision import (
    KEY_TABLE,
    MAIL_SENDER,
    read_configuration,
    select_settings,
)
from rollcall_infra.local.state import LocalProblem, StateDirectory
from rollcall_infra.progress import with_progress
from rollcall_infra.runtime import connect_to_aws, make_runtime, read_outputs

TOGETHER = 10
"""Entries per invocation, as the stream delivers them."""


@dataclass(frozen=True)
class ReactOptions:
    """The options of the command."""

    prefix: str | None
    """Prefix of a deployment on AWS. None: the ``rollcall local`` that runs with ``state``."""
    state: Path
    reaction: str | None
    since: datetime | None
    until: datetime | None
    dead_letters: bool
    apply: bool


class Reacting(Protocol):
    """Where reactions run."""

    @property
    def table(self) -> Table:
        """The table with the journal."""
        ...

    def send(self, reaction: StreamReaction, entries: Sequence[Key]) -> None:
        """Let a reaction react to entries. Raises LocalProblem if it fails."""
        ...


class DeployedReactions:
    """The functions of a deployment: they run with their own roles, code and settings."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.connect = connect_to_aws()
        outputs = read_outputs(self.connect("cloudformation"), f"{prefix}-data")
        self.table = Table(self.connect(Table.service), outputs["TableName"])
        self._functions = self.connect("lambda")

    def function_of(self, reaction: StreamReaction) -> str:
        """The name of a reaction's function."""
        return f"{self._prefix}-{reaction.name}"

    def send(self, reaction: StreamReaction, entries: Sequence[Key]) -> None:
        """Invoke the function and wait for its result."""
        function = self.function_of(reaction)
        delivery = Delivery(function=function, entries=tuple(entries))
        answer = self._functions.invoke(
            FunctionName=function, Payload=delivery.model_dump_json().encode()
        )
        if "FunctionError" in answer:
            error = json.loads(answer["Payload"].read()).get("errorMessage", "unknown error")
            raise LocalProblem(f"{function} failed: {error} Read its log /aws/lambda/{function}.")


class LocalReactions:
    """The reactions of a running ``rollcall local``, in this process. Its options
    ``--mail-templates`` and ``--login-url`` have no effect here.
    """

    def __init__(self, state: Path) -> None:
        run = StateDirectory(state).read_run()
        settings = Settings(
            table_name=run.table,
            key_table_name=KEY_TABLE,
            user_pool_id=run.user_pool_id,
            bucket_name=run.table,
            mail_sender=MAIL_SENDER,
            **select_settings(read_configuration(run.environment)),
        )
        self._runtime = make_runtime(connect_to(run), settings)
        self.table = self._runtime.table

    def send(self, reaction: StreamReaction, entries: Sequence[Key]) -> None:
        """Run the reaction."""
        for key in entries:
            try:
                reaction.receive(key, self._runtime)
            except Exception as error:
                raise LocalProblem(f"{reaction.name} failed: {type(error).__name__}.") from error


def run_react(options: ReactOptions) -> None:
    """Show what would be repeated or, with ``apply``, repeat it. Raises LocalProblem for errors
    that the operator can resolve.
    """
    try:
        if options.dead_letters:
            _repeat_dead_letters(options)
        else:
            _replay(options)
    except (Problem, BotoCoreError, ClientError) as error:
        raise LocalProblem(f"{str(error).rstrip('.')}.") from error


def _replay(options: ReactOptions) -> None:
    if options.reaction is None or options.since is None:
        raise LocalProblem("Specify --reaction and --since, or --dead-letters.")
    reaction = _find_reaction(options.reaction)
    now = datetime.now(UTC)
    _refuse_old_mails(reaction, options.since, now)
    reacting = (
        DeployedReactions(options.prefix) if options.prefix else LocalReactions(options.state)
    )
    found = read_entries(reacting.table, options.since, options.until or now)
    entries = (each for each in found if each.target.kind in reaction.kinds)
    number = 0
    for entry in _repeat(reacting, reaction, entries) if options.apply else entries:
        number += 1
        print_text(_describe(entry))
    if options.apply:
        print_text(f"{reaction.name} has reacted to {number} entries.")
    else:
        print_text(
            f"{reaction.name} would react to {number} entries. Use --apply to invoke it; what was "
            "done before is not done again."
        )


def _find_reaction(name: str) -> StreamReaction:
    reactions = {each.name: each for each in read_catalog().stream_reactions}
    if name not in reactions:
        raise LocalProblem(f"There is no reaction {name}. Use one of: {', '.join(reactions)}.")
    return reactions[name]


def _refuse_old_mails(reaction: StreamReaction, since: datetime, now: datetime) -> None:
    """Refuse to send mails whose mark, which keeps them from being sent twice, can be deleted."""
    first = now - MARK_KEPT
    if Mail in reaction.writes and since < first:
        raise LocalProblem(
            f"{reaction.name} sends mails, and it is not known for more than {MARK_KEPT.days} days "
            f"which mails were sent. Specify --since {format_time(first)} or later."
        )


def _repeat(
    reacting: Reacting, reaction: StreamReaction, entries: Iterator[JournalEntry]
) -> Iterator[JournalEntry]:
    def send_all() -> Iterator[JournalEntry]:
        for together in batched(entries, TOGETHER, strict=False):
            try:
                reacting.send(reaction, [each.key() for each in together])
            except LocalProblem as problem:
                first = format_time(together[0].at)
                raise LocalProblem(
                    f"{problem} Run the command again with --since {first}; it continues there."
                ) from problem
            yield from together

    return with_progress(send_all(), "Entries repeated")


def _describe(entry: JournalEntry) -> str:
    target = entry.target
    return f"{format_time(entry.at)}  {entry.id}  {entry.action}  {target.kind} {target.id}"


def _repeat_dead_letters(options: ReactOptions) -> None:
    if options.prefix is None or options.since or options.until:
        raise LocalProblem(
            "--dead-letters needs --prefix, because rollcall local has no dead-letter queue, and "
            "takes no times."
        )
    chosen = [_find_reaction(options.reaction)] if options.reaction else None
    reactions = {
        f"{options.prefix}-{each.name}": each for each in chosen or read_catalog().stream_reactions
    }
    deployed = DeployedReactions(options.prefix)
    queue = DeadLetterQueue.of_function(deployed.connect, next(iter(reactions)))
    failed = 0
    with queue.receive_all() as messages:
        for message in messages:
            reaction = reactions.get(message.function)
            print_text(message.describe())
            if options.apply and reaction is not None:
                failed += not _succeeds(deployed, reaction, message, queue)
    if failed:
        raise LocalProblem(f"{failed} messages failed again and stay in the queue.")
    if not options.apply:
        print_text("Nothing was changed. Use --apply to invoke the functions again.")


def _succeeds(
    deployed: DeployedReactions,
    reaction: StreamReaction,
    message: FailedDelivery,
    queue: DeadLetterQueue,
) -> bool:
    try:
        deployed.send(reaction, message.entries)
    except LocalProblem as problem:
        print_text(f"  {problem}")
        return False
    queue.delete(message)
    return True
