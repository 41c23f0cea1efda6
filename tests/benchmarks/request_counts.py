"""The number of requests that each operation sends, and the DynamoDB capacity that they use.

The example of each operation runs in a new world. The caller is a platform admin, and in one case a
user whose permission comes from a group.
"""

from __future__ import annotations

from typing import Any

from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.kit.operation import Operation
from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Scene
from tests.benchmarks.measuring import show_progress
from tests.benchmarks.tally import Tally, print_tallies, tallying
from tests.world.opening import open_world
from tests.world.world import World


def count_requests() -> None:
    """Count and print."""
    tallies = {
        operation.name: _tally(operation, by_group=False) for operation in read_catalog().operations
    }
    get_user = next(each for each in read_catalog().operations if each.name == "get_user")
    tallies["get_user, permitted by a group"] = _tally(get_user, by_group=True)
    show_progress("")
    print_tallies(
        "Requests by operation, and DynamoDB capacity by its published rules "
        "(RCU, WCU with indexes)",
        tallies,
    )


def _tally(operation: Operation[Any, Any], *, by_group: bool) -> Tally:
    show_progress(f"requests: {operation.name}")
    with open_world() as world:
        example = EXAMPLES[operation.name](Scene(world))
        caller = _add_caller(world) if by_group else ""
        with tallying(world) as tally:
            reply = world.invoke(
                operation,
                caller=caller,
                path=example.path,
                body=example.body,
                query=example.query,
            )
    if reply.status != operation.status:
        raise RuntimeError(f"The example of {operation.name} was answered {reply.body}.")
    return tally


def _add_caller(world: World) -> str:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    caller = world.add_user()
    return world.change_user(caller, caller.with_membership(group_id, GroupRole.MEMBER)).id
