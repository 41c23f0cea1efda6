"""Roles: named sets of permissions, which users have globally or in an organization (R1)."""

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
from rollcall.kit.listed_entity import GrantingEntity
from rollcall.kit.model import Time, VersionedAnswer
from rollcall.kit.retry import retry_contended
from rollcall.kit.text import name_key
from rollcall.kit.transaction import Change

ROLE_NAME = ClaimKind("role-name", "name", "Role name already exists")


class Role(GrantingEntity):
    """One role. The access policy has the permissions that it grants."""

    kind: ClassVar[str] = ROLE.kind
    partition: ClassVar[str] = ROLE.partition
    listed_in: ClassVar[str] = "ROLES"
    index_partitions: ClassVar[tuple[str, ...]] = (listed_in,)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (ROLE_NAME,)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {COUNTERS + listed_in: ("count",)}
    unversioned_fields: ClassVar[tuple[str, ...]] = ("holder_count",)

    built_in: bool = False
    holder_count: int = 0
    """How many users have it, globally or in an organization, plus how many organizations grant it
    to new members by default."""

    def claims(self) -> frozenset[Claim]:
        """The name, in any case and with spaces of any width."""
        return frozenset() if self.erased else frozenset({Claim(ROLE_NAME, name_key(self.name))})


def ensure_built_in_roles(call: Call) -> None:
    """Create the built-in roles that do not exist yet."""
    for built_in in BUILT_IN_ROLES:
        retry_contended(partial(_ensure, call, built_in))


def _ensure(call: Call, built_in: BuiltInRole) -> None:
    if call.table.find(Role, built_in.id) is None:
        fields = built_in._asdict()
        role = Role(created_at=call.now, updated_at=call.now, built_in=True, **fields)
        call.commit(Change(None, role), answer=lambda written: written)


class RoleAnswer(VersionedAnswer):
    """A role as answers show it."""

    id: str
    name: str
    description: str | None = None
    permissions: tuple[Permission, ...]
    built_in: Annotated[
        bool, Field(description="Created with the deployment. Cannot be renamed or deleted.")
    ]
    holder_count: Annotated[
        int, Field(description="Users who have it, plus organizations that grant it by default.")
    ]
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, role: Role, permissions: tuple[Permission, ...]) -> Self:
        """The answer for a role."""
        fields = {name: getattr(role, name) for name in Role.model_fields}
        return cls.model_validate({**fields, "permissions": permissions})

    def unversioned(self) -> Mapping[str, object]:
        """The number of holders."""
        return {"holders": self.holder_count}
