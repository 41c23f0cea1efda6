"""Synchronizing one Cognito account with its user (I1, I2).

Everything here can run twice, concurrently, or again after a crash: it reads the desired state and
the actual state, and repairs the difference. Only the last step marks the user as in sync, on the
condition that the user has not changed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import SecretStr

from rollcall.accounts.text_messages import require_deliverable
from rollcall.kit.account import UNUSED_STATUSES, FoundAccount
from rollcall.kit.call import Call
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Item, Key, tombstone_expiry
from rollcall.kit.errors import Conflict, Contended
from rollcall.kit.identity import AccountMissing, AliasHeld, IdentityRefused
from rollcall.kit.retry import retry_contended
from rollcall.users.owned import owned_key
from rollcall.users.user import User

GRANTS_AT_ONCE = 30
"""A grant takes up to three of the hundred actions that a transaction can have."""


@dataclass(frozen=True)
class Credential:
    """A password that the caller has chosen. It is not stored, so only this call can set it."""

    password: SecretStr
    permanent: bool
    invite: bool = False
    """Whether it is sent by mail, with an invitation."""
    field: str = "password"
    """The field of the request that has it."""
    chosen_at: datetime | None = None
    """The time of the change that the password belongs to, so that a repeated old request does not
    replace a later password. None: it belongs to whatever is pending.
    """


def converge_account(call: Call, user_id: str) -> None:
    """Synchronize a user's account with the user (idempotent)."""
    retry_contended(lambda: converge_user(call, call.table.find(User, user_id)))


def converge_user(call: Call, user: User | None, credential: Credential | None = None) -> None:
    """Synchronize the account of a user who was just read. Raises Contended if the user or the
    account has changed meanwhile.
    """
    if user is None:
        return
    if user.erased:
        _erase(call, user)
        return
    try:
        finished = _repair(call, user, credential)
    except AliasHeld:
        _free_aliases(call, user)
        raise Contended from None
    except AccountMissing:  # it was deleted between two steps: start again
        raise Contended from None
    _mark_in_sync(call, user, finished)


def refuse_federated(call: Call, user: User) -> None:
    """Refuse (409) to change the password of a user who signs in with another provider: a password
    would be a second way to sign in.
    """
    found = call.identity.find(user.id)
    if found is not None and found.federated:
        detail = "This user signs in with another provider. Change the password there."
        raise Conflict("federated_user", detail)


def _repair(call: Call, user: User, credential: Credential | None) -> bool:
    """Bring the account to the desired state. Returns whether the password is finished too.

    The password comes after the addresses and the enabled state, because a reset is mailed to the
    present address. Sessions end last, so that no session with the old password remains.
    """
    account, identity = user.account(), call.identity
    found = identity.find(user.id)
    created = found is None
    if found is None:
        found = _create(call, user, credential)
    if found.managed() != account.attributes():
        identity.update_attributes(account, found)
    if found.enabled != account.enabled:
        identity.set_enabled(user.id, account.enabled)
    if identity.is_admin(user.id) != account.admin:
        identity.set_admin(user.id, account.admin)
    found = replace(found, attributes={**found.attributes, **account.attributes()})
    finished = _apply_credential(call, user, found, credential, created=created)
    if not created and _is_sent_elsewhere(user, found):
        require_deliverable(call, user.email)
        identity.send_reset(found)
    if user.signed_out_epoch < user.auth_epoch:
        identity.sign_out(user.id)
    return finished


def _is_sent_elsewhere(user: User, found: FoundAccount) -> bool:
    """Whether a temporary password or a reset code that has not been used yet was sent to a former
    address (I21). Cognito sends none to a disabled account; it is sent when the user is enabled.
    """
    if user.credential_sent_to is None or user.pending_credential is not None:
        return False  # what is pending goes to the present address
    moved = user.credential_sent_to != user.address
    return moved and found.status in UNUSED_STATUSES and user.account().enabled


def _create(call: Call, user: User, credential: Credential | None) -> FoundAccount:
    password = credential.password.get_secret_value() if credential else None
    invite = credential.invite if credential else user.pending_credential == "invitation"
    if invite:
        require_deliverable(call, user.email)
    return call.identity.create(user.account(), password, invite)


def _apply_credential(
    call: Call, user: User, found: FoundAccount, credential: Credential | None, *, created: bool
) -> bool:
    """Set the pending password, or send the pending mail. With ``created``, the account is new and
    was created with the temporary password and the invitation. Returns whether nothing is pending
    after that.
    """
    if user.pending_credential == "reset":
        if not user.account().enabled:  # Cognito refuses it; it is sent when the account is enabled
            return False
        require_deliverable(call, user.email)
        call.identity.send_reset(found)
    if user.pending_credential == "password":
        if credential is None or credential.chosen_at not in (None, user.credentials_changed_at):
            return False
        password = credential.password.get_secret_value()
        if credential.invite and not created:
            require_deliverable(call, user.email)
            call.identity.resend_invitation(found, password)
        elif credential.permanent or not created:
            call.identity.set_password(user.id, password, credential.permanent)
    return True


def _mark_in_sync(call: Call, user: User, finished: bool) -> None:
    values: Item = {"identityVersion": user.version, "signedOutEpoch": user.auth_epoch}
    if user.credential_sent_to is not None and user.account().enabled:
        values["credentialSentTo"] = user.address
    remove = ("pendingCredential", "gsi1pk", "gsi1sk") if finished else ()
    when = {"version": user.version}
    if not call.table.update_unversioned(user, values, remove=remove, when=when):
        raise Contended


def _erase(call: Call, user: User) -> None:
    """Remove the grants, delete the account, then delete everything else in the user's partition.
    The numbers of owned resources stay until all of them have been released.
    """
    _remove_grants(call, user)  # first, because it does not depend on Cognito
    call.identity.delete(user.id)
    kept = {user.key(), owned_key(user.id)} if user.things_left else {user.key()}
    items = call.table.query_partition(user.key().pk)
    keys = (Key(item["pk"], item["sk"]) for item in items)
    call.table.delete_items(key for key in keys if key not in kept)
    values: Item = {"identityVersion": user.version}
    if not user.things_left:
        values[EXPIRY_ATTRIBUTE] = tombstone_expiry(call.now)
    remove = ("gsi1pk", "gsi1sk")
    call.table.update_unversioned(user, values, remove=remove, when={"version": user.version})


def _remove_grants(call: Call, user: User) -> None:
    rows = user.rows()
    for start in range(0, len(rows), GRANTS_AT_ONCE):
        chunk = rows[start : start + GRANTS_AT_ONCE]
        call.remove_rows({row.key(): row.counts() for row in chunk})


def _free_aliases(call: Call, user: User) -> None:
    """Remove the user's addresses from other accounts that still have them. The other changes of
    those accounts follow with their own stream records. Raises IdentityRefused if such an account
    has no user.
    """
    for alias in filter(None, (user.email, user.phone, user.username)):
        holder = call.identity.find(alias)
        if holder is None or holder.id == user.id:
            continue
        owner = call.table.find(User, holder.id)
        if owner is None:
            detail = "An account in the user pool without a user has this address."
            raise IdentityRefused("unknown_account_holds_alias", detail)
        if owner.erased:
            _erase(call, owner)
        else:
            call.identity.release_aliases(owner.account(), holder)
