"""GET /admin/lifecycle-policy (L1)."""

from __future__ import annotations

from functions.lifecycle.get_lifecycle_policy import get_lifecycle_policy
from functions.lifecycle.replace_lifecycle_policy import replace_lifecycle_policy
from tests.world.world import World


def test_defaults_are_shown_until_it_is_set(world: World) -> None:
    reply = world.invoke(get_lifecycle_policy)

    assert (reply.status, reply.headers["ETag"]) == (200, '"0"')
    assert reply.body == {
        "version": 0,
        "mode": "on",
        "warnAfterDays": 76,
        "disableAfterDays": 90,
        "deleteDisabled": False,
        "deleteAfterDays": 30,
        "endInvitationsAfterDays": 7,
        "purgeDeletedAfterDays": 30,
        "exemptUsers": [],
        "exemptGroups": [],
        "exemptRoles": [],
        "stepsPerRun": 1000,
        "stopAbovePercent": 5.0,
        "stopAboveUsers": 10,
        "timeZone": "UTC",
    }


def test_stored_policy_is_shown_with_its_version(world: World) -> None:
    body = {"exemptFilter": "isAdmin eq true", "timeZone": "Asia/Tokyo"}
    world.invoke(replace_lifecycle_policy, body=body)

    reply = world.invoke(get_lifecycle_policy)

    assert reply.headers["ETag"] == '"1"'
    assert reply.body.items() >= body.items()
