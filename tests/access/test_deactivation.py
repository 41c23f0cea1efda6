"""Disabling and suspending users (U9); the operations' own tests cover the rest."""

from __future__ import annotations

import pytest

from rollcall.access.deactivation import deactivate_user
from rollcall.kit.errors import Conflict, NotFound
from rollcall.users.statuses import Status
from tests.world.world import World


@pytest.mark.parametrize("status", [Status.INACTIVE, Status.SUSPENDED])
def test_account_is_disabled_and_its_sessions_end(world: World, status: Status) -> None:
    user = world.add_user()
    assert deactivate_user(world.call(), user.id, status, "disable").status is status
    assert world.user(user.id).auth_epoch == int(world.clock.now.timestamp()) + 1


def test_soft_deleted_and_unknown_users_are_refused(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_deleted(world.clock.now))
    with pytest.raises(Conflict, match="Restore the user first"):
        deactivate_user(world.call(), user.id, Status.INACTIVE, "disable")
    with pytest.raises(NotFound):
        deactivate_user(world.call(), "usr_unknown", Status.INACTIVE, "disable")
