"""The identity provider: accounts in an Amazon Cognito user pool. Only this module calls it.

The Cognito username is the user's id, so finding an account needs no look-up. Every method is
idempotent: it sets a state, and succeeds when the account already has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.kit.account import MUST_CHANGE_STATUS, Account, FoundAccount
from rollcall.kit.errors import FieldError, Problem, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

ADMINS_GROUP = "admins"
"""The Cognito group of platform admins, for other consumers. Rollcall never authorizes by it."""
ACCOUNTS_AT_ONCE = 60
"""The most accounts that Cognito lists in one request (ListUsers, Limit)."""

PASSWORD_REFUSED = "password_refused"  # noqa: S105 (an error code)


class IdentityRefused(Problem):
    """Cognito rejected the change permanently; the caller must revert what it wrote for it."""

    status, title = 422, "Refused by the identity provider"

    def about(self, field: str) -> IdentityRefused:
        """The same error about a field of the request."""
        error = FieldError(field, self.detail, self.code)
        return IdentityRefused(self.code, self.detail, (error,))


class TokenRefused(IdentityRefused):
    """Cognito no longer accepts the token of a list, so the list must begin again."""


class AccountPage(NamedTuple):
    """One page of the list of accounts."""

    accounts: tuple[FoundAccount, ...]
    token: str | None
    """Lists the next page; None: this was the last one."""


class Identity:
    """The accounts of one user pool. ``make_client`` is called at the first use, so that
    operations that use no account do not pay for the client.
    """

    def __init__(
        self, make_client: Callable[[], CognitoIdentityProviderClient], user_pool_id: str
    ) -> None:
        self._make_client = make_client
        self.user_pool_id = user_pool_id

    def in_pool(self, user_pool_id: str) -> Identity:
        """The accounts of another pool, with the same client."""
        return Identity(self._make_client, user_pool_id)

    def find(self, account_id: str) -> FoundAccount | None:
        """The account with this id or sign-in alias, or None."""
        answer = self._call("admin_get_user", absent=None, Username=account_id)
        if answer is None:
            return None
        return _found(answer, answer["UserAttributes"])

    def list_accounts(self, token: str | None = None) -> AccountPage:
        """A page of the accounts of the pool, eventually consistent, 60 at most: the first one, or
        the one of this token. A page can be empty although others follow.

        Raises TokenRefused when Cognito does not accept the token. The API reference of ListUsers
        does not say how long it does; it answers InvalidParameterException otherwise.
        """
        options = {"PaginationToken": token} if token else {}
        try:
            answer = self._call("list_users", Limit=ACCOUNTS_AT_ONCE, **options)
        except IdentityRefused as refused:
            if not token:
                raise
            raise TokenRefused("list_token_refused", refused.detail) from refused
        found = tuple(_found(user, user["Attributes"]) for user in answer["Users"])
        return AccountPage(found, answer.get("PaginationToken"))

    def iterate_accounts(self) -> Iterator[FoundAccount]:
        """Every account of the pool, a page at a time."""
        page = self.list_accounts()
        yield from page.accounts
        while page.token:
            page = self.list_accounts(page.token)
            yield from page.accounts

    def iterate_admins(self) -> Iterator[str]:
        """The id of every account in the group ``admins``, 60 a request."""
        options: dict[str, str] = {}
        while True:
            answer = self._call(
                "list_users_in_group", GroupName=ADMINS_GROUP, Limit=ACCOUNTS_AT_ONCE, **options
            )
            yield from (user["Username"] for user in answer["Users"])
            if not answer.get("NextToken"):
                return
            options = {"NextToken": answer["NextToken"]}

    def is_admin(self, account_id: str) -> bool:
        """Whether the account is in the group ``admins``."""
        absent: dict[str, Any] = {"Groups": []}
        answer = self._call("admin_list_groups_for_user", absent=absent, Username=account_id)
        return any(group["GroupName"] == ADMINS_GROUP for group in answer["Groups"])

    def create(self, account: Account, password: str | None, invite: bool) -> FoundAccount:
        """Create the account and return it.

        Raises AliasHeld when another account holds its email, phone or username. Also raises it
        when the account itself exists: another request, or an earlier call whose response was lost,
        created it with an unknown password. The caller must read the account again.
        """
        options: dict[str, Any] = {"TemporaryPassword": password} if password else {}
        if invite:
            options["DesiredDeliveryMediums"] = ["EMAIL" if account.email else "SMS"]
        else:
            options["MessageAction"] = "SUPPRESS"
        attributes = account.attributes()
        self._call(
            "admin_create_user",
            Username=account.id,
            UserAttributes=_attribute_list(attributes),
            **options,
        )
        return FoundAccount(account.id, attributes, enabled=True, status=MUST_CHANGE_STATUS)

    def update_attributes(self, account: Account, found: FoundAccount) -> None:
        """Set and remove attributes to match the account."""
        wanted, held = account.attributes(), found.managed()
        changed = {k: v for k, v in wanted.items() if held.get(k) != v}
        # Cognito resets "verified" whenever the address is written, so both go together.
        for name in ("email", "phone_number"):
            if name in changed:
                changed[f"{name}_verified"] = wanted[f"{name}_verified"]
        if changed:
            self._call(
                "admin_update_user_attributes",
                Username=account.id,
                UserAttributes=_attribute_list(changed),
            )
        dropped = sorted(
            name for name in held.keys() - wanted.keys() if not name.endswith("_verified")
        )
        if dropped:
            self._call(
                "admin_delete_user_attributes", Username=account.id, UserAttributeNames=dropped
            )

    def release_aliases(self, account: Account, found: FoundAccount) -> None:
        """Remove the sign-in aliases that the account should not have."""
        wanted = account.attributes()
        stale = [
            name
            for name in ("email", "phone_number", "preferred_username")
            if name in found.attributes and found.attributes[name] != wanted.get(name)
        ]
        if stale:
            self._call(
                "admin_delete_user_attributes",
                absent={},
                Username=found.id,
                UserAttributeNames=stale,
            )

    def set_enabled(self, account_id: str, enabled: bool) -> None:
        """Enable or disable sign-in."""
        verb = "admin_enable_user" if enabled else "admin_disable_user"
        self._call(verb, Username=account_id)

    def set_admin(self, account_id: str, admin: bool) -> None:
        """Add the account to the group ``admins``, or remove it."""
        verb = "admin_add_user_to_group" if admin else "admin_remove_user_from_group"
        self._call(verb, Username=account_id, GroupName=ADMINS_GROUP)

    def set_password(self, account_id: str, password: str, permanent: bool) -> None:
        """Set the password; a temporary one must be changed at the next sign-in."""
        self._call(
            "admin_set_user_password",
            Username=account_id,
            Password=password,
            Permanent=permanent,
        )

    def resend_invitation(self, found: FoundAccount, password: str | None = None) -> None:
        """Send the invitation again, with this temporary password or one that Cognito generates."""
        self._call(
            "admin_create_user",
            Username=found.id,
            MessageAction="RESEND",
            DesiredDeliveryMediums=["EMAIL" if "email" in found.attributes else "SMS"],
            **({"TemporaryPassword": password} if password else {}),
        )

    def send_reset(self, found: FoundAccount) -> None:
        """Send a reset code. An account that has never had a chosen password gets the invitation
        again, because Cognito cannot reset it.
        """
        if found.status == MUST_CHANGE_STATUS:
            self.resend_invitation(found)
        else:
            self._call("admin_reset_user_password", Username=found.id)

    def sign_out(self, account_id: str) -> None:
        """End every session: refresh tokens stop working immediately."""
        self._call("admin_user_global_sign_out", absent={}, Username=account_id)

    def delete(self, account_id: str) -> None:
        """Delete the account, if it exists."""
        self._call("admin_delete_user", absent={}, Username=account_id)

    def _call(self, verb: str, absent: Any = ..., **parameters: Any) -> Any:
        client: Any = self._make_client()
        try:
            return getattr(client, verb)(UserPoolId=self.user_pool_id, **parameters)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == "UserNotFoundException" and absent is not ...:
                return absent
            _raise_problem(code, error)
        except BotoCoreError as error:
            _raise_problem("", error)


_REFUSED = frozenset(
    ("InvalidParameterException", "UserLambdaValidationException")
    # A reset for a disabled account, an invitation for one with a chosen password:
    + ("NotAuthorizedException", "UnsupportedUserStateException")
)


class AliasHeld(Exception):
    """Another account of the pool holds an email, phone number or username."""


class AccountMissing(Exception):
    """The account does not exist."""


def _raise_problem(code: str, error: Exception) -> NoReturn:
    if code in {"UsernameExistsException", "AliasExistsException"}:
        raise AliasHeld from error
    if code == "UserNotFoundException":
        raise AccountMissing from error
    if code == "InvalidPasswordException":
        detail = "The password does not meet the policy of the user pool. Choose another one."
        raise IdentityRefused(PASSWORD_REFUSED, detail) from error
    if code in _REFUSED:
        detail = "The identity provider rejected this, or does not allow it in the account's state."
        raise IdentityRefused("identity_refused", detail) from error
    if code in {"AccessDeniedException", "ResourceNotFoundException"}:
        raise error
    detail = (
        "The identity provider did not answer, and nothing was changed. Send the request again."
    )
    raise Unavailable("identity_unavailable", detail) from error


def _found(user: dict[str, Any], attributes: list[AttributeTypeTypeDef]) -> FoundAccount:
    return FoundAccount(
        id=user["Username"],
        attributes={entry["Name"]: entry.get("Value", "") for entry in attributes},
        enabled=user["Enabled"],
        status=user["UserStatus"],
        created_at=user["UserCreateDate"],
        second_factor=bool(user.get("UserMFASettingList")),
    )


def _attribute_list(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in attributes.items()]
