"""POST /admin/lifecycle-policy/preview (L1)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.lifecycle.preview_lifecycle_policy import preview_lifecycle_policy
from functions.lifecycle.replace_lifecycle_policy import replace_lifecycle_policy
from rollcall.kit.transaction import Change
from rollcall.users.inactivity import Inactivity
from rollcall.users.user import User
from tests.world.gateway import Reply
from tests.world.world import World


def preview(world: World, **body: Any) -> Reply:
    return world.invoke(preview_lifecycle_policy, body=body)


def warn(world: World, user: User) -> None:
    """Warn a user now."""
    kept = Inactivity.none_of(user.id, world.clock.now)
    warned = kept.with_warning(world.clock.now, world.clock.now)
    world.call().commit(Change(None, warned), answer=lambda written: written)


@pytest.fixture
def peopled(world: World) -> World:
    """Day 100: one never came back, one was warned on day 80, one signed in on day 60."""
    group_id = world.add_group("Board")
    for name in ("idle", "warned", "seen", "board"):
        world.add_user(f"{name}@example.com")
    world.join_group(user_of(world, "board").id, group_id)
    world.clock.advance(days=60)
    world.sign_in(user_of(world, "seen").id)
    world.clock.advance(days=20)
    warn(world, user_of(world, "warned"))
    world.clock.advance(days=20)
    world.build_directory()
    return world


def user_of(world: World, name: str) -> User:
    (user,) = world.users_with_email(f"{name}@example.com")
    return user


def test_preview_lists_warnings_disablings_and_reasons_for_exemptions(
    peopled: World,
) -> None:
    group_id = user_of(peopled, "board").group_ids[0]
    stored = peopled.items()

    reply = preview(peopled, policy={"exemptGroups": [group_id]})

    assert reply.status == 200, reply.body
    assert {each["email"]: each["deed"] for each in reply.body["items"]} == {
        "admin@example.com": "warn",
        "idle@example.com": "warn",
        "warned@example.com": "disable",
        "board@example.com": "warn",
    }
    exempt = {each["email"]: each.get("exemptions") for each in reply.body["items"]}
    assert exempt["admin@example.com"] == [{"reason": "admin"}]
    assert exempt["board@example.com"] == [{"reason": "group", "id": group_id}]
    assert exempt["idle@example.com"] is None
    assert reply.body["due"] == {"warn": 1, "disable": 1, "exempt": 2}
    assert (reply.body["users"], reply.body["tooMany"], reply.body["waiting"]) == (5, False, 0)
    assert peopled.items() == stored


def test_current_policy_is_the_default_and_pages_have_the_requested_users(
    peopled: World,
) -> None:
    terms = {"stopAboveUsers": 1, "stepsPerRun": 1, "exemptFilter": 'email sw "board"'}
    assert peopled.invoke(replace_lifecycle_policy, body=terms).status == 200

    pages = [preview(peopled, show="exempt", limit=1, page=page).body for page in (1, 2)]

    shown = {each["email"]: each["exemptions"] for page in pages for each in page["items"]}
    assert shown == {
        "admin@example.com": [{"reason": "admin"}],
        "board@example.com": [{"reason": "filter"}],
    }
    assert pages[1]["pagination"] == {"page": 2, "limit": 1, "total": 2, "totalPages": 2}
    assert (pages[0]["tooMany"], pages[0]["waiting"]) == (True, 1)


def test_filter_with_unknown_facts_is_reported(peopled: World) -> None:
    reply = preview(peopled, policy={"exemptFilter": "facts.learning.progress gt 1"})
    (skipped,) = reply.body["skippedFilters"]
    assert skipped["reason"] == "unknown_source"


def test_policy_that_could_not_be_set_is_refused(peopled: World) -> None:
    reply = preview(peopled, policy={"warnAfterDays": 99})
    assert (reply.status, reply.code, reply.fields) == (422, "invalid", ["disableAfterDays"])
