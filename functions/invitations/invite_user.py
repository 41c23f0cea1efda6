"""POST /admin/invitations (I1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access.assignments import (
    PermissionAssignments,
    RoleAssignments,
    with_permissions,
    with_roles,
)
from rollcall.access.granting import require_grantable
from rollcall.access.inviters import list_passed_on
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.settlement import settle_account
from rollcall.grants.grant import Membership, OrganizationMembership, PermissionGrant, RoleGrant
from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.invitations.invitation import Invitation, InvitationAnswer
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.field_types import Ids
from rollcall.kit.model import WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.tokens import TokenKey
from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.members.organization_memberships import PlacesSent, read_places
from rollcall.operations import operation
from rollcall.users.fields import Email
from rollcall.users.statuses import Status
from rollcall.users.user import User
from rollcall.users.usernames import suggest_usernames, with_free_username


class InviteUser(WriteRequest):
    """The person to invite, with their groups, organizations, roles and permissions."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "newcolleague@example.com",
                    "name": "New Colleague",
                    "message": "Welcome to the team!",
                    "groups": [],
                }
            ]
        }
    )

    email: Email
    name: Annotated[
        Line | None, Field(description="The invited user can change it when accepting.")
    ] = None
    message: Annotated[Text | None, Field(description="Included in the mail verbatim.")] = None
    groups: Ids = ()
    organizations: PlacesSent = ()
    roles: RoleAssignments = ()
    permissions: PermissionAssignments = ()


def create_account(request: InviteUser, call: Call, answer: InvitationAnswer) -> None:
    """Create the account at the identity provider, with a password that no one knows."""
    settle_account(call, answer.user_id)


@operation(
    "POST /admin/invitations",
    permission=Permission.USER_INVITE,
    fresh_sign_in="the invited user becomes a platform admin",
    status=201,
    reads=[AccessPolicy, Organization, Role, TokenKey, LifecyclePolicy],
    writes=[
        Invitation,
        User,
        Membership,
        OrganizationMembership,
        PermissionGrant,
        RoleGrant,
        Account,
    ],
    then=create_account,
)
def invite_user(request: InviteUser, call: Call) -> InvitationAnswer:
    """Invite a person by email.

    Creates a user with the status invited and with these groups, organizations, roles and
    permissions. The mail has a link to choose a name and a password and become an active user. The
    link works once and expires after the number of days in the lifecycle policy.
    """
    usernames = suggest_usernames(request.email, call.table)
    valid_for = read_lifecycle_policy(call.table, call.now).invitation_validity
    return with_free_username(
        usernames, lambda username: _write(request, call, username, valid_for)
    )


def _write(
    request: InviteUser, call: Call, username: str, valid_for: timedelta
) -> InvitationAnswer:
    user = _make_user(request, call, username)
    requires = require_grantable(call, None, user)
    invitation = Invitation(
        id=Invitation.id_for(user.id),
        created_at=call.now,
        updated_at=call.now,
        user_id=user.id,
        email=request.email,
        name=request.name,
        message=request.message,
        invited_by=call.actor.id,
        ends_at=call.now,
    )
    return call.commit(
        Change(
            None, invitation.renewed(call, request.email, valid_for, list_passed_on(call, user))
        ),
        Change(None, user),
        answer=lambda written: InvitationAnswer.of(written, call.now),
        requires=requires,
    )


def _make_user(request: InviteUser, call: Call, username: str) -> User:
    user = User(
        id=call.new_id("usr"),
        created_at=call.now,
        updated_at=call.now,
        email=request.email,
        name=request.name,
        username=username,
        status=Status.INVITED,
    )
    for group_id in request.groups:
        user = user.with_membership(group_id)
    user = with_roles(user, request.roles, call.now)
    user = with_permissions(user, request.permissions, call.now)
    places, _ = read_places(call.table, user, request.organizations, call.now, "organizations")
    return user.with_grants("organization_memberships", places)
