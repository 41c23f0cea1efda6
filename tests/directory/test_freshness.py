"""Answers include everything that was committed before the request: hundreds of changes by writers
whose clocks differ, with questions and compactions between them. They are others each day.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from functions.jobs.compact_directory import compact_directory
from rollcall.directory.directory import Directory
from rollcall.directory.records import read_row
from rollcall.directory.rows import DirectoryUser
from rollcall.kit.call import Call, Runtime
from rollcall.kit.job import make_call
from rollcall.kit.transaction import Change
from rollcall.resources.resource import Resource
from rollcall.users.sign_ins import SignIns
from rollcall.users.user import User
from tests.faults.directory_invariants import shown_users
from tests.sample import SEED
from tests.world.opening import open_world

SKEWS = (-5, 0, 4)
"""The errors of three writers' clocks, in seconds."""
QUESTIONS = int(os.environ.get("ROLLCALL_FRESHNESS_QUESTIONS", "100"))
"""The number of queries, each after three changes on average."""
COMPACTED_AFTER = 20
"""The number of queries between compactions."""


@dataclass
class Clock:
    """A clock that the test sets."""

    now: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)

    def read(self, skew: int = 0) -> datetime:
        """The time of a clock with this error in seconds."""
        return self.now + timedelta(seconds=skew)


@dataclass
class Writers:
    """Changes random users. Each writer has its own clock."""

    runtime: Runtime
    clock: Clock
    chance: random.Random
    users: dict[str, User] = field(default_factory=dict)
    sign_ins: dict[str, SignIns] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)

    def change_something(self) -> str:
        """The users that one writer has changed."""
        skewed = partial(self.clock.read, self.chance.choice(SKEWS))
        call = make_call("write", replace(self.runtime, clock=skewed))
        if len(self.users) < 5 or self.chance.random() < 0.1:
            return self.create(call)
        user_id = self.chance.choice(list(self.users))
        change = self.chance.choice([self.rename, self.rename, self.sign_in, self.own, self.erase])
        change(call, user_id)
        return user_id

    def create(self, call: Call) -> str:
        """Create a user."""
        user = User(id=call.new_id("usr"), created_at=call.now, updated_at=call.now)
        self.users[user.id] = commit(call, None, user)
        return user.id

    def rename(self, call: Call, user_id: str) -> None:
        """Rename a user."""
        user = self.users[user_id]
        renamed = user.model_copy(update={"name": f"Name {self.chance.random()}"})
        self.users[user_id] = commit(call, user, renamed)

    def sign_in(self, call: Call, user_id: str) -> None:
        """Record a sign-in, which creates no version of the user."""
        held = self.sign_ins.get(user_id)
        known = held or SignIns.none_of(user_id, call.now)
        self.sign_ins[user_id] = commit(call, held, known.with_sign_in(call.now, ["password"]))

    def own(self, call: Call, user_id: str) -> None:
        """Add a resource of the user, which creates no version of the user."""
        resource = Resource(
            id=call.new_id("wsp"),
            created_at=call.now,
            updated_at=call.now,
            type="workspace",
            user_id=user_id,
        )
        commit(call, None, resource)
        self.owners.add(user_id)

    def erase(self, call: Call, user_id: str) -> None:
        """Delete a user permanently."""
        if user_id not in self.owners:
            user = self.users.pop(user_id)
            commit(call, user, user.as_erased(call.now))


def commit[E: (User, SignIns, Resource)](call: Call, before: E | None, after: E) -> E:
    return call.commit(Change(before, after), answer=lambda written: written)


def stored_user(runtime: Runtime, user_id: str) -> DirectoryUser | None:
    """A user in the table."""
    row = read_row(runtime.table, user_id)
    if row is None:
        return None
    return DirectoryUser.model_validate(
        {name: getattr(row, name) for name in DirectoryUser.model_fields}
    )


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """A table and a bucket without users."""
    with open_world(with_admin=False) as world:
        yield world.runtime


def test_every_change_is_in_the_next_answer_whatever_the_writers_clocks_say(
    runtime: Runtime,
) -> None:
    clock, chance = Clock(), random.Random(SEED)  # noqa: S311 (no secret)
    runtime = replace(runtime, clock=clock.read)
    writers = Writers(runtime, clock, chance)
    compact_directory.run(runtime)
    readers = [Directory(runtime.table, runtime.objects) for _ in range(2)]

    for question in range(QUESTIONS):
        changed = set()
        for _ in range(chance.randrange(1, 6)):
            changed.add(writers.change_something())
            clock.now += timedelta(milliseconds=chance.randrange(4000))
        reader = readers[question % 7 == 0]
        reader.refresh(clock.now)
        for each in changed:
            assert shown_users(reader.database, each).get(each) == stored_user(runtime, each)
        if question % COMPACTED_AFTER == COMPACTED_AFTER - 1:
            compact_directory.run(runtime)

    stored = {each: stored_user(runtime, each) for each in writers.users}
    for reader in [*readers, Directory(runtime.table, runtime.objects)]:
        reader.refresh(clock.now)
        assert shown_users(reader.database) == stored
