"""What a user has been given: rows beside the user, each with the time that it is in force.

The secondary indexes turn them round: GSI1 lists the members of a group or an organization, GSI2
the holders of a role or a permission.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple, Self

from rollcall.grants.holders import holders_of_role, members_of_group, members_of_organization
from rollcall.grants.permissions import Permission
from rollcall.kit.entity import Counter, Item, Key, Row
from rollcall.kit.model import Model, Time

USER_PARTITION = "USER#"
MEMBERS = "MEMBERS#"
"""GSI1: who is in a group or an organization."""
HOLDERS = "HOLDERS#"
"""GSI2: who holds a role or a permission."""
GROUP_ADMINS = f"{HOLDERS}group-admin"
"""GSI2: who is the admin of some group."""


class GroupRole(StrEnum):
    """What a user is in a group."""

    MEMBER = "member"
    ADMIN = "admin"


class Period(Model):
    """The time that a grant is in force: from its beginning, and not any more at its end. Without
    them it always is.
    """

    starts_at: Time | None = None
    ends_at: Time | None = None

    def covers(self, now: datetime) -> bool:
        """Whether the grant counts at this moment."""
        return (self.starts_at is None or self.starts_at <= now) and self.lasts(now)

    def lasts(self, now: datetime) -> bool:
        """Whether the grant counts at this moment or will count later."""
        return self.ends_at is None or now < self.ends_at

    def includes(self, other: Period) -> bool:
        """Whether the grant counts at every moment of the other period too."""
        begun = other.starts_at and self.starts_at and self.starts_at <= other.starts_at
        ended = other.ends_at and self.ends_at and other.ends_at <= self.ends_at
        return bool((begun or not self.starts_at) and (ended or not self.ends_at))


class Grant(Row):
    """One thing that a user has been given."""

    partition: ClassVar[str] = USER_PARTITION
    kind: ClassVar[str]
    """What stands before the subject in the sort key, as ``#GROUP#``."""
    subject_field: ClassVar[str]
    """The field that names what was given."""
    facts_name: ClassVar[str]
    """What the journal files such grants under, as ``groups`` in ``groups.grp_…``."""

    user_id: str
    starts_at: Time | None = None
    ends_at: Time | None = None

    @property
    def subject(self) -> str:
        """The id, or name, of what was given."""
        return str(getattr(self, self.subject_field))

    @property
    def period(self) -> Period:
        """When it is in force."""
        return Period(starts_at=self.starts_at, ends_at=self.ends_at)

    def key(self) -> Key:
        """Beside the user's own item."""
        return Key(f"{self.partition}{self.user_id}", f"{self.kind}{self.subject}")

    def counts(self) -> Mapping[Counter, int]:
        """The numbers that this grant is part of; it can be given only while they have a holder."""
        return {}

    def includes(self, other: Self) -> bool:
        """Whether it gives all that another grant of the same subject gives."""
        return self.period.includes(other.period)

    def fact(self) -> Item:
        """The grant as the journal shows it, below the name of its subject."""
        known = {"user_id", self.subject_field}
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=known)

    @classmethod
    def of_fact(cls, user_id: str, subject: str, fact: Item) -> Self:
        """The grant that the journal has shown so."""
        return cls.model_validate({**fact, "user_id": user_id, cls.subject_field: subject})


class Membership(Grant):
    """A user's place in one group."""

    kind: ClassVar[str] = "#GROUP#"
    subject_field: ClassVar[str] = "group_id"
    facts_name: ClassVar[str] = "groups"

    group_id: str
    role: GroupRole

    def index(self) -> Mapping[str, str]:
        """Found by group, and an admin among those of all groups."""
        found = {"gsi1pk": f"{MEMBERS}{self.group_id}", "gsi1sk": self.user_id}
        if self.makes_admin:
            found |= {"gsi2pk": GROUP_ADMINS, "gsi2sk": f"{self.user_id}#{self.group_id}"}
        return found

    def counts(self) -> Mapping[Counter, int]:
        """One member of the group."""
        return {members_of_group(self.group_id): 1}

    @property
    def makes_admin(self) -> bool:
        """Whether it makes a group admin."""
        return self.role is GroupRole.ADMIN

    def includes(self, other: Self) -> bool:
        """An admin is a member too."""
        return (self.makes_admin or self.role is other.role) and super().includes(other)


class OrganizationMembership(Grant):
    """A user's place in one organization, under a role."""

    kind: ClassVar[str] = "#ORG#"
    subject_field: ClassVar[str] = "organization_id"
    facts_name: ClassVar[str] = "organizations"

    organization_id: str
    role_id: str

    def index(self) -> Mapping[str, str]:
        """Found by organization, and by role."""
        return {
            "gsi1pk": f"{MEMBERS}{self.organization_id}",
            "gsi1sk": self.user_id,
            "gsi2pk": f"{HOLDERS}{self.role_id}",
            "gsi2sk": f"{self.user_id}#{self.organization_id}",
        }

    def counts(self) -> Mapping[Counter, int]:
        """One member of the organization, one holder of the role."""
        return {members_of_organization(self.organization_id): 1, holders_of_role(self.role_id): 1}

    def includes(self, other: Self) -> bool:
        """One role gives nothing of what another one gives."""
        return self.role_id == other.role_id and super().includes(other)


class RoleGrant(Grant):
    """A role that a user has everywhere."""

    kind: ClassVar[str] = "#ROLE#"
    subject_field: ClassVar[str] = "role_id"
    facts_name: ClassVar[str] = "roles"

    role_id: str

    def index(self) -> Mapping[str, str]:
        """Found by role."""
        return {"gsi2pk": f"{HOLDERS}{self.role_id}", "gsi2sk": self.user_id}

    def counts(self) -> Mapping[Counter, int]:
        """One holder of the role."""
        return {holders_of_role(self.role_id): 1}


class PermissionGrant(Grant):
    """A permission that a user has been granted directly."""

    kind: ClassVar[str] = "#PERMISSION#"
    subject_field: ClassVar[str] = "permission"
    facts_name: ClassVar[str] = "permissions"

    permission: Permission

    def index(self) -> Mapping[str, str]:
        """Found by permission."""
        return {"gsi2pk": f"{HOLDERS}{self.permission}", "gsi2sk": self.user_id}


class Reason(NamedTuple):
    """A grant that gives a permission."""

    grant: Grant
    about: str | None = None
    """The group that it gives it for, when it does so for one only."""


KINDS: tuple[type[Grant], ...] = (Membership, OrganizationMembership, RoleGrant, PermissionGrant)
"""All that a user can be given."""


def read_grant(item: Item) -> Grant:
    """The grant in a stored row, of whichever kind it is."""
    kind = next(each for each in KINDS if str(item["sk"]).startswith(each.kind))
    return kind.model_validate(item)
