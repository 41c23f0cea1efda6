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
    """Which page of the members of which organization."""

    organization_id: Id


class OrganizationMember(MemberAnswer):
    """A user in the organization, under which role, and when."""

    role_id: str


class OrganizationMemberPage(Page[OrganizationMember]):
    """A page of the members."""


@operation(
    "GET /admin/organizations/{organization_id}/members",
    permission=Permission.ORGANIZATION_VIEW,
    reads=[Organization, User],
)
def list_organization_members(
    request: ListOrganizationMembers, call: Call
) -> OrganizationMemberPage:
    """List who belongs to an organization, under which role; also who does so at another time."""
    organization = call.table.load(Organization, request.organization_id)
    members, pagination = read_members(call, organization.id, request, organization.member_count)
    items = tuple(OrganizationMember.of(each) for each in members)
    return OrganizationMemberPage(items=items, pagination=pagination)
