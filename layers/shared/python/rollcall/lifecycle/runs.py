"""Runs of the clean-up: their plan, their progress and their results (L1).

A run processes the users in the order of their ids. Each step changes one user and, in the same
transaction, the run. So an interrupted run continues exactly where it was.
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
"""The GSI1 partition of all runs."""
ONE_AT_A_TIME = ClaimKind("lifecycle-run", "status", "Another run is in progress")
RUNNING_CLAIM = Claim(ONE_AT_A_TIME, "running")
_STEP = "STEP#"


class RunStatus(StrEnum):
    """The status of a run."""

    RUNNING = "running"
    COMPLETE = "complete"
    STOPPED = "stopped"


class StoppedFor(StrEnum):
    """Why a run stopped."""

    TOO_MANY = "too_many"
    """It would affect a larger share of all users than the policy allows."""
    NO_MAIL = "no_mail"
    """The deployment sends no mail (mailSender), so users cannot be warned."""
    UNCERTAIN_FILTER = "uncertain_filter"
    """The policy's filter uses facts that are currently unknown."""
    INVALID_FILTER = "invalid_filter"
    """The policy's filter uses an attribute or a value that does not exist any more. Until the
    policy is corrected, each run stops."""
    POLICY_CHANGED = "policy_changed"
    """The policy has been changed. The next run uses the new one."""


class Outcome(StrEnum):
    """The result for one user."""

    WARNED = "warned"
    DISABLED = "disabled"
    DELETED = "deleted"
    REFUSED = "refused"
    """The user owns a resource that must be transferred first."""
    FAILED = "failed"
    """The user was changed during each attempt. The next run retries."""


class Step(Model):
    """What a run did to one user."""

    number: int
    user_id: str
    outcome: Outcome
    at: Time


class StepRow(Row, Step):
    """A stored step, in the partition of its run and in order."""

    partition: ClassVar[str] = "LIFECYCLE_RUN#"

    run_id: str

    def key(self) -> Key:
        """The key, with the number of the step."""
        return Key(f"{self.partition}{self.run_id}", f"{_STEP}{self.number:06}")


class LifecycleRun(Entity):
    """One run of the clean-up."""

    kind: ClassVar[str] = "run"
    partition: ClassVar[str] = StepRow.partition
    index_partitions: ClassVar[tuple[str, ...]] = (RUNS,)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (ONE_AT_A_TIME,)
    row_fields: ClassVar[tuple[str, ...]] = ("step",)
    row_kinds: ClassVar[tuple[type[Row], ...]] = (StepRow,)
    unversioned_fields: ClassVar[tuple[str, ...]] = ("step",)

    status: RunStatus = RunStatus.RUNNING
    stopped_for: StoppedFor | None = None
    stopped_detail: str | None = None
    """What is wrong with the policy's filter, in one sentence."""
    policy_version: int
    users: int
    """The number of all users at its start."""
    due: Mapping[Deed, int]
    """The number of users for each action at its start."""
    unreachable: int = 0
    """The number of users at its start who are neither warned nor disabled, only because mails to
    them are not delivered."""
    position: str = ""
    """The user of the last step. All users before have been processed."""
    steps: int = 0
    outcomes: Mapping[Outcome, int] = {}
    finished_at: Time | None = None
    step: Step | None = None
    """The step of this version; only set while it is written."""

    @classmethod
    def begin(
        cls,
        call: Call,
        *,
        policy_version: int,
        users: int,
        due: Mapping[Deed, int],
        unreachable: int = 0,
    ) -> Self:
        """A run that starts now."""
        return cls(
            id=call.new_id("run"),
            created_at=call.now,
            updated_at=call.now,
            policy_version=policy_version,
            users=users,
            due=due,
            unreachable=unreachable,
        )

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The key of the run, which is in one partition with its steps but is read alone."""
        return Key(f"{cls.partition}{entity_id}", "#RUN")

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The run from its only item."""
        return next(map(cls.model_validate, items), None)

    def claims(self) -> frozenset[Claim]:
        """A claim that allows only one run in progress."""
        return frozenset({RUNNING_CLAIM} if self.status is RunStatus.RUNNING else ())

    def index(self) -> Mapping[str, str]:
        """In the list of all runs, by id, which is chronological."""
        return {"gsi1pk": RUNS, "gsi1sk": self.id}

    def rows(self) -> tuple[Row, ...]:
        """The step of this version. Earlier steps are already stored."""
        return (StepRow(run_id=self.id, **dict(self.step)),) if self.step else ()

    def with_step(self, user_id: str, outcome: Outcome, now: datetime) -> Self:
        """The run after a step for this user."""
        number = self.steps + 1
        changed = {
            "position": user_id,
            "steps": number,
            "outcomes": {**self.outcomes, outcome: self.outcomes.get(outcome, 0) + 1},
            "step": Step(number=number, user_id=user_id, outcome=outcome, at=now),
        }
        return self.model_copy(update=changed)

    def as_ended(
        self, now: datetime, stopped_for: StoppedFor | None = None, detail: str | None = None
    ) -> Self:
        """The ended run."""
        status = RunStatus.STOPPED if stopped_for else RunStatus.COMPLETE
        changed = {"status": status, "stopped_for": stopped_for, "finished_at": now}
        return self.model_copy(update={**changed, "stopped_detail": detail})

    def rests_on(self, policy: LifecyclePolicy) -> bool:
        """Whether the run started with this version of the policy."""
        return self.policy_version == policy.version


def find_running(table: Table) -> LifecycleRun | None:
    """The run in progress, which may have been interrupted."""
    claim = table.get_item(RUNNING_CLAIM.key)
    return table.find(LifecycleRun, claim["owner"]) if claim else None


def read_steps(table: Table, run_id: str, after: int) -> Iterator[Step]:
    """The steps of a run after a step, in order."""
    pk = LifecycleRun.key_of(run_id).pk
    return map(Step.model_validate, table.query_partition(pk, later_than=f"{_STEP}{after:06}"))


class LifecycleRunAnswer(Answer):
    """A run of the clean-up."""

    id: str
    status: RunStatus
    stopped_for: StoppedFor | None = None
    stopped_detail: Annotated[
        str | None, Field(description="What is wrong with exemptFilter, if that stopped the run.")
    ] = None
    started_at: Annotated[
        Time, Field(description="The time that all decisions of the run are based on.")
    ]
    finished_at: Time | None = None
    policy_version: Annotated[int, Field(description="0: the defaults.")]
    users: Annotated[int, Field(description="The number of all users at its start.")]
    due: Annotated[
        Mapping[Deed, int], Field(description="The number of users for each action at its start.")
    ]
    unreachable: Annotated[
        int,
        Field(
            description="The number of users who were neither warned nor disabled, only because "
            "mails to them are not delivered (emailBounced)."
        ),
    ]
    steps: Annotated[int, Field(description="The number of users it has processed.")]
    outcomes: Mapping[Outcome, int]

    @classmethod
    def of(cls, run: LifecycleRun) -> Self:
        """The answer for a run."""
        known = {name: getattr(run, name) for name in LifecycleRun.model_fields}
        return cls.model_validate({**known, "started_at": run.created_at})
