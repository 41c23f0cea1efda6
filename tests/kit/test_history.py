"""Entities restored from their journal, also when clocks differ (A1)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.access.policy import POLICY_ID, AccessPolicy
from rollcall.grants.grant import (
    Grant,
    GroupRole,
    Membership,
    OrganizationMembership,
    PermissionGrant,
    RoleGrant,
)
from rollcall.grants.permissions import Permission
from rollcall.kit.attribute_values import from_attributes, to_attributes
from rollcall.kit.entity import Entity
from rollcall.kit.errors import Unavailable
from rollcall.kit.history import read_newest_first, rewind
from rollcall.kit.ids import new_id
from rollcall.kit.journal import ActorRecord, JournalEntry, TargetRecord, compare_facts
from rollcall.kit.transaction import Change, is_effective
from rollcall.users.fields import Profile
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.aws_edge import watched
from tests.world.world import World

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
GROUPS, ORGANIZATIONS, ROLES = ("grp_1", "grp_2"), ("org_1", "org_2"), ("rol_1", "rol_2")
PERMISSIONS = (Permission.USER_VIEW, Permission.GROUP_VIEW, Permission.ROLE_VIEW)


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


MOMENTS = st.integers(-90, 90).map(minutes)
PERIODS = st.fixed_dictionaries(
    {"starts_at": st.none() | MOMENTS, "ends_at": st.none() | MOMENTS},
)


def granted(kind: type[Grant], subjects: Iterable[str], **others: Any) -> st.SearchStrategy[Any]:
    """Some grants of a kind, each with its time, sorted by subject."""
    held = st.fixed_dictionaries({"period": PERIODS, **others})

    def make(found: dict[str, dict[str, Any]]) -> tuple[Grant, ...]:
        return tuple(
            kind.model_validate(
                {
                    "user_id": "usr_1",
                    kind.subject_field: subject,
                    **values.pop("period"),
                    **values,
                }
            )
            for subject, values in sorted(found.items())
        )

    return st.dictionaries(st.sampled_from(list(subjects)), held).map(make)


USER_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.none() | st.sampled_from(["Ada", "Eve"]),
        "email": st.none() | st.sampled_from(["a@example.com", "b@example.com"]),
        "unique_id": st.none() | st.just("EMP-1"),
        "status": st.sampled_from([Status.ACTIVE, Status.INACTIVE]),
        "is_admin": st.booleans(),
        "user_types": st.sampled_from([(), ("mentor",), ("mentor", "guest")]),
        "profile": st.sampled_from([Profile(), Profile(city="Bonn"), Profile(expertise=("tea",))]),
        "deleted_at": st.none() | MOMENTS,
        "memberships": granted(Membership, GROUPS, role=st.sampled_from(GroupRole)),
        "organization_memberships": granted(
            OrganizationMembership, ORGANIZATIONS, role_id=st.sampled_from(ROLES)
        ),
        "role_grants": granted(RoleGrant, ROLES),
        "permission_grants": granted(PermissionGrant, PERMISSIONS),
    },
)
POLICY_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "groups": st.dictionaries(
            st.sampled_from(GROUPS),
            st.lists(st.sampled_from(PERMISSIONS), unique=True, min_size=1).map(tuple),
        ),
        "roles": st.dictionaries(
            st.sampled_from(ROLES),
            st.lists(st.sampled_from(PERMISSIONS), unique=True, min_size=1).map(tuple),
        ),
        "ended": st.lists(st.sampled_from(ORGANIZATIONS), unique=True).map(sorted).map(tuple),
    },
)
CLOCKS = st.integers(-90, 90)
"""The time of a writer's clock, in minutes. It can be behind that of the previous writer."""


class Recorded[E: Entity](NamedTuple):
    """All versions of an entity, and its journal in the index."""

    versions: Sequence[E]
    entries: Sequence[JournalEntry]

    def at(self, moment: datetime) -> E | None:
        """The highest version with a time up to this one."""
        written = [each for each in self.versions if each.updated_at <= moment]
        return max(written, key=lambda each: each.version, default=None)


