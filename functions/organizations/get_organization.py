"""GET /admin/organizations/{organizationId} (O1)."""

from __future__ import annotations

from rollcall.grants.organization import Organization, OrganizationAnswer
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Request
from rollcall.operations import operation


class GetOrganization(Request):
    """The organization to show."""

    organization_id: Id


@operation(
    "GET /admin/organizations/{organization_id}",
    permission=Permission.ORGANIZATION_VIEW,
    reads=[Organization],
)
def get_organization(request: GetOrganization, call: Call) -> OrganizationAnswer:
    """Show an organization.

    The ETag is the version to send as If-Match when changing the organization.
    """
    return OrganizationAnswer.of(call.table.load(Organization, request.organization_id))
