"""The lifecycle policy (L1): after how long accounts that nobody uses are warned about, disabled
and deleted, and who is exempt.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import Field

from rollcall.directory.segment import SegmentFilter
from rollcall.directory.time_zones import ZoneName, begin_day, to_local
from rollcall.kit.entity import Entity, Key
from rollcall.kit.field_types import Ids
from rollcall.kit.model import Model, Time, VersionedAnswer
from rollcall.kit.requirement import Required
from rollcall.kit.table import Table

POLICY_ID = "LIFECYCLE"
STEPS_AT_MOST = 2_000
"""What one run can do within Lambda's 15 minutes, with a third of a second for each user."""

Days = Annotated[int, Field(ge=1, le=3_650)]


class CleanUpMode(StrEnum):
    """What the scheduled clean-up does."""

    OFF = "off"
    DRY_RUN = "dry-run"
    ON = "on"


class LifecycleTerms(Model):
    """What the policy says. Inactive is whoever has not signed in; whoever never did has been
    inactive since the account was made.
    """

    mode: Annotated[
        CleanUpMode,
        Field(
            description="Of the scheduled clean-up of inactive accounts: dry-run counts whom it "
            "would be about, in its log, and writes nothing."
        ),
    ] = CleanUpMode.ON
    warn_after_days: Annotated[
        Days, Field(description="Of inactivity: a mail tells when the account is disabled.")
    ] = 76
    disable_after_days: Annotated[
        Days,
        Field(
            description="Of inactivity, and never fewer days after the warning than there are "
            "between the two."
        ),
    ] = 90
    delete_disabled: Annotated[
        bool, Field(description="Whether those whom the clean-up has disabled are deleted, too.")
    ] = False
    delete_after_days: Annotated[Days, Field(description="After it has disabled them.")] = 30
    end_invitations_after_days: Annotated[
        Days,
        Field(
            description="An invitation that nobody accepts ends so long after its link was sent, "
            "to the second and without a run of the clean-up. Links that are out keep the end that "
            "their mail names. Whoever has registered without confirming the address is deleted so "
            "long after the end of the link."
        ),
    ] = 7
    purge_deleted_after_days: Annotated[
        Days, Field(description="Soft-deleted users can be restored so long; then they are gone.")
    ] = 30
    exempt_users: Annotated[Ids, Field(description="Ids of users.")] = ()
    exempt_groups: Annotated[Ids, Field(description="Ids of groups: whoever is in one.")] = ()
    exempt_roles: Annotated[Ids, Field(description="Ids of roles: whoever has one.")] = ()
    exempt_filter: SegmentFilter | None = None
    steps_per_run: Annotated[
        int,
        Field(ge=1, le=STEPS_AT_MOST, description="Users a run; the rest waits for the next one."),
    ] = 1_000
    stop_above_percent: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            allow_inf_nan=False,
            description="A run that would be about a larger share of all users does nothing and "
            "tells the admins; 100 never stops one.",
        ),
    ] = 5
    stop_above_users: Annotated[
        int,
        Field(ge=0, description="So few stop no run, whatever their share."),
    ] = 10
    time_zone: Annotated[
        ZoneName, Field(description="Where the days begin that mails name: an IANA name.")
    ] = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """Where days begin."""
        return ZoneInfo(self.time_zone)

    @property
    def invitations_last(self) -> timedelta:
        """How long the link of an invitation works, which is sent now."""
        return timedelta(days=self.end_invitations_after_days)

    @property
    def grace_days(self) -> int:
        """How many days there are between the warning and the disabling."""
        return self.disable_after_days - self.warn_after_days

    def end_grace(self, warned_at: datetime) -> datetime:
        """When the days are over that whoever was warned has at least: as a mail names a day, they
        are over at its beginning.
        """
        day = to_local(warned_at, self.zone).date() + timedelta(days=self.grace_days)
        return begin_day(day, self.zone)


class LifecyclePolicy(LifecycleTerms, Entity):
    """The one policy of a deployment; its defaults count until it is first set."""

    kind: ClassVar[str] = "lifecycle_policy"
    partition: ClassVar[str] = "LIFECYCLE_POLICY"

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """There is one policy, under one key."""
        return Key(cls.partition, cls.partition)

    @classmethod
    def default(cls, now: datetime) -> Self:
        """The policy where none has been set: version 0."""
        return cls(id=POLICY_ID, created_at=now, updated_at=now)

    def with_terms(self, terms: LifecycleTerms) -> Self:
        """The policy with other terms."""
        said = {name: getattr(terms, name) for name in LifecycleTerms.model_fields}
        return self.model_copy(update=said)

    def unchanged(self) -> Required:
        """That the policy still is what was read; also that none has been set since."""
        return Required.at_version(self.key(), self.version)


class LifecyclePolicyAnswer(LifecycleTerms, VersionedAnswer):
    """The policy as an answer shows it."""

    version: Annotated[
        int, Field(description="Goes up by one with every change; the ETag. 0: never set.")
    ]
    updated_at: Annotated[Time | None, Field(description="Absent while it was never set.")] = None

    @classmethod
    def of(cls, policy: LifecyclePolicy) -> Self:
        """The answer about this policy."""
        said = {name: getattr(policy, name) for name in LifecycleTerms.model_fields}
        updated_at = policy.updated_at if policy.version else None
        return cls(**said, version=policy.version, updated_at=updated_at)


def read_lifecycle_policy(table: Table, now: datetime) -> LifecyclePolicy:
    """The policy that counts."""
    return table.find(LifecyclePolicy, POLICY_ID) or LifecyclePolicy.default(now)
