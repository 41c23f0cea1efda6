"""Runs of the clean-up: what each is to do, how far it has come, and what it did (L1).

A run goes through the users in the order of their ids. Each step of it, the change of one user, is
one version of the run in the same transaction: wherever it is broken off, it goes on exactly there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field

from rollcall.kit.call import Call
from rollcall.kit.entity import Claim, ClaimKind, Entity, Item, Key, Row
from rollcall.kit.model import Answer, Model, Time
from rollcall.kit.table import Table
from rollcall.lifecycle.decisions import Deed
from rollcall.lifecycle.policy import LifecyclePolicy

RUNS = "LIFECYCLE_RUNS"
"""GSI1 partition of all runs."""
ONE_AT_A_TIME = ClaimKind("lifecycle-run", "status", "Another run is going on")
RUNNING_CLAIM = Claim(ONE_AT_A_TIME, "running")
_STEP = "STEP#"


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    COMPLETE = "complete"
    STOPPED = "stopped"


class StoppedFor(StrEnum):
    """Why a run did nothing, or nothing more."""

    TOO_MANY = "too_many"
    """It would be about a larger share of all users than the policy allows."""
    NO_MAIL = "no_mail"
    """The deployment sends no mail (mailSender), so nobody can be warned."""
    UNCERTAIN_FILTER = "uncertain_filter"
    """The filter of who is exempt asks about facts that are not known at present."""
    POLICY_CHANGED = "policy_changed"
    """The policy was changed meanwhile; the next run goes by the new one."""


class Outcome(StrEnum):
    """What became of one user."""

    WARNED = "warned"
    DISABLED = "disabled"
    DELETED = "deleted"
    REFUSED = "refused"
    """The user owns something that has to be transferred first."""
    FAILED = "failed"
    """Others kept changing the user; the next run tries again."""


class Step(Model):
    """What a run did about one user."""

    number: int
    user_id: str
    outcome: Outcome
    at: Time


class StepRow(Row, Step):
    """A step as it is stored, beside its run and in the order of its steps."""

    partition: ClassVar[str] = "LIFECYCLE_RUN#"

    run_id: str

    def key(self) -> Key:
        """By the number of the step."""
        return Key(f"{self.partition}{self.run_id}", f"{_STEP}{self.number:06}")


class LifecycleRun(Entity):
    """One run of the clean-up."""

    kind: ClassVar[str] = "run"
    partition: ClassVar[str] = StepRow.partition
    index_partitions: ClassVar[tuple[str, ...]] = (RUNS,)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (ONE_AT_A_TIME,)
    row_fields: ClassVar[tuple[str, ...]] = ("step",)
    unversioned_fields: ClassVar[tuple[str, ...]] = ("step",)

    status: RunStatus = RunStatus.RUNNING
    stopped_for: StoppedFor | None = None
    policy_version: int
    users: int
    """How many there were at its start."""
    due: Mapping[Deed, int]
    """What there was to be done at its start."""
    position: str = ""
    """The user of the last step; all before have been looked at."""
    steps: int = 0
    outcomes: Mapping[Outcome, int] = {}
    finished_at: Time | None = None
    step: Step | None = None
    """The step that this version came about by; only while it is written."""

    @classmethod
    def begin(cls, call: Call, *, policy_version: int, users: int, due: Mapping[Deed, int]) -> Self:
        """A run that begins at this moment."""
        return cls(
            id=call.new_id("run"),
            created_at=call.now,
            updated_at=call.now,
            policy_version=policy_version,
            users=users,
            due=due,
        )

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The run leads its partition; its steps are not read with it."""
        return Key(f"{cls.partition}{entity_id}", "#RUN")

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The run, which is the only item that is read."""
        return next(map(cls.model_validate, items), None)

    def claims(self) -> frozenset[Claim]:
        """Only one run is going on."""
        return frozenset({RUNNING_CLAIM} if self.status is RunStatus.RUNNING else ())

    def index(self) -> Mapping[str, str]:
        """Found among all runs, by its id, which is in order of time."""
        return {"gsi1pk": RUNS, "gsi1sk": self.id}

    def rows(self) -> tuple[Row, ...]:
        """The step of this version; those before are written and stay."""
        return (StepRow(run_id=self.id, **dict(self.step)),) if self.step else ()

    def with_step(self, user_id: str, outcome: Outcome, now: datetime) -> Self:
        """The run after a step about this user."""
        number = self.steps + 1
        changed = {
            "position": user_id,
            "steps": number,
            "outcomes": {**self.outcomes, outcome: self.outcomes.get(outcome, 0) + 1},
            "step": Step(number=number, user_id=user_id, outcome=outcome, at=now),
        }
        return self.model_copy(update=changed)

    def as_ended(self, now: datetime, stopped_for: StoppedFor | None = None) -> Self:
        """The run at its end."""
        status = RunStatus.STOPPED if stopped_for else RunStatus.COMPLETE
        changed = {"status": status, "stopped_for": stopped_for, "finished_at": now}
        return self.model_copy(update=changed)

    def rests_on(self, policy: LifecyclePolicy) -> bool:
        """Whether the policy still is the one that the run began with."""
        return self.policy_version == policy.version


def find_running(table: Table) -> LifecycleRun | None:
    """The run that is going on, or that was broken off."""
    claim = table.get_item(RUNNING_CLAIM.key)
    return table.find(LifecycleRun, claim["owner"]) if claim else None


def read_steps(table: Table, run_id: str, after: int) -> Iterator[Step]:
    """The steps of a run that come after one, in their order."""
    pk = LifecycleRun.key_of(run_id).pk
    return map(Step.model_validate, table.query_partition(pk, later_than=f"{_STEP}{after:06}"))


class LifecycleRunAnswer(Answer):
    """A run as an answer shows it."""

    id: str
    status: RunStatus
    stopped_for: StoppedFor | None = None
    started_at: Annotated[
        Time, Field(description="The moment that all its decisions are about, also later ones.")
    ]
    finished_at: Time | None = None
    policy_version: Annotated[int, Field(description="0: the defaults.")]
    users: Annotated[int, Field(description="How many there were at its start.")]
    due: Annotated[Mapping[Deed, int], Field(description="What there was to be done at its start.")]
    steps: Annotated[int, Field(description="About how many users it has done anything.")]
    outcomes: Mapping[Outcome, int]

    @classmethod
    def of(cls, run: LifecycleRun) -> Self:
        """The answer about this run."""
        known = {name: getattr(run, name) for name in LifecycleRun.model_fields}
        return cls.model_validate({**known, "started_at": run.created_at})
