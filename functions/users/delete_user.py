"""DELETE /admin/users/{userId} (U11)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rollcall.access.grant_rules import refuse_self
from rollcall.access.granting import refuse_superior
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.settlement import settle_account
from rollcall.grants.grant import Membership, OrganizationMembership
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.choices import ANY_CASE
from rollcall.kit.errors import Conflict
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.deletion import erase_user
from rollcall.resources.deletion_answers import UserDeletion
from rollcall.resources.resource import Resource
from rollcall.users.fields import is_address
from rollcall.users.statuses import Status
from rollcall.users.user import User


class DeleteUser(WriteRequest):
    """The user to delete, and how."""

    user_id: Id
    mode: Annotated[
        Literal["permanent", "soft"],
        ANY_CASE,
        Field(description="soft: restorable until the purge; permanent: not restorable."),
    ] = "permanent"
    confirm: Annotated[
        str | None, Field(max_length=254, description="The user's email. Checked when present.")
    ] = None


def delete_account(request: DeleteUser, call: Call, answer: UserDeletion) -> None:
    """Delete the account, or disable it while the user can still be restored."""
    settle_account(call, request.user_id)


@operation(
    "DELETE /admin/users/{user_id}",
    permission=Permission.USER_DELETE,
    fresh_sign_in="the deletion is permanent",
    reads=[AccessPolicy],
    writes=[User, Membership, OrganizationMembership, Resource, Account],
    then=delete_account,
)
def delete_user(request: DeleteUser, call: Call) -> UserDeletion:
    """Delete a user with the account, the record and the memberships. The email is free again.

    The user's resources are deleted too, stay without an owner, or prevent the deletion: each type
    has its rule. With mode=soft the user is only disabled, and can be restored until the purge.
    Also succeeds when the identity provider no longer has the account.
    """
    user = call.table.load(User, request.user_id)
    refuse_self(call.actor, user.id, "delete")
    refuse_superior(call, user)
    if request.confirm is not None and not is_address(request.confirm, user.email):
        raise Conflict(
            "confirmation_differs", "The confirmed email is not this user's. Check the user."
        )
    if request.mode == "permanent":
        call.require_fresh_sign_in()
        return erase_user(call, user, "User deleted from database and Cognito")
    deleted = user if user.status is Status.DELETED else user.as_deleted(call.now)
    answer = UserDeletion(message="User deleted; restorable until purged")
    return call.commit(Change(user, deleted), answer=lambda _: answer)
