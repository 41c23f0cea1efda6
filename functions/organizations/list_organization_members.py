"""GET /admin/organizations/{organizationId}/members (O1)."""

from __future__ import annotations

from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.paging import ListRequest, Page
from rollcall.members.member import MemberAnswer, read_members
from rollcall.operations import operation
from rollcall.users.user import User


class ListOrganizationMembers(ListRequest):
    """The organization, and the page of its members."""

    organization_id: Id


class OrganizationMember(MemberAnswer):
    """A member of the organization, with role and period."""

    role_id: str


class OrganizationMemberPage(Page[OrganizationMember]):
    """A page of members."""


@operation(
    "GET /admin/organizations/{organization_id}/members",
    permission=Permission.ORGANIZATION_VIEW,
    reads=[Organization, User],
)
def list_organization_members(
    request: ListOrganizationMembers, call: Call
) -> OrganizationMemberPage:
    """List the members of an organization with their roles, including future and expired
    memberships.
    """
    organization = call.table.load(Organization, request.organization_id)
    members, pagination = read_members(call, organization.id, request, organization.listed_count)
    items = tuple(OrganizationMember.of(each) for each in members)
    return OrganizationMemberPage(items=items, pagination=pagination)
