"""POST /admin/organizations (O1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access.granting import require_role_grantable
from rollcall.access.policy import AccessPolicy
from rollcall.grants.built_in_roles import USER
from rollcall.grants.organization import (
    SLUG,
    Organization,
    OrganizationAnswer,
    OrganizationRoleId,
    OrganizationSlug,
    suggest_slugs,
)
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.model import WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.operations import operation


class CreateOrganization(WriteRequest):
    """The organization's name, and its default role."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Acme Corp", "slug": "acme"}]}
    )

    name: Line
    slug: Annotated[
        OrganizationSlug | None, Field(description="Absent: generated from the name, and unique.")
    ] = None
    description: Text | None = None
    default_role_id: Annotated[
        OrganizationRoleId | None,
        Field(description="The role of members who are added without one. Absent: User."),
    ] = None


@operation(
    "POST /admin/organizations",
    permission=Permission.ORGANIZATION_CREATE,
    status=201,
    reads=[AccessPolicy],
    writes=[Organization],
)
def create_organization(request: CreateOrganization, call: Call) -> OrganizationAnswer:
    """Create an organization.

    Without a slug, one is generated from the name, with a number when it is taken.
    """
    for slug in _slugs(request, call):
        try:
            return _write(request, call, slug)
        except Conflict as conflict:
            if conflict.code != SLUG.code or request.slug is not None:
                raise
    raise Conflict(SLUG.code, "No free slug was found. Choose one.")


def _write(request: CreateOrganization, call: Call, slug: str) -> OrganizationAnswer:
    organization = Organization(
        id=call.new_id("org"),
        created_at=call.now,
        updated_at=call.now,
        name=request.name,
        slug=slug,
        description=request.description,
        default_role_id=request.default_role_id or USER.id,
    )
    requires = require_role_grantable(call, organization.default_role_id)
    return call.commit(Change(None, organization), answer=OrganizationAnswer.of, requires=requires)


def _slugs(request: CreateOrganization, call: Call) -> Iterator[str]:
    if request.slug is not None:
        return iter([request.slug])
    return suggest_slugs(request.name, call.table)
