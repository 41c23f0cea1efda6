"""PATCH /admin/organizations/{organizationId} (O1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access.granting import require_role_grantable
from rollcall.access.policy import AccessPolicy
from rollcall.grants.organization import (
    Organization,
    OrganizationAnswer,
    OrganizationRoleId,
    OrganizationSlug,
)
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Omissible, WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.operations import operation

CHANGEABLE = frozenset({"name", "slug", "description", "default_role_id"})


class UpdateOrganization(WriteRequest):
    """The fields to change. Absent fields stay the same; null clears the description."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Acme"}]})

    organization_id: Id
    name: Omissible[Line] = None
    slug: Omissible[OrganizationSlug] = None
    description: Text | None = None
    default_role_id: Annotated[
        Omissible[OrganizationRoleId],
        Field(description="For members who are added from now on. Others keep their role."),
    ] = None


@operation(
    "PATCH /admin/organizations/{organization_id}",
    permission=Permission.ORGANIZATION_UPDATE,
    reads=[AccessPolicy],
    writes=[Organization],
)
def update_organization(request: UpdateOrganization, call: Call) -> OrganizationAnswer:
    """Change an organization's name, slug, description or default role.

    A change of the name does not change the slug. With If-Match the change is refused (412) when
    the organization has changed since that version.
    """
    organization = call.table.load(Organization, request.organization_id)
    sent = CHANGEABLE & request.model_fields_set
    changed = organization.model_copy(update={name: getattr(request, name) for name in sent})
    another_role = changed.default_role_id != organization.default_role_id
    return call.commit(
        Change(organization, changed),
        answer=OrganizationAnswer.of,
        requires=require_role_grantable(call, changed.default_role_id) if another_role else [],
    )
