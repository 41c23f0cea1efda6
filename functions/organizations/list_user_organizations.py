"""GET /admin/users/{userId}/organizations (O1)."""

from __future__ import annotations

from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Answer, Request
from rollcall.members.organization_memberships import NamedPlace, name_places, read_named
from rollcall.operations import operation
from rollcall.users.user import User


class ListUserOrganizations(Request):
    """The user whose organizations to list."""

    user_id: Id


class UserOrganizations(Answer):
    """All organizations of one user, by name."""

    data: tuple[NamedPlace, ...]


@operation(
    "GET /admin/users/{user_id}/organizations",
    permission=Permission.USER_VIEW,
    reads=[User, Organization, Role],
)
def list_user_organizations(request: ListUserOrganizations, call: Call) -> UserOrganizations:
    """List the organizations of a user, with the role in each.

    Future and expired memberships are included, with their times.
    """
    places = call.table.load(User, request.user_id).organization_memberships
    named = read_named(
        call.table,
        (each.organization_id for each in places),
        (each.role_id for each in places),
    )
    return UserOrganizations(data=name_places(places, named))
