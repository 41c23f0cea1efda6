"""PUT /admin/lifecycle-policy (L1)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.lifecycle.replace_lifecycle_policy import replace_lifecycle_policy
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World


def put(world: World, version: int | None = None, **body: Any) -> Reply:
    headers = None if version is None else {"If-Match": f'"{version}"'}
    return world.invoke(replace_lifecycle_policy, body=body, headers=headers)


def test_whole_policy_is_replaced_and_each_change_is_in_the_journal(world: World) -> None:
    first = put(world, warnAfterDays=10, disableAfterDays=20, reason="Audit 2026")
    second = put(world, mode="dry-run", disableAfterDays=80)

    assert (first.body["version"], second.body["version"]) == (1, 2)
    assert (second.body["warnAfterDays"], second.body["mode"]) == (76, "dry-run")
    made, changed = world.journal("LIFECYCLE")
    assert (made.reason, made.actor.id) == ("Audit 2026", world.admin_id)
    assert changed.changes["disableAfterDays"].model_dump() == {"before": 20, "after": 80}
    assert "deleteAfterDays" not in changed.changes


def test_unchanged_policy_creates_no_version(world: World) -> None:
    assert [put(world, warnAfterDays=10).body["version"] for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(("version", "status"), [(0, 412), (1, 200), (2, 412)])
def test_stale_version_is_refused(world: World, version: int, status: int) -> None:
    put(world, warnAfterDays=10)
    assert put(world, version, warnAfterDays=20).status == status


@pytest.mark.parametrize(("version", "status"), [(0, 200), (1, 412)])
def test_policy_that_was_never_set_is_at_version_zero(
    world: World, version: int, status: int
) -> None:
    assert put(world, version, warnAfterDays=20).status == status


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"warnAfterDays": 90}, "disableAfterDays"),
        ({"warnAfterDays": 0}, "warnAfterDays"),
        ({"purgeDeletedAfterDays": 4000}, "purgeDeletedAfterDays"),
        ({"mode": "maybe"}, "mode"),
        ({"stopAbovePercent": 101}, "stopAbovePercent"),
        ({"stepsPerRun": 2001}, "stepsPerRun"),
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"exemptFilter": "shoeSize gt 44"}, "exemptFilter"),
        ({"exemptRoles": ["rol_nowhere"]}, "exemptRoles"),
        ({"warnAfterWeeks": 3}, "warnAfterWeeks"),
    ],
)
def test_contradictory_terms_are_errors_of_their_field(
    world: World, body: dict[str, Any], field: str
) -> None:
    reply = put(world, **body)

    assert (reply.status, reply.fields) == (422, [field])
    assert world.journal("LIFECYCLE") == []


@pytest.mark.parametrize(
    ("before", "body", "missing"),
    [
        ({}, {"mode": "off", "deleteDisabled": True}, None),
        ({}, {"mode": "dry-run", "deleteDisabled": True}, None),
        ({}, {}, "user.disable"),
        ({}, {"mode": "on", "disableAfterDays": 3650}, "user.disable"),
        ({}, {"deleteDisabled": True}, "user.disable"),
        ({}, {"mode": "off", "purgeDeletedAfterDays": 29}, "user.delete"),
        ({"purgeDeletedAfterDays": 5}, {"mode": "off", "purgeDeletedAfterDays": 5}, None),
        ({"purgeDeletedAfterDays": 5}, {"mode": "off", "purgeDeletedAfterDays": 6}, None),
        ({"purgeDeletedAfterDays": 5}, {"mode": "off", "purgeDeletedAfterDays": 4}, "user.delete"),
    ],
)
def test_policy_requires_the_permissions_for_what_it_does(
    world: World, before: dict[str, Any], body: dict[str, Any], missing: str | None
) -> None:
    put(world, **before)
    caller = world.add_user(permissions=(Permission.LIFECYCLE_UPDATE,))
    stored = world.stored()

    reply = world.invoke(replace_lifecycle_policy, caller=caller.id, body=body)

    if missing is None:
        assert reply.status == 200
    else:
        assert (reply.status, reply.code) == (403, "permission_missing")
        assert missing in reply.body["detail"]
        assert world.stored() == stored


def test_policy_that_deletes_requires_both_permissions(world: World) -> None:
    held = (Permission.LIFECYCLE_UPDATE, Permission.USER_DISABLE)
    disabling = world.add_user(permissions=held)
    deleting = world.add_user(permissions=(*held, Permission.USER_DELETE))

    refused = world.invoke(
        replace_lifecycle_policy, caller=disabling.id, body={"deleteDisabled": True}
    )

    assert (refused.status, refused.code) == (403, "permission_missing")
    assert "user.delete" in refused.body["detail"]
    assert world.invoke(replace_lifecycle_policy, caller=disabling.id, body={}).status == 200
    both = {"deleteDisabled": True}
    assert world.invoke(replace_lifecycle_policy, caller=deleting.id, body=both).status == 200
