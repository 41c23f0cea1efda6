"""Rows from the table are read in the requested order, one by one or several at a time."""

from __future__ import annotations

import pytest

from rollcall.directory.records import ONE_BY_ONE_AT_MOST, read_rows
from tests.world.aws_edge import watched
from tests.world.world import World


@pytest.mark.parametrize("number", [3, ONE_BY_ONE_AT_MOST + 4])
def test_each_user_is_read_with_one_query(world: World, number: int) -> None:
    users = [world.add_user() for _ in range(number)]
    gone = users.pop()
    world.change_user(gone, gone.as_erased(world.clock.now))
    asked = [each.id for each in users] + [gone.id, "usr_nobody"]

    with watched(world.aws) as seen:
        found = list(read_rows(world.runtime.table, asked))

    assert [user_id for user_id, _ in found] == asked
    assert [row and row.email for _, row in found] == [*(each.email for each in users), None, None]
    assert [each.operation for each in seen] == ["Query"] * len(asked)
