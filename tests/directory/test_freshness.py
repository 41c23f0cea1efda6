"""What was committed before a question was asked is in its answer: hundreds of changes by writers
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
from tests.world import open_world

SKEWS = (-5, 0, 4)
"""By how many seconds the clocks of three writers are wrong."""
QUESTIONS = int(os.environ.get("ROLLCALL_FRESHNESS_QUESTIONS", "100"))
"""With three changes before each, on average."""
COMPACTED_AFTER = 20
"""Questions."""


@dataclass
class Clock:
    """A clock that is moved by hand."""

    now: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)

    def read(self, skew: int = 0) -> datetime:
        """The time by a clock that is so many seconds wrong."""
        return self.now + timedelta(seconds=skew)


@dataclass
class Writers:
    """Change users at random, each with a clock of its own."""

    runtime: Runtime
    clock: Clock
    chance: random.Random
    users: dict[str, User] = field(default_factory=dict)
    sign_ins: dict[str, SignIns] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)

    def change_something(self) -> str:
        """Whom one writer has changed."""
        skewed = partial(self.clock.read, self.chance.choice(SKEWS))
        call = make_call("write", replace(self.runtime, clock=skewed))
        if len(self.users) < 5 or self.chance.random() < 0.1:
            return self.create(call)
        user_id = self.chance.choice(list(self.users))
        change = self.chance.choice([self.rename, self.rename, self.sign_in, self.own, self.erase])
        change(call, user_id)
        return user_id

    def create(self, call: Call) -> str:
        """A new user."""
        user = User(id=call.new_id("usr"), created_at=call.now, updated_at=call.now)
        self.users[user.id] = commit(call, None, user)
        return user.id

    def rename(self, call: Call, user_id: str) -> None:
        """Another name."""
        user = self.users[user_id]
        renamed = user.model_copy(update={"name": f"Name {self.chance.random()}"})
        self.users[user_id] = commit(call, user, renamed)

    def sign_in(self, call: Call, user_id: str) -> None:
        """A sign-in, which makes no version of the user."""
        held = self.sign_ins.get(user_id)
        known = held or SignIns.none_of(user_id, call.now)
        self.sign_ins[user_id] = commit(call, held, known.with_sign_in(call.now, ["password"]))

    def own(self, call: Call, user_id: str) -> None:
        """One more thing that the user owns, which makes no version of the user either."""
        thing = Resource(
            id=call.new_id("wsp"),
            created_at=call.now,
            updated_at=call.now,
            type="workspace",
            user_id=user_id,
        )
        commit(call, None, thing)
        self.owners.add(user_id)

    def erase(self, call: Call, user_id: str) -> None:
        """The user is deleted for good."""
        if user_id not in self.owners:
            user = self.users.pop(user_id)
            commit(call, user, user.as_erased(call.now))


def commit[E: (User, SignIns, Resource)](call: Call, before: E | None, after: E) -> E:
    return call.commit(Change(before, after), answer=lambda written: written)


def stored_user(runtime: Runtime, user_id: str) -> DirectoryUser | None:
    """A user as the table has it."""
    row = read_row(runtime.table, user_id)
    if row is None:
        return None
    return DirectoryUser.model_validate(
        {name: getattr(row, name) for name in DirectoryUser.model_fields}
    )


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Table and bucket, with nobody in them."""
    with open_world(founded=False) as world:
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
