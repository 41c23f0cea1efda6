"""The candidates for the policy, from the directory (L1)."""

from __future__ import annotations

import pytest

from rollcall.directory.directory import open_directory
from rollcall.directory.records import read_row
from rollcall.lifecycle.candidates import Candidates
from rollcall.lifecycle.decisions import Candidate
from rollcall.lifecycle.policy import LifecycleTerms
from rollcall.lifecycle.runs import StoppedFor
from rollcall.users.statuses import Status
from tests.world.world import World


def find(world: World, **terms: object) -> Candidates:
    call = world.call()
    known = LifecycleTerms.model_validate(terms)
    return Candidates.of(call, open_directory(call), known, call.now)


@pytest.fixture
def peopled(world: World) -> World:
    """Day 80. Ada was created on day 0 and never signed in. Bob was created on day 5 and signed in
    on day 30.
    """
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


def test_candidates_are_the_inactive_users_with_the_data_of_the_table(
    peopled: World,
) -> None:
    found = find(peopled, warnAfterDays=50, exemptFilter='name eq "bob"').read()

    assert {each.name: each.filtered for each in found} == {None: False, "ada": False, "bob": True}
    for each in found:
        row = read_row(peopled.runtime.table, each.id)
        assert row is not None
        assert Candidate.of(row, filtered=each.filtered) == each
    assert [each.id for each in found] == sorted(each.id for each in found)
    assert {each.name for each in find(peopled, warnAfterDays=51).read()} == {None, "ada"}


def test_candidates_are_read_in_pages_or_one_by_one(peopled: World) -> None:
    candidates = find(peopled, warnAfterDays=50)
    first, second, third = candidates.read()

    assert candidates.read(limit=1) == [first]
    assert candidates.read(after=first.id, limit=2) == [second, third]
    assert candidates.find(second.id) == second
    (suspended,) = peopled.users_with_email("suspended@example.com")
    assert candidates.find(suspended.id) is None


def test_parts_of_the_filter_with_unknown_facts_are_skipped(peopled: World) -> None:
    assert not find(peopled, exemptFilter='name eq "bob"').skipped
    (skipped,) = find(peopled, exemptFilter='name eq "bob" or facts.a.b gt 1').skipped
    assert skipped.filter == "facts.a.b gt 1"


def test_filter_that_cannot_be_used_any_more_leaves_it_unknown_who_is_exempt(
    peopled: World,
) -> None:
    assert find(peopled, exemptFilter='name eq "bob"').doubt is None
    uncertain = find(peopled, exemptFilter="facts.a.b gt 1").doubt
    invalid = find(peopled, exemptFilter='status eq "retired"').doubt
    assert uncertain == (StoppedFor.UNCERTAIN_FILTER, "Unknown at present: facts.a.b gt 1.")
    assert invalid is not None
    assert invalid.stopped_for is StoppedFor.INVALID_FILTER
