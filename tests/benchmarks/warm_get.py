"""The cost of a warm ``get_user``, compared with one ``get_item`` of unmodified botocore.

Both read the same user from an emulated DynamoDB on loopback. The operation runs from event to
answer, with the clients that it has in Lambda. It sends two requests, one for the caller and one
for the user, so its time per request is shown too. CPU time is that of this process only; elapsed
time includes the emulator.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import botocore.session

from functions.users.get_user import get_user
from rollcall.kit.attribute_values import to_attributes
from rollcall.kit.call import Runtime
from rollcall.kit.job import make_call
from rollcall.kit.settings import Settings
from rollcall.kit.transaction import Change
from rollcall.operations import connect
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User
from rollcall_infra.local.emulator import REGION, Emulator
from rollcall_infra.local.provision import NAME
from rollcall_infra.table_definition import create_table_parameters
from tests.benchmarks.measuring import Measured, interleave, print_table
from tests.world.gateway import make_event

CALLS_A_RUN = 50
LIMIT = 1.2
UNTUNED, OURS, OURS_A_REQUEST = "botocore get_item", "get_user", "get_user, a request"


def compare_warm_gets(runs: int) -> None:
    """Start the emulator, measure and print."""
    calls = runs * CALLS_A_RUN
    with _running_emulator() as emulator:
        cases = _cases(emulator)
        for case in cases.values():
            case()
        cpu = _measure(cases, time.process_time, calls, "CPU time")
        elapsed = _measure(cases, time.perf_counter, calls, "elapsed time")
    print_table(
        f"Warm GET by id, median of {calls} (target: {LIMIT}x one botocore get_item)",
        ["call", "CPU ms", "x", "elapsed ms", "x"],
        [
            [name, *_columns(cpu, name), *_columns(elapsed, name)]
            for name in (UNTUNED, OURS, OURS_A_REQUEST)
        ],
    )


@contextmanager
def _running_emulator() -> Iterator[Emulator]:
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(0, Path(folder) / "log", None)
        emulator.start()
        try:
            yield emulator
        finally:
            emulator.stop()


def _cases(emulator: Emulator) -> dict[str, Callable[[], object]]:
    os.environ |= {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": emulator.keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": emulator.keys.secret_access_key,
        **Settings(table_name=NAME, user_pool_id="").to_environment(),
    }
    emulator.client("dynamodb").create_table(**create_table_parameters(NAME))
    runtime = connect()
    caller, user = _add_user(runtime, "caller", is_admin=True), _add_user(runtime, "user")
    claims = {"username": caller.id, "auth_time": str(int(runtime.clock().timestamp()) + 1)}
    event = make_event(get_user, claims=claims, path={"userId": user.id})
    untuned: Any = botocore.session.get_session().create_client("dynamodb")
    key = to_attributes(user.key()._asdict())
    return {
        UNTUNED: lambda: untuned.get_item(TableName=NAME, Key=key, ConsistentRead=True),
        OURS: lambda: get_user.handle(event, runtime),
    }


def _measure(
    cases: Mapping[str, Callable[[], object]], clock: Callable[[], float], calls: int, what: str
) -> Measured:
    def time_once(case: Callable[[], object]) -> float:
        start = clock()
        case()
        return (clock() - start) * 1000

    timed = {name: partial(time_once, case) for name, case in cases.items()}
    times = interleave(timed, calls, f"warm GET, {what}")
    return {**times, OURS_A_REQUEST: times[OURS] / 2}


def _columns(times: Measured, name: str) -> tuple[str, str]:
    return f"{times[name]:.2f}", f"{times[name] / times[UNTUNED]:.2f}"


def _add_user(runtime: Runtime, name: str, **fields: Any) -> User:
    now = runtime.clock()
    user = User(
        id=runtime.new_id("usr", now),
        created_at=now,
        updated_at=now,
        email=f"{name}@example.com",
        username=name,
        name=name.capitalize(),
        **fields,
    )
    make_call("benchmark", runtime).commit(Change(None, user), answer=UserAnswer.of)
    return user
