"""What the commands that work on a deployment's users share: connection, output and errors."""

from __future__ import annotations

import sys
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.kit.call import Runtime
from rollcall.kit.errors import Problem
from rollcall.kit.model import Model
from rollcall.kit.settings import Settings
from rollcall_infra.local.emulator import connect_to
from rollcall_infra.local.state import LocalProblem, StateDirectory
from rollcall_infra.runtime import connect_to_aws, make_runtime, read_outputs

SHOWN = 5
"""How many rows of each kind a summary lists."""


type Connect = Callable[[str], Any]
"""Returns the client of an AWS service."""


def connect_deployment(prefix: str | None, state: Path) -> tuple[Connect, Runtime]:
    """The clients and the runtime, without a sender and a bucket: these commands send no mail and
    store no files. A deployment is found by its prefix alone, so that the table and the pool always
    belong together. Without a prefix it is the ``rollcall local`` that runs with ``state``.
    """
    if prefix is None:
        run = StateDirectory(state).read_run()
        settings = Settings(table_name=run.table, user_pool_id=run.user_pool_id)
        return connect_to(run), make_runtime(connect_to(run), settings)
    connect = connect_to_aws()
    outputs = read_outputs(connect("cloudformation"), f"{prefix}-data")
    settings = Settings(table_name=outputs["TableName"], user_pool_id=outputs["UserPoolId"])
    return connect, make_runtime(connect, settings)


@contextmanager
def resumable(*, apply: bool) -> Iterator[None]:
    """Turn errors that the operator can resolve into LocalProblem."""
    try:
        yield
    except (Problem, BotoCoreError, ClientError, OSError) as error:
        again = " Run the command again; it continues where it stopped." if apply else ""
        raise LocalProblem(f"{str(error).rstrip('.')}.{again}") from error


def process_rows[R: Model](
    rows: Iterator[R], add: Callable[[R], None], *, plan: Path | None, as_json: bool
) -> None:
    """Process the rows one by one, and write each immediately, as JSON Lines."""
    with ExitStack() as stack:
        outputs: list[TextIO] = [sys.stdout] if as_json else []
        if plan:
            outputs.append(stack.enter_context(plan.open("w")))
        for row in rows:
            add(row)
            line = row.model_dump_json(by_alias=True, exclude_defaults=True)
            for output in outputs:
                output.write(f"{line}\n")


def print_text(text: str) -> None:
    """Print for the user of a command."""
    print(text, flush=True)  # noqa: T201 (a command talks to its user)


class FirstRows[K, R]:
    """Counts the rows of each kind, and keeps the first ones to list them."""

    def __init__(self) -> None:
        self.numbers: Tally[K] = Tally()
        self.first: dict[K, list[R]] = defaultdict(list)

    def add(self, kind: K, row: R, number: int = 1) -> None:
        """Count one row, which stands for ``number`` of its kind."""
        self.numbers[kind] += number
        if len(self.first[kind]) < SHOWN:
            self.first[kind].append(row)

    def describe(self, kind: K, title: str, describe_row: Callable[[R], str]) -> Iterator[str]:
        """The lines about one kind, after an empty line."""
        shown, number = self.first[kind], self.numbers[kind]
        yield ""
        yield title
        yield from (f"  {describe_row(row)}" for row in shown)
        if number > len(shown):
            yield f"  and {number - len(shown):,} more"
