"""Roles: named sets of permissions, which users have everywhere or in an organization (R1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, ClassVar, Self

from pydantic import Field

from rollcall.grants.built_in_roles import BUILT_IN_ROLES, BuiltInRole
from rollcall.grants.holders import ROLE
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.entity import COUNTERS, Claim, ClaimKind
from rollcall.kit.listed import Granting
from rollcall.kit.model import Time, VersionedAnswer
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change

ROLE_NAME = ClaimKind("role-name", "name", "Role name already exists")


class Role(Granting):
    """One role. What it grants is in the access policy."""

    kind: ClassVar[str] = ROLE.kind
    partition: ClassVar[str] = ROLE.partition
    listed_in: ClassVar[str] = "ROLES"
    index_partitions: ClassVar[tuple[str, ...]] = (listed_in,)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (ROLE_NAME,)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {COUNTERS + listed_in: ("count",)}
    unversioned_fields: ClassVar[tuple[str, ...]] = ("holder_count",)

    built_in: bool = False
    holder_count: int = 0
    """How many users have it, everywhere or in an organization; and organizations that give it to
    whoever joins them."""

    def claims(self) -> frozenset[Claim]:
        """The name, whatever its case."""
        return frozenset() if self.erased else frozenset({Claim(ROLE_NAME, self.name.casefold())})


def ensure_built_in_roles(call: Call) -> None:
    """Make those of the built-in roles that are not there yet."""
    for built_in in BUILT_IN_ROLES:
        retry_contended(partial(_ensure, call, built_in))


def _ensure(call: Call, built_in: BuiltInRole) -> None:
    if call.table.find(Role, built_in.id) is None:
        fields = built_in._asdict()
        role = Role(created_at=call.now, updated_at=call.now, built_in=True, **fields)
        call.commit(Change(None, role), answer=lambda written: written)


class RoleAnswer(VersionedAnswer):
    """A role as an answer shows it."""

    id: str
    name: str
    description: str | None = None
    permissions: tuple[Permission, ...]
    built_in: Annotated[
        bool, Field(description="Made with the deployment; cannot be renamed or deleted.")
    ]
    holder_count: Annotated[
        int, Field(description="Users who have it, and organizations that give it by default.")
    ]
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, role: Role, permissions: tuple[Permission, ...]) -> Self:
        """The answer about this role."""
        fields = {name: getattr(role, name) for name in Role.model_fields}
        return cls.model_validate({**fields, "permissions": permissions})
