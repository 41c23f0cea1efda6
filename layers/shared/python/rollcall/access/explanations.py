"""Why somebody may do something: the grants that give it, with the names of what was given (R2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import Field

from rollcall.grants.grant import (
    Grant,
    Membership,
    OrganizationMembership,
    Period,
    PermissionGrant,
    Reason,
    RoleGrant,
)
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.grants.role import Role
from rollcall.kit.entity import Item, Key
from rollcall.kit.listed import Listed


class Way(StrEnum):
    """The way by which somebody holds a permission."""

    DIRECT = "direct"
    ROLE = "role"
    GROUP = "group"
    ORGANIZATION = "organization"


class _Source(NamedTuple):
    way: Way
    named: type[Listed] | None
    """What the grant's subject is, when that has a name of its own."""


_SOURCES: Mapping[type[Grant], _Source] = {
    PermissionGrant: _Source(Way.DIRECT, None),
    RoleGrant: _Source(Way.ROLE, Role),
    Membership: _Source(Way.GROUP, Group),
    OrganizationMembership: _Source(Way.ORGANIZATION, Organization),
}
_ORDER = list(Way)


class Explanation(Period):
    """One grant that gives a permission."""

    kind: Way
    id: Annotated[
        str,
        Field(description="Of the role, group or organization; of a direct grant the permission."),
    ]
    name: Annotated[str | None, Field(description="Of the role, group or organization.")] = None
    role_id: Annotated[str | None, Field(description="The role in the organization.")] = None
    only_for_group: Annotated[
        str | None,
        Field(
            description="The group whose workspaces alone it holds for, by being its admin. "
            "Absent: it holds everywhere."
        ),
    ] = None

    @classmethod
    def of(cls, reason: Reason, named: Mapping[Key, Item]) -> Self:
        """This reason, with a name from these items."""
        grant = reason.grant
        key = _find_key(grant)
        return cls(
            kind=_SOURCES[type(grant)].way,
            id=grant.subject,
            name=named[key]["name"] if key and key in named else None,
            role_id=grant.role_id if isinstance(grant, OrganizationMembership) else None,
            only_for_group=reason.about,
            **dict(grant.period),
        )


def find_keys(reasons: Iterable[Reason]) -> list[Key]:
    """Where the names stand that explanations of these reasons show."""
    found = (_find_key(each.grant) for each in reasons)
    return list(dict.fromkeys(key for key in found if key))


def explain(reasons: Sequence[Reason], named: Mapping[Key, Item]) -> tuple[Explanation, ...]:
    """The reasons, direct ones first, with the names that stand in these items."""
    explanations = [Explanation.of(reason, named) for reason in reasons]
    explanations.sort(key=_place)
    return tuple(explanations)


def _place(each: Explanation) -> tuple[int, str, str]:
    return _ORDER.index(each.kind), each.id, each.only_for_group or ""


def _find_key(grant: Grant) -> Key | None:
    named = _SOURCES[type(grant)].named
    return named.key_of(grant.subject) if named else None
