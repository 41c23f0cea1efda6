"""GET /admin/organizations/{organizationId}/members (O1)."""

from __future__ import annotations

from typing import Self

from rollcall.fields import Id
from rollcall.grants import OrganizationMembership, Period
from rollcall.kit.call import Call
from rollcall.kit.model import Answer
from rollcall.kit.paging import ListRequest, Page
from rollcall.members import Member, read_members
from rollcall.operations import operation
from rollcall.organizations import Organization
from rollcall.permissions import Permission
from rollcall.statuses import Status
from rollcall.users import User


class ListOrganizationMembers(ListRequest):
    """Which page of the members of which organization."""

    organization_id: Id


class OrganizationMember(Period, Answer):
    """A user in the organization, under which role, and when."""

    user_id: str
    name: str | None = None
    email: str | None = None
    username: str | None = None
    status: Status
    role_id: str

    @classmethod
    def of(cls, member: Member) -> Self:
        """The answer about this member."""
        place, user = OrganizationMembership.model_validate(member.row), member.user
        return cls(
            user_id=user.id,
            name=user.name,
            email=user.email,
            username=user.username,
            status=user.status,
            role_id=place.role_id,
            **dict(place.period),
        )


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