def record[E: Entity](
    entity: E, steps: Sequence[tuple[int, Callable[[E, datetime], E]]]
) -> Recorded[E]:
    """Change an entity step by step, as transactions of writers with these clocks do."""
    versions: list[E] = []
    entries = []
    for clock, step in steps:
        now, before = minutes(clock), versions[-1] if versions else None
        after = step(before or entity, now)
        if not is_effective(Change(before, after)):
            continue
        after = after.succeed(before, now)
        entry = JournalEntry(
            id=new_id("jrn", now),
            at=now,
            action="test",
            actor=ActorRecord(kind="system", id="test"),
            target=TargetRecord(kind=after.kind, id=after.id, version=after.version),
            changes=compare_facts(before.facts() if before else {}, after.facts()),
            request_id="req_1",
        )
        stored = from_attributes(to_attributes(entry.item()))
        entries.append(JournalEntry.model_validate(stored))
        versions.append(after)
    return Recorded(versions, sorted(entries, key=lambda each: each.id, reverse=True))


def make_user(**fields: Any) -> User:
    return User(id="usr_1", created_at=START, updated_at=START, **fields)


def change_user(fields: dict[str, Any]) -> Callable[[User, datetime], User]:
    def step(user: User, now: datetime) -> User:
        return user if user.erased else user.model_copy(update=fields)

    return step


def erase_user(user: User, now: datetime) -> User:
    return user if user.erased else user.as_erased(now)


def change_policy(fields: dict[str, Any]) -> Callable[[AccessPolicy, datetime], AccessPolicy]:
    return lambda policy, _: policy.model_copy(update=fields)


@st.composite
def user_histories(draw: st.DrawFn) -> Recorded[User]:
    changes = draw(st.lists(st.tuples(CLOCKS, USER_CHANGES), min_size=1, max_size=12))
    steps = [(clock, change_user(fields)) for clock, fields in changes]
    if draw(st.booleans()):
        steps.append((draw(CLOCKS), erase_user))
    return record(make_user(), steps)


@st.composite
def policy_histories(draw: st.DrawFn) -> Recorded[AccessPolicy]:
    changes = draw(st.lists(st.tuples(CLOCKS, POLICY_CHANGES), min_size=1, max_size=8))
    empty = AccessPolicy(id=POLICY_ID, created_at=START, updated_at=START)
    return record(empty, [(clock, change_policy(fields)) for clock, fields in changes])


def known(user: User) -> dict[str, Any]:
    """The facts of a user in the journal, without bookkeeping of its tombstone."""
    facts = user.model_dump(exclude=set(User.unversioned_fields))
    return facts | (dict.fromkeys(User.grant_fields, ()) if user.erased else {})


@given(history=user_histories(), moment=MOMENTS)
def test_user_is_rewound_to_exactly_what_was_recorded_then(
    history: Recorded[User], moment: datetime
) -> None:
    expected = history.at(moment)

    found = rewind(history.versions[-1], history.entries, moment)

    assert (found is None) is (expected is None)
    if found is not None and expected is not None:
        assert known(found) == known(expected)
        assert found.facts() == expected.facts()


@given(history=user_histories(), moment=MOMENTS, data=st.data())
def test_what_was_written_since_the_entity_was_read_changes_nothing(
    history: Recorded[User], moment: datetime, data: st.DataObject
) -> None:
    read = data.draw(st.integers(1, len(history.versions)))
    expected = Recorded(history.versions[:read], ()).at(moment)

    found = rewind(history.versions[read - 1], history.entries, moment)

    assert (found and known(found)) == (expected and known(expected))


@given(history=policy_histories(), moment=MOMENTS)
def test_policy_is_rewound_to_exactly_what_was_recorded_then(
    history: Recorded[AccessPolicy], moment: datetime
) -> None:
    assert rewind(history.versions[-1], history.entries, moment) == history.at(moment)


