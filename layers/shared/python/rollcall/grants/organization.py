"""Organizations: users belong to them with a role (O1, O2)."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field

from rollcall.grants.built_in_roles import SYSTEM
from rollcall.grants.holders import ORGANIZATION, ROLE, holders_of_role
from rollcall.kit.entity import COUNTERS, Claim, ClaimKind, Counter
from rollcall.kit.error_messages import TextPattern
from rollcall.kit.field_types import Id
from rollcall.kit.listed_entity import ListedEntity
from rollcall.kit.model import Time, VersionedAnswer
from rollcall.kit.table import Table

SLUG = ClaimKind("organization-slug", "slug", "Slug already exists")
SLUG_AT_MOST = 63
NUMBERED = 50
"""How many numbered slugs are looked up before a random number is used."""
_NUMBER_AT_MOST = len("-12345678")


def _refuse_system(role_id: str) -> str:
    if role_id == SYSTEM.id:
        raise ValueError("Organizations cannot grant the role System. Promote the user instead.")
    return role_id


OrganizationRoleId = Annotated[Id, AfterValidator(_refuse_system)]
"""A role that members of an organization can have: any role except System."""
OrganizationSlug = Annotated[
    str,
    Field(max_length=SLUG_AT_MOST, description="Unique: a-z and 0-9, with hyphens between them."),
    TextPattern(
        r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        "A slug has a-z and 0-9, with hyphens only between them.",
    ),
]


class Organization(ListedEntity):
    """One organization. Its memberships are rows of the users. A deleted organization stays as a
    tombstone until the last membership is removed.
    """

    kind: ClassVar[str] = ORGANIZATION.kind
    partition: ClassVar[str] = ORGANIZATION.partition
    listed_in: ClassVar[str] = "ORGANIZATIONS"
    index_partitions: ClassVar[tuple[str, ...]] = (listed_in,)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (SLUG,)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        COUNTERS + listed_in: ("count",),
        ROLE.partition: ("holderCount", "erased"),
    }
    unversioned_fields: ClassVar[tuple[str, ...]] = ("member_count", "hidden_member_count")
    keeps_tombstone: ClassVar[bool] = True

    slug: str
    default_role_id: str
    member_count: int = 0
    hidden_member_count: int | None = None
    """How many of the members are soft-deleted."""
    members_left: int | None = None
    """Of a deleted organization: how many memberships are not yet removed."""

    @property
    def listed_count(self) -> int:
        """The number of members that lists show."""
        return self.member_count - (self.hidden_member_count or 0)

    def claims(self) -> frozenset[Claim]:
        """The slug."""
        return frozenset() if self.erased else frozenset({Claim(SLUG, self.slug)})

    def counts(self) -> Mapping[Counter, int]:
        """One organization, and one holder of its default role."""
        return {} if self.erased else {**super().counts(), holders_of_role(self.default_role_id): 1}

    def as_erased(self) -> Self:
        """A tombstone, whose memberships are still to be removed."""
        return self.model_copy(update={"erased": True, "members_left": self.member_count})


def suggest_slug(name: str) -> str:
    """A slug from a name: letters without diacritics, words joined by hyphens. Empty if the name
    has no character that is allowed in a slug.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:SLUG_AT_MOST].strip("-")


def suggest_slugs(name: str, table: Table) -> Iterator[str]:
    """Slugs to try in turn: the one from the name, then free ones with a number, then one with a
    random number. The first costs no read, because it is nearly always free.
    """
    base = suggest_slug(name) or "organization"
    yield base
    short = base[: SLUG_AT_MOST - _NUMBER_AT_MOST].strip("-")
    numbered = [f"{short}-{number}" for number in range(2, NUMBERED + 2)]
    taken = table.get_items([Claim(SLUG, slug).key for slug in numbered])
    yield from (slug for slug in numbered if Claim(SLUG, slug).key not in taken)
    yield f"{short}-{secrets.randbelow(10**8):08}"


class OrganizationAnswer(VersionedAnswer):
    """An organization as answers show it."""

    id: str
    name: str
    slug: str
    description: str | None = None
    default_role_id: Annotated[
        str, Field(description="The role of members who are added without a role.")
    ]
    member_count: Annotated[int, Field(description="Without soft-deleted users.")]
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, organization: Organization) -> Self:
        """The answer for an organization."""
        fields = {name: getattr(organization, name) for name in Organization.model_fields}
        return cls.model_validate({**fields, "member_count": organization.listed_count})

    def unversioned(self) -> Mapping[str, object]:
        """The number of members."""
        return {"members": self.member_count}
