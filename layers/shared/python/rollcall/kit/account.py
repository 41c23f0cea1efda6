"""Cognito accounts as the table defines them and as Cognito reports them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

FEDERATED_STATUS = "EXTERNAL_PROVIDER"
MUST_CHANGE_STATUS = "FORCE_CHANGE_PASSWORD"
UNUSED_STATUSES = frozenset({MUST_CHANGE_STATUS, "RESET_REQUIRED"})
"""Of accounts whose temporary password or reset code has not been used yet."""


@dataclass(frozen=True)
class Account:
    """The desired state of one account. Declarations name it to get access to Cognito."""

    id: str
    email: str | None
    phone: str | None
    username: str | None
    name: str | None
    verified: bool
    enabled: bool
    admin: bool = False

    service: ClassVar[str] = "cognito-idp"
    # The IAM policies of functions that declare to read or write accounts. To synchronize one
    # account can take each of the write actions, whatever the operation has changed.
    read_actions: ClassVar[tuple[str, ...]] = (
        "cognito-idp:AdminGetUser",
        "cognito-idp:AdminListGroupsForUser",
    )
    write_actions: ClassVar[tuple[str, ...]] = (
        "cognito-idp:AdminAddUserToGroup",
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminDeleteUser",
        "cognito-idp:AdminDeleteUserAttributes",
        "cognito-idp:AdminDisableUser",
        "cognito-idp:AdminEnableUser",
        "cognito-idp:AdminRemoveUserFromGroup",
        "cognito-idp:AdminResetUserPassword",
        "cognito-idp:AdminUpdateUserAttributes",
        "cognito-idp:AdminUserGlobalSignOut",
    )

    def attributes(self) -> dict[str, str]:
        """The account's Cognito attributes; verified addresses are sign-in aliases."""
        verified = "true" if self.verified else "false"
        wanted = {
            "email": self.email,
            "email_verified": verified if self.email else None,
            "phone_number": self.phone,
            "phone_number_verified": verified if self.phone else None,
            "preferred_username": self.username,
            "name": self.name,
        }
        return {name: value for name, value in wanted.items() if value is not None}


class AccountList(Account):
    """All accounts of the pool, as a resource for declarations: functions that read it can list
    them.
    """

    read_actions: ClassVar[tuple[str, ...]] = (
        "cognito-idp:ListUsers",
        "cognito-idp:ListUsersInGroup",
    )
    write_actions: ClassVar[tuple[str, ...]] = ()


class AccountPassword(Account):
    """The password of an account, as a resource for declarations: functions that write it can set
    the one that a caller has chosen.
    """

    read_actions: ClassVar[tuple[str, ...]] = ()
    write_actions: ClassVar[tuple[str, ...]] = ("cognito-idp:AdminSetUserPassword",)


class SecondFactor:
    """Whether accounts have a second factor, as a resource for the declaration of the trigger at
    sign-ins. It has access only if ``mfa`` is ``required-for-admins``. It is not an Account: the
    pool refers to the trigger, so neither its role nor its environment can refer to the pool. The
    trigger takes the pool from its event.
    """

    read_actions: ClassVar[tuple[str, ...]] = ("cognito-idp:AdminGetUser",)


MANAGED_ATTRIBUTES = frozenset(
    ("email", "email_verified", "phone_number", "phone_number_verified")
    + ("preferred_username", "name")
)


@dataclass(frozen=True)
class FoundAccount:
    """An account as Cognito reports it."""

    id: str
    attributes: dict[str, str]
    enabled: bool
    status: str
    created_at: datetime | None = None
    """None: the caller has just created it."""
    second_factor: bool = False
    """Whether a factor is active, so that Cognito asks for it at each sign-in (AdminGetUser,
    ``UserMFASettingList``). Lists of accounts do not have it."""

    @property
    def federated(self) -> bool:
        """Whether the account signs in with another provider (such as Google) and has no
        password here.
        """
        return self.status == FEDERATED_STATUS

    def differs_from(self, account: Account) -> bool:
        """Whether attributes or the enabled state differ from the desired state."""
        return self.enabled != account.enabled or self.managed() != account.attributes()

    def managed(self) -> dict[str, str]:
        """The attributes that Rollcall manages. A "verified" attribute without its address is
        left out: Cognito leaves it behind when the address is removed.
        """
        return {
            name: value
            for name, value in self.attributes.items()
            if name in MANAGED_ATTRIBUTES and name.removesuffix("_verified") in self.attributes
        }
