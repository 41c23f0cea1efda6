"""Cognito follows the table: bringing one account in step with its user (I1, I2).

Everything here may run twice, at the same time, or again after a crash: it reads what should
be, looks at what is, and mends the difference. Only the last step marks the user as in step,
on condition that the user has not changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import SecretStr

from rollcall.kit.call import Call
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Item, Key, tombstone_expiry
from rollcall.kit.errors import Conflict, Contended, StillContended, Unavailable
from rollcall.kit.identity import (
    AccountMissing,
    AliasHeld,
    FoundAccount,
    IdentityRefused,
)
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.owned import owned_key
from rollcall.users.user import User

GRANTS_AT_ONCE = 30
"""A grant takes up to three of the hundred actions that a transaction may have."""


@dataclass(frozen=True)
class Credential:
    """A password that the caller has chosen; it is nowhere stored, so only that call can set it."""

    password: SecretStr
    permanent: bool
    invite: bool = False
    """Whether it goes out by mail, with an invitation."""
    chosen_at: datetime | None = None
    """The moment of the change that it belongs to, so that an old request that is sent again does
    not set its password in the place of a later one; None: whatever is pending.
    """


def settle_account(call: Call, user_id: str, credential: Credential | None = None) -> None:
    """Bring a user's account in step, as the last part of an operation.

    What Cognito refuses for good is taken back in the table, and IdentityRefused raised. When
    it does not answer, Unavailable is raised and the stream finishes the work later, except for
    the password, which only this call knows.
    """
    changes = [change for change in call.committed if change.after.id == user_id]
    if any(change.after.leaves_account(change.before) for change in changes):
        return
    written = [change.after for change in changes]

    def converge() -> None:
        user = written.pop() if written else call.table.find(User, user_id)
        _converge(call, user, credential)

    try:
        retry_contended(converge)
    except IdentityRefused:
        _take_back(call, user_id)
        raise
    except (Unavailable, StillContended) as error:
        raise _unfinished(credential) from error


def _unfinished(credential: Credential | None) -> Unavailable:
    detail = (
        "The change is saved, but the identity provider did not answer; it is told as soon as it "
        "does."
    )
    if credential is not None:
        detail += (
            " But the password is not kept: send the same request with the same Idempotency-Key, "
            "or set the password again."
        )
    return Unavailable("identity_unavailable", detail)


def settle_user(request: ChangeUser, call: Call, answer: UserAnswer) -> None:
    """What follows an operation about one user that leaves the password alone."""
    settle_account(call, answer.id)


def converge_account(call: Call, user_id: str) -> None:
    """Bring a user's account in step, whoever left it out of step (idempotent)."""
    retry_contended(lambda: _converge(call, call.table.find(User, user_id), None))


def refuse_federated(call: Call, user: User) -> None:
    """Refuse (409) to change the password of a user who signs in with another provider: it would
    open a second way in.
    """
    found = call.identity.find(user.id)
    if found is not None and found.federated:
        detail = "This user signs in with another provider; the password is changed there."
        raise Conflict("federated_user", detail)


def _converge(call: Call, user: User | None, credential: Credential | None) -> None:
    if user is None:
        return
    if user.erased:
        _erase(call, user)
        return
    try:
        told = _mend(call, user, credential)
    except AliasHeld:
        _free_aliases(call, user)
        raise Contended from None
    except AccountMissing:  # it went away between two steps: begin again
        raise Contended from None
    _mark_in_step(call, user, told)


def _mend(call: Call, user: User, credential: Credential | None) -> bool:
    """Make the account as it should be; returns whether nothing about the password is left.

    The password comes after the addresses and the enabled state, because a reset is mailed to the
    present address; sessions end last, so that none begun with the old password outlives it.
    """
    account, identity = user.account(), call.identity
    found = identity.find(user.id)
    made = found is None
    if found is None:
        found = _create(call, user, credential)
    if found.managed() != account.attributes():
        identity.update_attributes(account, found)
    if found.enabled != account.enabled:
        identity.set_enabled(user.id, account.enabled)
    if identity.is_admin(user.id) != account.admin:
        identity.set_admin(user.id, account.admin)
    told = _tell_credential(call, user, found, credential, made=made)
    if user.signed_out_epoch < user.auth_epoch:
        identity.sign_out(user.id)
    return told


def _create(call: Call, user: User, credential: Credential | None) -> FoundAccount:
    password = credential.password.get_secret_value() if credential else None
    invite = credential.invite if credential else user.pending_credential == "invitation"
    return call.identity.create(user.account(), password, invite)


