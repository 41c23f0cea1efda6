"""Whom the policy may be about, by the directory (L1)."""

from __future__ import annotations

import pytest

from rollcall.directory.directory import open_directory
from rollcall.directory.records import read_row
from rollcall.lifecycle.decisions import Subject
from rollcall.lifecycle.dormant import Dormant, count_users
from rollcall.lifecycle.policy import LifecycleTerms
from rollcall.users.statuses import Status
from tests.world import World


def find(world: World, **terms: object) -> Dormant:
    call = world.call()
    known = LifecycleTerms.model_validate(terms)
    return Dormant.of(call, open_directory(call), known, call.now)


@pytest.fixture
def peopled(world: World) -> World:
    """Day 80: ada came on day 0 and never again, bob on day 5 and signed in on day 30."""
    for name in ("ada", "suspended"):
        world.add_user(f"{name}@example.com", name=name)
    (suspended,) = world.users_with_email("suspended@example.com")
    world.change_user(suspended, suspended.with_status(Status.SUSPENDED, world.clock.now))
    world.clock.advance(days=5)
    bob = world.add_user("bob@example.com", name="bob")
    world.join_group(bob.id, world.add_group("Readers"))
    world.clock.advance(days=25)
    world.sign_in(bob.id)
    world.clock.advance(days=50)
    world.build_directory()
    return world


def test_those_are_found_who_have_been_inactive_for_so_long_and_they_are_as_the_table_has_them(
    peopled: World,
) -> None:
    found = find(peopled, warnAfterDays=50, exemptFilter='name eq "bob"').read()

    assert {each.name: each.filtered for each in found} == {None: False, "ada": False, "bob": True}
    for each in found:
        row = read_row(peopled.runtime.table, each.id)
        assert row is not None
        assert Subject.of(row, filtered=each.filtered) == each
    assert [each.id for each in found] == sorted(each.id for each in found)
    assert {each.name for each in find(peopled, warnAfterDays=51).read()} == {None, "ada"}


def test_they_are_read_in_parts_or_one_by_one(peopled: World) -> None:
    dormant = find(peopled, warnAfterDays=50)
    first, second, third = dormant.read()

    assert dormant.read(limit=1) == [first]
    assert dormant.read(after=first.id, limit=2) == [second, third]
    assert dormant.find(second.id) == second
    (suspended,) = peopled.users_with_email("suspended@example.com")
    assert dormant.find(suspended.id) is None


def test_filter_about_unknown_facts_leaves_it_uncertain_who_is_exempt(peopled: World) -> None:
    assert not find(peopled, exemptFilter='name eq "bob"').skipped
    (skipped,) = find(peopled, exemptFilter='name eq "bob" or facts.a.b gt 1').skipped
    assert skipped.filter == "facts.a.b gt 1"


def test_all_users_count_but_the_soft_deleted(peopled: World) -> None:
    deleted = peopled.add_user()
    peopled.change_user(deleted, deleted.as_deleted(peopled.clock.now))
    assert count_users(open_directory(peopled.call())) == 4
