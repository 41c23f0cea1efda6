"""Grants: rows in the user's partition, each with the period in which it is in force.

The secondary indexes list them by what is granted: GSI1 lists the members of a group or an
organization, GSI2 the holders of a role or a permission.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, NamedTuple, Self

from rollcall.grants.holders import (
    count_member,
    holders_of_role,
    members_of_group,
    members_of_organization,
)
from rollcall.grants.permissions import Permission
from rollcall.kit.choices import Choice
from rollcall.kit.entity import Counter, Item, Key, Row
from rollcall.kit.model import Model, Time

USER_PARTITION = "USER#"
MEMBERS = "MEMBERS#"
"""GSI1: the members of a group or an organization."""
HOLDERS = "HOLDERS#"
"""GSI2: the holders of a role or a permission."""
GROUP_ADMINS = f"{HOLDERS}group-admin"
"""GSI2: the admins of all groups."""


class GroupRole(Choice):
    """The role of a user in a group."""

    MEMBER = "member"
    ADMIN = "admin"


class Period(Model):
    """The time in which a grant is in force: from its start, which is included, to its end, which
    is not. Without a start or an end, there is no limit on that side.
    """

    starts_at: Time | None = None
    ends_at: Time | None = None

    def covers(self, now: datetime) -> bool:
        """Whether the grant is in force at this time."""
        return (self.starts_at is None or self.starts_at <= now) and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        """Whether the grant has expired at this time."""
        return self.ends_at is not None and self.ends_at <= now

    def includes(self, other: Period) -> bool:
        """Whether this period includes the other one."""
        begun = other.starts_at and self.starts_at and self.starts_at <= other.starts_at
        ended = other.ends_at and self.ends_at and other.ends_at <= self.ends_at
        return bool((begun or not self.starts_at) and (ended or not self.ends_at))


class Grant(Row):
    """One grant to a user."""

    partition: ClassVar[str] = USER_PARTITION
    kind: ClassVar[str]
    """The prefix of the sort key, before the subject: ``#GROUP#``, for example."""
    subject_field: ClassVar[str]
    """The field with the id or name of what is granted."""
    facts_name: ClassVar[str]
    """The prefix of the facts in the journal: ``groups`` in ``groups.grp_…``, for example."""

    user_id: str
    starts_at: Time | None = None
    ends_at: Time | None = None

    @property
    def subject(self) -> str:
        """The id or name of what is granted."""
        return str(getattr(self, self.subject_field))

    @property
    def period(self) -> Period:
        """The period in which the grant is in force."""
        return Period(starts_at=self.starts_at, ends_at=self.ends_at)

    def key(self) -> Key:
        """The primary key, in the user's partition."""
        return Key(f"{self.partition}{self.user_id}", f"{self.kind}{self.subject}")

    def counts(self) -> Mapping[Counter, int]:
        """The counters that include this grant. Their holders must exist when it is granted."""
        return {}

    def includes(self, other: Self) -> bool:
        """Whether this grants everything that another grant of the same subject grants."""
        return self.period.includes(other.period)

    def fact(self) -> Item:
        """The grant as a fact of the journal. The name of the fact contains the subject."""
        known = {"user_id", self.subject_field, "hidden"}
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=known)

    @classmethod
    def of_fact(cls, user_id: str, subject: str, fact: Item) -> Self:
        """The grant from a fact of the journal."""
        return cls.model_validate({**fact, "user_id": user_id, cls.subject_field: subject})


class Membership(Grant):
    """A user's membership in a group."""

    kind: ClassVar[str] = "#GROUP#"
    subject_field: ClassVar[str] = "group_id"
    facts_name: ClassVar[str] = "groups"

    group_id: str
    role: GroupRole
    hidden: bool | None = None
    """Whether the user is soft-deleted, so that the members are listed and counted without it."""

    def index(self) -> Mapping[str, str]:
        """Listed by group, and for an admin, with the admins of all groups."""
        found = {"gsi1pk": f"{MEMBERS}{self.group_id}", "gsi1sk": self.user_id}
        if self.makes_admin:
            found |= {"gsi2pk": GROUP_ADMINS, "gsi2sk": f"{self.user_id}#{self.group_id}"}
        return found

    def counts(self) -> Mapping[Counter, int]:
        """One member of the group."""
        return count_member(members_of_group(self.group_id), hidden=bool(self.hidden))

    @property
    def makes_admin(self) -> bool:
        """Whether the user is an admin of the group."""
        return self.role is GroupRole.ADMIN

    def includes(self, other: Self) -> bool:
        """An admin has everything that a member has."""
        return (self.makes_admin or self.role is other.role) and super().includes(other)


class OrganizationMembership(Grant):
    """A user's membership in an organization, with a role there."""

    kind: ClassVar[str] = "#ORG#"
    subject_field: ClassVar[str] = "organization_id"
    facts_name: ClassVar[str] = "organizations"

    organization_id: str
    role_id: str
    hidden: bool | None = None
    """As in a group."""

    def index(self) -> Mapping[str, str]:
        """Listed by organization and by role."""
        return {
            "gsi1pk": f"{MEMBERS}{self.organization_id}",
            "gsi1sk": self.user_id,
            "gsi2pk": f"{HOLDERS}{self.role_id}",
            "gsi2sk": f"{self.user_id}#{self.organization_id}",
        }

    def counts(self) -> Mapping[Counter, int]:
        """One member of the organization, one holder of the role."""
        members = members_of_organization(self.organization_id)
        counted = count_member(members, hidden=bool(self.hidden))
        return {**counted, holders_of_role(self.role_id): 1}

    def includes(self, other: Self) -> bool:
        """A role never includes another role."""
        return self.role_id == other.role_id and super().includes(other)


class RoleGrant(Grant):
    """A role that a user has outside of organizations."""

    kind: ClassVar[str] = "#ROLE#"
    subject_field: ClassVar[str] = "role_id"
    facts_name: ClassVar[str] = "roles"

    role_id: str

    def index(self) -> Mapping[str, str]:
        """Listed by role."""
        return {"gsi2pk": f"{HOLDERS}{self.role_id}", "gsi2sk": self.user_id}

    def counts(self) -> Mapping[Counter, int]:
        """One holder of the role."""
        return {holders_of_role(self.role_id): 1}


class PermissionGrant(Grant):
    """A permission that is granted to a user directly."""

    kind: ClassVar[str] = "#PERMISSION#"
    subject_field: ClassVar[str] = "permission"
    facts_name: ClassVar[str] = "permissions"

    permission: Permission

    def index(self) -> Mapping[str, str]:
        """Listed by permission."""
        return {"gsi2pk": f"{HOLDERS}{self.permission}", "gsi2sk": self.user_id}


class Reason(NamedTuple):
    """A grant from which a user has a permission."""

    grant: Grant
    about: str | None = None
    """The group that the permission is limited to, if any."""


KINDS: tuple[type[Grant], ...] = (Membership, OrganizationMembership, RoleGrant, PermissionGrant)
"""All kinds of grants."""


def read_grant(item: Item) -> Grant:
    """The grant in a stored row."""
    kind = next(each for each in KINDS if str(item["sk"]).startswith(each.kind))
    return kind.model_validate(item)