def _tell_credential(
    call: Call, user: User, found: FoundAccount, credential: Credential | None, *, made: bool
) -> bool:
    """Tell what Cognito has yet to be told about the password; ``made``: the account is new, so
    that a temporary password and an invitation have gone with it. Returns whether all is told.
    """
    if user.pending_credential == "reset":
        if not user.account().enabled:  # refused while closed; follows when it is open again
            return False
        call.identity.send_reset(found)
    if user.pending_credential == "password":
        if credential is None or credential.chosen_at not in (None, user.credentials_changed_at):
            return False
        password = credential.password.get_secret_value()
        if credential.invite and not made:
            call.identity.resend_invitation(found, password)
        elif credential.permanent or not made:
            call.identity.set_password(user.id, password, credential.permanent)
    return True


def _mark_in_step(call: Call, user: User, told: bool) -> None:
    values = {"identityVersion": user.version, "signedOutEpoch": user.auth_epoch}
    finished = ("pendingCredential", "gsi1pk", "gsi1sk") if told else ()
    when = {"version": user.version}
    if not call.table.update_unversioned(user.key(), values, remove=finished, when=when):
        raise Contended


def _erase(call: Call, user: User) -> None:
    """End the grants, delete the account, then whatever else is left in the user's partition; the
    numbers of what is owned stay until everything has been released.
    """
    _remove_grants(call, user)  # first, because nothing there waits for Cognito
    call.identity.delete(user.id)
    kept = {user.key(), owned_key(user.id)} if user.things_left else {user.key()}
    items = call.table.query_partition(user.key().pk)
    keys = (Key(item["pk"], item["sk"]) for item in items)
    call.table.delete_items(key for key in keys if key not in kept)
    values: Item = {"identityVersion": user.version}
    if not user.things_left:
        values[EXPIRY_ATTRIBUTE] = tombstone_expiry(call.now)
    remove = ("gsi1pk", "gsi1sk")
    call.table.update_unversioned(user.key(), values, remove=remove, when={"version": user.version})


def _remove_grants(call: Call, user: User) -> None:
    rows = user.rows()
    for start in range(0, len(rows), GRANTS_AT_ONCE):
        chunk = rows[start : start + GRANTS_AT_ONCE]
        call.remove_rows({row.key(): row.counts() for row in chunk})


def _free_aliases(call: Call, user: User) -> None:
    """Another account still holds an address that the table has given to this user: take it from
    there; that one's own changes follow with their own record of the stream. Raises
    IdentityRefused when the account belongs to nobody the table knows.
    """
    for alias in filter(None, (user.email, user.phone, user.username)):
        holder = call.identity.find(alias)
        if holder is None or holder.id == user.id:
            continue
        owner = call.table.find(User, holder.id)
        if owner is None:
            detail = "The user pool has an account with this address that Rollcall does not know."
            raise IdentityRefused("unknown_account_holds_alias", detail)
        if owner.erased:
            _erase(call, owner)
        else:
            call.identity.release_aliases(owner.account(), holder)


def _take_back(call: Call, user_id: str) -> None:
    """Undo what this call committed for an account that Cognito will not have. When the same call
    is repeated, that was an earlier attempt, of which only a new user is known for certain: one
    at version 1.
    """
    user = None if call.committed else call.table.find(User, user_id)
    if user is not None and user.version == 1 and not user.identity_version:
        call.committed.append(Change(None, user))
    for change in call.committed:
        if isinstance(change.after, User):
            retry_contended(partial(_undo, call, change))
            converge_account(call, change.after.id)


def _undo(call: Call, change: Change[User]) -> None:
    present = call.table.find(User, change.after.id)
    if present is not None and present.exists:
        undone = _without(change, present, call.now)
        owned = [present.owned.unchanged(present.id)] if undone.erased else []
        others = _undo_others(call)
        call.take_back(Change(present, undone), *others, requires=owned)


def _undo_others(call: Call) -> Iterator[Change[Any]]:
    """What goes back together with a user, as an invitation: it is what it was before, or nothing,
    unless somebody else has changed it since.
    """
    for change in call.committed:
        before, after = change.before, change.after
        present = None if isinstance(after, User) else call.table.find(type(after), after.id)
        if present is not None and present.version == after.version:
            yield Change(present, before or after.model_copy(update={"erased": True}))


def _without(change: Change[User], present: User, now: datetime) -> User:
    """The present user without this change, but with what others have changed since. The
    sessions that it ended stay ended (I13).
    """
    before, after = change.before, change.after
    if before is None:
        return present.as_erased(now)
    undone = {
        name: getattr(before, name)
        for name in User.model_fields.keys() - _KEPT
        if getattr(present, name) == getattr(after, name)
    }
    return present.model_copy(update=undone)


_KEPT = {
    "id",
    "version",
    "created_at",
    "auth_epoch",
    "identity_version",
    "signed_out_epoch",
    "owned",
    "last_login_at",
}
