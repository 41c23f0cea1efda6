"""The users whom admins should look through (L2)."""

from __future__ import annotations

from rollcall.directory.access_review import LISTED_AT_MOST, describe_kinds, find_all
from rollcall.directory.conditions import read_filter
from rollcall.directory.directory import open_directory
from rollcall.lifecycle_policy import LifecyclePolicy
from rollcall.statuses import Status
from tests.world import World


def test_each_kind_is_counted_and_partly_named(world: World) -> None:
    world.sign_in(world.admin_id)
    group_id = world.add_group("Readers")
    world.add_user("expired@example.com", status=Status.INVITED)
    world.clock.advance(days=8)
    world.add_user("pending@example.com", status=Status.INVITED)
    world.add_user("off@example.com", status=Status.INACTIVE)
    for number in range(LISTED_AT_MOST + 1):
        world.add_user(f"new{number:02}@example.com")
    member = world.add_user("member@example.com")
    world.join_group(member.id, group_id)
    world.build_directory()

    policy = LifecyclePolicy.default(world.clock.now)
    found = find_all(open_directory(world.call()), policy, world.clock.now)

    new = LISTED_AT_MOST + 1
    assert {name: each.number for name, each in found.items()} == {
        "admins": 1,
        "without_groups": new + 1,
        "never_signed_in": new + 1,
        "disabled": 1,
        "pending_invitations": 1,
        "expired_invitations": 1,
    }
    assert found["admins"].named == ("admin@example.com",)
    assert found["pending_invitations"].named == ("pending@example.com",)
    assert found["never_signed_in"].named[:2] == ("member@example.com", "new00@example.com")
    assert len(found["never_signed_in"].named) == LISTED_AT_MOST


def test_lists_understand_the_filter_of_each_kind(world: World) -> None:
    policy = LifecyclePolicy.default(world.clock.now)
    for _, text in describe_kinds(policy, world.clock.now).values():
        read_filter(text)