@given(user=user_histories(), policy=policy_histories(), moment=MOMENTS)
def test_permissions_are_those_that_were_in_force_then(
    user: Recorded[User], policy: Recorded[AccessPolicy], moment: datetime
) -> None:
    expected = user.at(moment), policy.at(moment)

    found = (
        rewind(user.versions[-1], user.entries, moment),
        rewind(policy.versions[-1], policy.entries, moment),
    )

    if expected[0] and expected[1] and not expected[0].erased:
        assert found[0] is not None
        assert found[1] is not None
        assert found[1].granted_to(found[0], moment) == expected[1].granted_to(expected[0], moment)


@given(history=user_histories(), moment=MOMENTS, chance=st.randoms(use_true_random=False))
def test_missing_index_entries_are_detected_or_not_needed(
    history: Recorded[User], moment: datetime, chance: random.Random
) -> None:
    expected, present = history.at(moment), history.versions[-1]
    reached = expected.version if expected else 0
    withheld = chance.choice(history.entries)
    entries = [each for each in history.entries if each is not withheld]

    if withheld.target.version > reached:
        with pytest.raises(Unavailable) as refused:
            rewind(present, entries, moment)
        assert (refused.value.status, refused.value.code) == (503, "history_incomplete")
    elif withheld.target.version < reached:
        found = rewind(present, entries, moment)
        assert found is not None
        assert expected is not None
        assert found.facts() == expected.facts()


def years_of_changes(number: int) -> Recorded[User]:
    names = count()
    steps = [
        (minute, lambda user, _: user.model_copy(update={"name": f"Name {next(names)}"}))
        for minute in range(number)
    ]
    return record(make_user(), steps)


def test_entries_are_read_no_further_than_needed() -> None:
    history = years_of_changes(50)
    read: list[int] = []

    def entries() -> Iterable[JournalEntry]:
        for entry in history.entries:
            read.append(entry.target.version)
            yield entry

    found = rewind(history.versions[-1], entries(), minutes(46.5))

    assert found == history.versions[46]
    assert read == [50, 49, 48, 47]


def test_entity_is_absent_before_its_first_version_and_current_after_its_last() -> None:
    history = years_of_changes(3)
    assert rewind(history.versions[-1], history.entries, minutes(-1)) is None
    assert rewind(history.versions[-1], history.entries, minutes(90)) == history.versions[-1]


def test_journal_without_index_entries_is_incomplete() -> None:
    with pytest.raises(Unavailable):
        rewind(years_of_changes(1).versions[-1], [], minutes(90))


def test_journal_as_the_transactions_write_it_leads_back(world: World) -> None:
    user = world.add_user(name="Old", permissions=(Permission.USER_VIEW,))
    world.clock.advance(minutes=-5)  # the clock of the next writer is behind
    group_id = world.add_group("Readers")
    joined = world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))
    world.clock.advance(minutes=10)
    world.change_user(joined, joined.as_erased(world.clock.now))
    present = world.user(user.id)

    def entries() -> Iterable[JournalEntry]:
        return read_newest_first(world.runtime.table, user.id)

    moments = [world.clock.now - timedelta(minutes=each) for each in (0, 1, 6, 10, 11)]
    found = [rewind(present, entries(), moment) for moment in moments]

    assert [each.version if each else 0 for each in found] == [3, 2, 2, 2, 0]
    assert found[1] is not None
    assert known(found[1]) == known(joined)
    assert found[0] is not None
    assert found[0].erased


def test_entries_about_others_are_not_read(world: World) -> None:
    user, _ = world.add_user(), world.add_user()
    with watched(world.aws) as seen:
        entries = list(read_newest_first(world.runtime.table, user.id))
    assert [entry.target.id for entry in entries] == [user.id]
    (call,) = seen
    assert (call.parameters["IndexName"], call.parameters["ScanIndexForward"]) == ("gsi1", False)
