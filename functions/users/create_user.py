"""POST /admin/users (U1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access.assignments import (
    PermissionAssignments,
    RoleAssignments,
    with_permissions,
    with_roles,
)
from rollcall.access.granting import require_grantable
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.convergence import Credential
from rollcall.accounts.settlement import settle_account
from rollcall.accounts.text_messages import require_deliverable
from rollcall.grants.built_in_roles import SYSTEM
from rollcall.grants.grant import Membership, PermissionGrant, RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account, AccountPassword
from rollcall.kit.call import Call
from rollcall.kit.errors import Invalid
from rollcall.kit.field_types import Ids, Slugs
from rollcall.kit.model import WriteRequest
from rollcall.kit.operation import require_permission
from rollcall.kit.text import Line
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.fields import Email, Phone, Username
from rollcall.users.passwords import Password
from rollcall.users.profile_request import ProfileRequest, refuse_unborn
from rollcall.users.statuses import FirstStatus, Status
from rollcall.users.user import FirstPassword, PendingCredential, User
from rollcall.users.usernames import suggest_usernames, with_free_username


class CreateUser(WriteRequest):
    """The user to create. An email or a phone number is required."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "newuser@example.com",
                    "name": "New User",
                    "temporaryPassword": "TempPass123!",
                    "sendInvite": True,
                    "isAdmin": False,
                    "groups": [],
                }
            ]
        }
    )

    email: Email | None = None
    phone: Phone | None = None
    name: Line | None = None
    username: Annotated[
        Username | None, Field(description="Absent: generated from the email, and unique.")
    ] = None
    temporary_password: Annotated[
        Password | None, Field(description="The user must change it at the first sign-in.")
    ] = None
    send_invite: Annotated[
        bool | None,
        Field(
            description="True: mail a welcome, and the temporary password in a separate mail. "
            "False: send no mail. Absent: as true, but a password in the request is not mailed, "
            "and the welcome says that the sender provides it."
        ),
    ] = None
    is_admin: bool = False
    groups: Ids = ()
    user_types: Slugs = ()
    roles: RoleAssignments = ()
    permissions: PermissionAssignments = ()
    status: FirstStatus = Status.ACTIVE
    profile: ProfileRequest = ProfileRequest()

    @property
    def wants_admin(self) -> bool:
        """Whether the new user is a platform admin, who has the role System."""
        return self.is_admin or any(each.role_id == SYSTEM.id for each in self.roles)

    @property
    def pending_credential(self) -> PendingCredential | None:
        """The part of the password that is still to be synchronized to the identity provider."""
        if self.temporary_password is not None:
            return "password"
        return None if self.send_invite is False else "invitation"

    @property
    def credential_sent_to(self) -> str | None:
        """The address that the identity provider sends the first password to, if it does."""
        return self.email or self.phone if self.welcomed_with == "mailed" else None

    @property
    def welcomed_with(self) -> FirstPassword | None:
        """What the welcome mail says about the first password. None: no welcome is sent."""
        if self.send_invite is False:
            return None
        given = self.temporary_password is not None and self.send_invite is None
        return "given" if given else "mailed"


def create_account(request: CreateUser, call: Call, answer: UserAnswer) -> None:
    """Create the account at the identity provider, with the password of the request."""
    credential = None
    if request.temporary_password is not None:
        credential = Credential(
            request.temporary_password,
            permanent=False,
            invite=request.send_invite is True,
            field="temporaryPassword",
            chosen_at=answer.created_at,
        )
    settle_account(call, answer.id, credential)


@operation(
    "POST /admin/users",
    permission=Permission.USER_CREATE,
    fresh_sign_in="the new user is a platform admin",
    status=201,
    reads=[AccessPolicy],
    writes=[User, Membership, PermissionGrant, RoleGrant, Account, AccountPassword],
    then=create_account,
)
def create_user(request: CreateUser, call: Call) -> UserAnswer:
    """Create a user.

    Email, phone and username must be free and the groups must exist. The user, the memberships and
    the journal entry are written together or not at all. The account at the identity provider
    follows, with the temporary password or with an invitation by mail.
    """
    if request.email is None and request.phone is None:
        raise Invalid.field("email", "An email or a phone number is required.", "address_needed")
    if request.welcomed_with == "mailed":
        require_deliverable(call, request.email)
    refuse_unborn(request.profile, call.now)
    if request.wants_admin:
        require_permission(call.actor, Permission.USER_PROMOTE)
    if request.username:
        return _write(request, call, request.username)
    usernames = suggest_usernames(request.email or request.phone or "", call.table)
    return with_free_username(usernames, lambda username: _write(request, call, username))


def _write(request: CreateUser, call: Call, username: str) -> UserAnswer:
    user = User(
        id=call.new_id("usr"),
        created_at=call.now,
        updated_at=call.now,
        username=username,
        pending_credential=request.pending_credential,
        credential_sent_to=request.credential_sent_to,
        welcomed_with=request.welcomed_with,
        credentials_changed_at=call.now,
        password_set_at=call.now if request.temporary_password else None,
        **request.model_dump(include=_COPIED),
    )
    for group_id in request.groups:
        user = user.with_membership(group_id)
    user = with_roles(user, request.roles, call.now)
    user = with_permissions(user, request.permissions, call.now)
    user = user.model_copy(update={"is_admin": request.wants_admin})
    required = require_grantable(call, None, user)
    return call.commit(Change(None, user), answer=UserAnswer.of, requires=required)


_COPIED = {"email", "phone", "name", "user_types", "status", "profile"}
