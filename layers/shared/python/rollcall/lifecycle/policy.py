"""The lifecycle policy (L1): when inactive users are warned, disabled and deleted, and which users
are exempt.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import Field

from rollcall.directory.segment import SegmentFilter
from rollcall.directory.time_zones import ZoneName, begin_day, to_local
from rollcall.grants.permissions import Permission
from rollcall.kit.choices import Choice
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.entity import Entity, Key
from rollcall.kit.field_types import Ids
from rollcall.kit.model import Model, Time, VersionedAnswer
from rollcall.kit.table import Table

POLICY_ID = "LIFECYCLE"
STEPS_AT_MOST = 2_000
"""The steps that fit into Lambda's 15 minutes, with a third of a second for each user."""

Days = Annotated[int, Field(ge=1, le=3_650)]


class CleanUpMode(Choice):
    """What the scheduled clean-up does."""

    OFF = "off"
    DRY_RUN = "dry-run"
    ON = "on"


class LifecycleTerms(Model):
    """The terms of the policy. Users are inactive since their last sign-in, or since their creation
    if they have never signed in.
    """

    mode: Annotated[
        CleanUpMode,
        Field(
            description="The mode of the scheduled clean-up of inactive users. dry-run only logs "
            "how many users it would affect."
        ),
    ] = CleanUpMode.ON
    warn_after_days: Annotated[
        Days,
        Field(
            description="Days of inactivity before the user gets a mail with the date of disabling."
        ),
    ] = 76
    disable_after_days: Annotated[
        Days,
        Field(
            description="Days of inactivity after which the user is disabled. The time since the "
            "warning is at least the difference to warnAfterDays."
        ),
    ] = 90
    delete_disabled: Annotated[
        bool, Field(description="Whether users whom the clean-up has disabled are deleted later.")
    ] = False
    delete_after_days: Annotated[
        Days, Field(description="Days between disabling and deletion.")
    ] = 30
    end_invitations_after_days: Annotated[
        Days,
        Field(
            description="Days after which the link of an invitation expires, to the second and "
            "without a run of the clean-up. Links that were already sent expire at the time in "
            "their mail. Users who have registered but not confirmed their address are deleted "
            "this many days after their link has expired."
        ),
    ] = 7
    purge_deleted_after_days: Annotated[
        Days, Field(description="Days after which soft-deleted users can no longer be restored.")
    ] = 30
    exempt_users: Annotated[Ids, Field(description="Ids of users who are exempt.")] = ()
    exempt_groups: Annotated[Ids, Field(description="Ids of groups whose members are exempt.")] = ()
    exempt_roles: Annotated[Ids, Field(description="Ids of roles whose holders are exempt.")] = ()
    exempt_filter: SegmentFilter | None = None
    steps_per_run: Annotated[
        int,
        Field(
            ge=1,
            le=STEPS_AT_MOST,
            description="Users in one run. Others wait for the next one.",
        ),
    ] = 1_000
    stop_above_percent: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            allow_inf_nan=False,
            description="A run that would affect a larger share of all users does nothing and "
            "notifies the admins. 100 never stops a run.",
        ),
    ] = 5
    stop_above_users: Annotated[
        int,
        Field(ge=0, le=1_000_000_000, description="This many users or fewer never stop a run."),
    ] = 10
    time_zone: Annotated[
        ZoneName, Field(description="The IANA time zone of the days in mails.")
    ] = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days start."""
        return ZoneInfo(self.time_zone)

    @property
    def invitation_validity(self) -> timedelta:
        """How long the link of an invitation that is sent now is valid."""
        return timedelta(days=self.end_invitations_after_days)

    @property
    def grace_days(self) -> int:
        """The number of days between the warning and disabling."""
        return self.disable_after_days - self.warn_after_days

    def find_needed_permissions(self, before: LifecycleTerms) -> Iterator[Permission]:
        """The permissions for what the clean-up and the purge will do by these terms, and would not
        do without them.
        """
        if self.mode is CleanUpMode.ON:
            yield Permission.USER_DISABLE
        deletes = self.mode is CleanUpMode.ON and self.delete_disabled
        if deletes or self.purge_deleted_after_days < before.purge_deleted_after_days:
            yield Permission.USER_DELETE

    def end_grace(self, warned_at: datetime) -> datetime:
        """When a warned user can be disabled: at the start of the day in the mail."""
        day = to_local(warned_at, self.zone).date() + timedelta(days=self.grace_days)
        return begin_day(day, self.zone)


class LifecyclePolicy(LifecycleTerms, Entity):
    """The only policy of a deployment. The defaults apply until it is first set."""

    kind: ClassVar[str] = "lifecycle_policy"
    partition: ClassVar[str] = "LIFECYCLE_POLICY"

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The key of the only policy."""
        return Key(cls.partition, cls.partition)

    @classmethod
    def default(cls, now: datetime) -> Self:
        """The policy before it is first set, with version 0."""
        return cls(id=POLICY_ID, created_at=now, updated_at=now)

    def with_terms(self, terms: LifecycleTerms) -> Self:
        """The policy with other terms."""
        changed = {name: getattr(terms, name) for name in LifecycleTerms.model_fields}
        return self.model_copy(update=changed)

    def unchanged(self) -> ConditionCheck:
        """Requires that the policy has not changed, or not been set, since it was read."""
        return ConditionCheck.at_version(self.key(), self.version)


class LifecyclePolicyAnswer(LifecycleTerms, VersionedAnswer):
    """The lifecycle policy."""

    version: Annotated[
        int, Field(description="Increases by one with every change; the ETag. 0: never set.")
    ]
    updated_at: Annotated[Time | None, Field(description="Absent until it is first set.")] = None

    @classmethod
    def of(cls, policy: LifecyclePolicy) -> Self:
        """The answer for a policy."""
        terms = {name: getattr(policy, name) for name in LifecycleTerms.model_fields}
        updated_at = policy.updated_at if policy.version else None
        return cls(**terms, version=policy.version, updated_at=updated_at)


def read_lifecycle_policy(table: Table, now: datetime) -> LifecyclePolicy:
    """The current policy."""
    return table.find(LifecyclePolicy, POLICY_ID) or LifecyclePolicy.default(now)
