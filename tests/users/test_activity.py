"""Records of a user's activity, which are stored apart from the user."""

from __future__ import annotations

import pytest

from rollcall.kit.transaction import Change
from rollcall.users.activity import UserActivity
from rollcall.users.inactivity import Inactivity
from rollcall.users.sign_ins import SignIns
from tests.world.world import World


@pytest.mark.parametrize("kind", [SignIns, Inactivity])
def test_record_is_in_the_partition_of_the_user_and_does_not_change_the_user(
    world: World, kind: type[UserActivity]
) -> None:
    user, table = world.add_user(), world.runtime.table
    assert kind.assemble(table.query_partition(user.key().pk)) is None

    record = kind.none_of(user.id, world.clock.now)
    world.call().commit(Change(None, record), answer=lambda written: written)

    found = kind.assemble(table.query_partition(user.key().pk))
    assert found is not None
    assert (found.user_id, found.version) == (user.id, 1)
    assert table.get_item(kind.key_for(user.id)) == table.get_item(record.key())
    assert world.user(user.id) == user
    assert world.journal(record.id)[0].touches == (user.id,)
