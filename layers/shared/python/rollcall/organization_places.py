"""The organizations that a user belongs to, by name (O1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollcall.grants import OrganizationMembership
from rollcall.kit.entity import Item, Key
from rollcall.kit.table import Table
from rollcall.organizations import Organization
from rollcall.roles import Role
from rollcall.user_answers import OrganizationPlace

type Named = Mapping[Key, Item]
"""Organizations and roles that exist, as they are stored."""


class NamedPlace(OrganizationPlace):
    """An organization that a user belongs to, under which role, and when."""

    organization_name: str
    role_name: str


def read_named(table: Table, organizations: Iterable[str], roles: Iterable[str]) -> Named:
    """Those of the organizations and roles that exist: one BatchGetItem for a hundred."""
    keys = [*map(Organization.key_of, organizations), *map(Role.key_of, roles)]
    found = table.get_items(list(dict.fromkeys(keys)))
    return {key: item for key, item in found.items() if not item["erased"]}


def name_places(places: Iterable[OrganizationMembership], named: Named) -> tuple[NamedPlace, ...]:
    """The places in the order of the organizations' names. An organization that was deleted is
    not shown, though the membership may have still to be ended.
    """
    shown = [_name(each, named) for each in places if _organization_key(each) in named]
    shown.sort(key=lambda each: (each.organization_name.casefold(), each.organization_id))
    return tuple(shown)


def _name(place: OrganizationMembership, named: Named) -> NamedPlace:
    role = named.get(Role.key_of(place.role_id))
    return NamedPlace(
        organization_id=place.organization_id,
        organization_name=named[_organization_key(place)]["name"],
        role_id=place.role_id,
        role_name=role["name"] if role else place.role_id,
        **dict(place.period),
    )


def _organization_key(place: OrganizationMembership) -> Key:
    return Organization.key_of(place.organization_id)
