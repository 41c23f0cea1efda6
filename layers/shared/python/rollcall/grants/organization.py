"""Organizations: whom users belong to, under a role (O1, O2)."""

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
from rollcall.kit.field_types import Id
from rollcall.kit.listed import Listed
from rollcall.kit.model import Time, VersionedAnswer
from rollcall.kit.sentences import Form
from rollcall.kit.table import Table

SLUG = ClaimKind("organization-slug", "slug", "Slug already exists")
SLUG_AT_MOST = 63
NUMBERED = 50
"""How many numbered slugs are looked up before a random number is taken."""
_NUMBER_AT_MOST = len("-12345678")


def _refuse_system(role_id: str) -> str:
    if role_id == SYSTEM.id:
        raise ValueError("System is no role of an organization; promote the user instead.")
    return role_id


OrganizationRoleId = Annotated[Id, AfterValidator(_refuse_system)]
"""A role that members of an organization may have: any but the one that grants everything."""
OrganizationSlug = Annotated[
    str,
    Field(max_length=SLUG_AT_MOST, description="a-z, 0-9 and hyphens within; unique."),
    Form(
        r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        "A slug has a-z and 0-9, and hyphens between them.",
    ),
]


class Organization(Listed):
    """One organization. Its members are rows of the users. A deleted one stays as a tombstone
    until the last membership has ended.
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
    unversioned_fields: ClassVar[tuple[str, ...]] = ("member_count",)
    tombstone_waits: ClassVar[bool] = True

    slug: str
    default_role_id: str
    member_count: int = 0
    members_left: int | None = None
    """Of a deleted organization: how many memberships have still to be ended."""

    def claims(self) -> frozenset[Claim]:
        """The slug."""
        return frozenset() if self.erased else frozenset({Claim(SLUG, self.slug)})

    def counts(self) -> Mapping[Counter, int]:
        """One of all, and one that holds on to its default role."""
        return {} if self.erased else {**super().counts(), holders_of_role(self.default_role_id): 1}

    def as_erased(self) -> Self:
        """Deleted; its memberships have still to be ended."""
        return self.model_copy(update={"erased": True, "members_left": self.member_count})


def suggest_slug(name: str) -> str:
    """A slug made from a name: letters without their marks, words joined by hyphens. Empty when
    the name has nothing that a slug may have.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:SLUG_AT_MOST].strip("-")


def suggest_slugs(name: str, table: Table) -> Iterator[str]:
    """Slugs to try in turn: the one that the name gives, then free ones with a number, then one
    with a random number. The first costs no read, because it is nearly always free.
    """
    base = suggest_slug(name) or "organization"
    yield base
    short = base[: SLUG_AT_MOST - _NUMBER_AT_MOST].strip("-")
    numbered = [f"{short}-{number}" for number in range(2, NUMBERED + 2)]
    taken = table.get_items([Claim(SLUG, slug).key for slug in numbered])
    yield from (slug for slug in numbered if Claim(SLUG, slug).key not in taken)
    yield f"{short}-{secrets.randbelow(10**8):08}"


class OrganizationAnswer(VersionedAnswer):
    """An organization as an answer shows it."""

    id: str
    name: str
    slug: str
    description: str | None = None
    default_role_id: Annotated[
        str, Field(description="The role of whoever is added without naming one.")
    ]
    member_count: int
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, organization: Organization) -> Self:
        """The answer about this organization."""
        return cls.model_validate(
            {name: getattr(organization, name) for name in Organization.model_fields}
        )
