"""GET /admin/organizations (O1)."""

from __future__ import annotations

from rollcall.grants.organization import Organization, OrganizationAnswer
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.listings import read_listed
from rollcall.kit.paging import ListRequest, Page
from rollcall.operations import operation


class ListOrganizations(ListRequest):
    """The page of the organizations."""


class OrganizationPage(Page[OrganizationAnswer]):
    """A page of organizations, by name."""


@operation(
    "GET /admin/organizations", permission=Permission.ORGANIZATION_VIEW, reads=[Organization]
)
def list_organizations(request: ListOrganizations, call: Call) -> OrganizationPage:
    """List the organizations by name."""
    items, pagination = read_listed(call, Organization, request)
    answers = (OrganizationAnswer.of(Organization.model_validate(item)) for item in items)
    return OrganizationPage(items=tuple(answers), pagination=pagination)
