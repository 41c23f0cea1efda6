"""PATCH /admin/users/{userId} (U7)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from rollcall.access.grant_rules import refuse_self
from rollcall.access.granting import refuse_superior
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.convergence import Credential, refuse_federated
from rollcall.accounts.settlement import settle_account
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account, AccountPassword
from rollcall.kit.call import Call
from rollcall.kit.errors import Invalid
from rollcall.kit.field_types import Id
from rollcall.kit.model import Omissible, WriteRequest
from rollcall.kit.operation import require_permission
from rollcall.kit.text import Line
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.email_bounce import NotBounced
from rollcall.users.fields import Email, Phone, Username
from rollcall.users.passwords import EndSessions, Password
from rollcall.users.profile_request import ProfileRequest, refuse_unborn
from rollcall.users.statuses import STATUS_RULES, OpenStatus
from rollcall.users.user import User, load_modifiable


class UpdateUser(WriteRequest):
    """The fields to change. Absent fields stay the same; null clears it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Updated Name", "email": "newemail@example.com"}]}
    )

    user_id: Id
    name: Line | None = None
    email: Email | None = None
    phone: Phone | None = None
    username: Omissible[Username] = None
    password: Annotated[
        Omissible[Password],
        Field(description="Takes effect immediately. The user does not have to change it."),
    ] = None
    status: Omissible[OpenStatus] = None
    profile: Annotated[
        Omissible[ProfileRequest],
        Field(description="Merged into the present one; null clears a field of it."),
    ] = None
    email_bounced: Annotated[
        Omissible[NotBounced],
        Field(
            description="false: mails go to the email again. SES may still suppress the address."
        ),
    ] = None
    end_sessions: EndSessions = True


def update_account(request: UpdateUser, call: Call, answer: UserAnswer) -> None:
    """Synchronize the account at the identity provider."""
    credential = None
    if request.password is not None:
        credential = Credential(request.password, permanent=True, chosen_at=answer.updated_at)
    settle_account(call, answer.id, credential)


@operation(
    "PATCH /admin/users/{user_id}",
    permission=Permission.USER_UPDATE,
    fresh_sign_in="the password, email or phone number changes, or a platform admin is enabled",
    reads=[AccessPolicy],
    writes=[User, Account, AccountPassword],
    then=update_account,
)
def update_user(request: UpdateUser, call: Call) -> UserAnswer:
    """Change a user's name, email, phone, username, password, status or profile.

    A new password, email or phone number takes effect immediately, and ends the user's sessions
    unless endSessions is false. The old address is notified. With If-Match the change is refused
    (412) when the user has changed since that version.
    """
    user = load_modifiable(call.table, request.user_id)
    _check_rights(request, call, user)
    changed = _changed(request, call, user)
    replaced = _replaces_credentials(request, user, changed)
    if replaced or _enables_admin(user, changed):
        call.require_fresh_sign_in()
    if replaced and request.end_sessions:
        changed = changed.with_earlier_sessions_ended(call.now)
    if request.password is not None:
        refuse_federated(call, user)
    return call.commit(Change(user, changed), answer=UserAnswer.of)


def _check_rights(request: UpdateUser, call: Call, user: User) -> None:
    if request.password is not None:
        require_permission(call.actor, Permission.USER_RESET_PASSWORD)
    if request.status is not None and request.status is not user.status:
        require_permission(call.actor, Permission.USER_DISABLE)
        refuse_self(call.actor, user.id, "change the status of")
    refuse_superior(call, user)


def _changed(request: UpdateUser, call: Call, user: User) -> User:
    plain = {"name", "email", "phone", "username"} & request.model_fields_set
    update: dict[str, Any] = {name: getattr(request, name) for name in plain}
    if request.profile is not None:
        refuse_unborn(request.profile, call.now)
        sent = request.profile.model_fields_set
        merged = {name: getattr(request.profile, name) for name in sent}
        update["profile"] = user.profile.model_copy(update=merged)
    changed = user.model_copy(update=update)
    if request.email_bounced is not None:
        changed = changed.without_bounce(call.now)
    if request.password is not None:
        changed = changed.with_credential("password", call.now)
    if changed.email is None and changed.phone is None:
        message = "An email or a phone number is required."
        raise Invalid.field("phone" if user.email is None else "email", message, "address_needed")
    return changed.with_status(request.status, call.now) if request.status else changed


def _replaces_credentials(request: UpdateUser, user: User, changed: User) -> bool:
    readdressed = (user.email, user.phone) != (changed.email, changed.phone)
    return readdressed or request.password is not None


def _enables_admin(user: User, changed: User) -> bool:
    opened = STATUS_RULES[changed.status].sign_in and not STATUS_RULES[user.status].sign_in
    return user.is_admin and opened
