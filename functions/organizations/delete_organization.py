"""DELETE /admin/organizations/{organizationId} (O1)."""

from __future__ import annotations

from functools import partial

from rollcall.access.grant_rules import refuse_outranked
from rollcall.access.policy import AccessPolicy, change_policy
from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission, without_end
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.deletion_answers import MembersDeletion


class DeleteOrganization(WriteRequest):
    """The organization to delete."""

    organization_id: Id


@operation(
    "DELETE /admin/organizations/{organization_id}",
    permission=Permission.ORGANIZATION_DELETE,
    writes=[Organization, AccessPolicy],
)
def delete_organization(request: DeleteOrganization, call: Call) -> MembersDeletion:
    """Delete an organization. Its members lose the permissions from it immediately.

    While it has members, the caller must hold all permissions that any role grants, because members
    can have any role. The memberships are deleted afterwards, however many there are.
    """
    organization = call.table.load(Organization, request.organization_id)
    answer = MembersDeletion(
        message="Organization deleted", memberships_pending=organization.member_count
    )
    ended = []
    if organization.member_count:
        ended = change_policy(call, partial(_end, call, organization))
    return call.commit(
        Change(organization, organization.as_erased()), *ended, answer=lambda _: answer
    )


def _end(call: Call, organization: Organization, policy: AccessPolicy) -> AccessPolicy:
    granted = (each for permissions in policy.roles.values() for each in permissions)
    who = "A member with every role"
    refuse_outranked(call.actor, without_end(granted), who)
    return policy.with_ended(organization.id)
