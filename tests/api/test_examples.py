"""Each operation has an example, and each example is accepted."""

from __future__ import annotations

import pytest

from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Scene
from tests.world.world import World

OPERATIONS = {operation.name: operation for operation in read_catalog().operations}


def test_every_operation_has_an_example() -> None:
    assert EXAMPLES.keys() == OPERATIONS.keys(), (
        "tests/api/examples.py needs one for each operation"
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_accepted(world: World, name: str) -> None:
    example = EXAMPLES[name](Scene(world))

    reply = world.invoke(
        OPERATIONS[name], path=example.path, body=example.body, query=example.query
    )

    assert reply.status == OPERATIONS[name].status, reply.body
