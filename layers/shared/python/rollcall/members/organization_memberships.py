"""The organizations that a user belongs to, by name (O1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from rollcall.grants.grant import OrganizationMembership
from rollcall.grants.organization import Organization, OrganizationRoleId
from rollcall.grants.role import Role
from rollcall.grants.time_boxes import TimeBoxed, find_lasting, refuse_repeated
from rollcall.kit.entity import Item, Key
from rollcall.kit.field_types import Id
from rollcall.kit.table import Table, not_found
from rollcall.users.details import OrganizationPlace
from rollcall.users.user import User


class PlaceSent(TimeBoxed):
    """One organization that a user shall belong to. One that the user belongs to already keeps
    what is not named.
    """

    organization_id: Id
    role_id: Annotated[
        OrganizationRoleId | None,
        Field(
            description="Absent: the user's present role there, or else the organization's default."
        ),
    ] = None


def _refuse_repeated(places: tuple[PlaceSent, ...]) -> tuple[PlaceSent, ...]:
    refuse_repeated(places, "organization_id")
    return places


PlacesSent = Annotated[
    tuple[PlaceSent, ...], Field(max_length=100), AfterValidator(_refuse_repeated)
]
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


def read_places(
    table: Table, user: User, sent: Sequence[PlaceSent], now: datetime, field: str
) -> tuple[list[OrganizationMembership], Named]:
    """The places that a request asks for in a field, and the organizations and roles that it
    names. Raises NotFound for an organization that is not there, and Invalid for a time that does
    not go with the one that stays; a role that is not there refuses the commit.
    """
    if not sent:
        return [], {}
    roles = (each.role_id for each in sent if each.role_id)
    named = read_named(table, (each.organization_id for each in sent), roles)
    if any(Organization.key_of(each.organization_id) not in named for each in sent):
        raise not_found(Organization)
    lasting = find_lasting(user.organization_memberships, now)
    places = []
    for number, each in enumerate(sent):
        present = lasting.get(each.organization_id)
        default = named[Organization.key_of(each.organization_id)]["defaultRoleId"]
        place = OrganizationMembership(
            user_id=user.id,
            organization_id=each.organization_id,
            role_id=each.role_id or (present.role_id if present else default),
            **dict(each.period_after(present, f"{field}.{number}.")),
        )
        places.append(place)
    return places, named


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
