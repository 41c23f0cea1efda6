"""PUT /admin/users/{userId}/organizations (O2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access.grant_rules import refuse_self
from rollcall.access.granting import commit_grants
from rollcall.access.policy import AccessPolicy
from rollcall.grants.grant import OrganizationMembership
from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import VersionedAnswer, WriteRequest
from rollcall.members.organization_memberships import (
    Named,
    NamedPlace,
    PlacesSent,
    name_places,
    read_named,
    read_places,
)
from rollcall.operations import operation
from rollcall.users.user import User, load_modifiable


class ReplaceUserOrganizations(WriteRequest):
    """All organizations of the user."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"memberships": [{"organizationId": "org_abc", "roleId": "rol_user"}]}]
        }
    )

    user_id: Id
    memberships: PlacesSent


class ReplacedOrganizations(VersionedAnswer):
    """All organizations of the user, and the ids of those that have changed."""

    data: tuple[NamedPlace, ...]
    added: tuple[str, ...]
    changed: Annotated[tuple[str, ...], Field(description="Another role, or other times.")]
    removed: tuple[str, ...]


@operation(
    "PUT /admin/users/{user_id}/organizations",
    permission=Permission.ORGANIZATION_ASSIGN,
    reads=[AccessPolicy, Organization, Role],
    writes=[User, OrganizationMembership],
)
def replace_user_organizations(
    request: ReplaceUserOrganizations, call: Call
) -> ReplacedOrganizations:
    """Replace a user's organizations and the role in each, in one transaction.

    Memberships that are not in the request end immediately. A membership that the user already has
    keeps the role and the times that are absent from the request; null removes a time. About 30
    memberships can be added and removed in one request.
    """
    user = load_modifiable(call.table, request.user_id)
    refuse_self(call.actor, user.id, "change the organizations of")
    held = {each.organization_id: each for each in user.organization_memberships}
    places, named = read_places(call.table, user, request.memberships, call.now, "memberships")
    named = {**named, **_read_roles(places, named, call)}
    changed = user.with_grants("organization_memberships", places)
    return commit_grants(call, user, changed, lambda after: _describe(held, after, named))


def _read_roles(places: list[OrganizationMembership], named: Named, call: Call) -> Named:
    """The roles that the request does not name. A missing role makes the commit fail."""
    roles = {each.role_id for each in places if Role.key_of(each.role_id) not in named}
    return read_named(call.table, (), sorted(roles))


def _describe(
    held: Mapping[str, OrganizationMembership], after: User, named: Named
) -> ReplacedOrganizations:
    present = {each.organization_id: each for each in after.organization_memberships}
    kept = sorted(present.keys() & held.keys())
    return ReplacedOrganizations(
        data=name_places(after.organization_memberships, named),
        added=tuple(sorted(present.keys() - held.keys())),
        changed=tuple(each for each in kept if present[each] != held[each]),
        removed=tuple(sorted(held.keys() - present.keys())),
        version=after.version,
    )
