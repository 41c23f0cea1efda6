"""The last part of an operation that changes an account: the account is synchronized, or the change
is undone because Cognito refuses it permanently (I1).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from rollcall.accounts.convergence import Credential, converge_account, converge_user
from rollcall.kit.call import Call
from rollcall.kit.errors import StillContended, Unavailable
from rollcall.kit.identity import PASSWORD_REFUSED, IdentityRefused
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.user import User


def settle_account(call: Call, user_id: str, credential: Credential | None = None) -> None:
    """Synchronize a user's account, as the last part of an operation.

    If Cognito refuses the change permanently, it is undone in the table. Raises IdentityRefused for
    that, and Unavailable if Cognito does not answer. Then a reaction finishes the work later, but
    not the password, which only this call has.
    """
    changes = [change for change in call.committed if change.after.id == user_id]
    if any(change.after.leaves_account(change.before) for change in changes):
        return
    written = [change.after for change in changes]

    def converge() -> None:
        user = written.pop() if written else call.table.find(User, user_id)
        converge_user(call, user, credential)

    try:
        retry_contended(converge)
    except IdentityRefused as refused:
        _compensate(call, user_id)
        if credential is not None and refused.code == PASSWORD_REFUSED:
            raise refused.about(credential.field) from None
        raise
    except (Unavailable, StillContended) as error:
        raise _unfinished(credential) from error


def settle_user(request: ChangeUser, call: Call, answer: UserAnswer) -> None:
    """Settle the account after an operation on one user that does not change the password."""
    settle_account(call, answer.id)


def _unfinished(credential: Credential | None) -> Unavailable:
    detail = (
        "The change is saved, but the identity provider did not answer. It is synchronized "
        "automatically as soon as it does."
    )
    if credential is not None:
        detail += (
            " However, the password is not stored. Send the same request with the same "
            "Idempotency-Key, or set the password again."
        )
    return Unavailable("identity_unavailable", detail)


def _compensate(call: Call, user_id: str) -> None:
    """Undo what this call committed, because Cognito refuses the account. In a repeated call, an
    earlier attempt committed it. Then only the creation of a user, which is version 1, can be
    attributed to it.
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
    """The entities that are undone together with a user, such as an invitation. They return to the
    version before, or to a tombstone, unless another call has changed them since.
    """
    for change in call.committed:
        before, after = change.before, change.after
        present = None if isinstance(after, User) else call.table.find(type(after), after.id)
        if present is not None and present.version == after.version:
            yield Change(present, before or after.model_copy(update={"erased": True}))


def _without(change: Change[User], present: User, now: datetime) -> User:
    """The present user without this change, but with what other calls have changed since. The
    sessions that the change ended stay ended (I13), except of a change of credentials that is still
    the last one: the old credentials remain in force, and so do their sessions (I26).
    """
    before, after = change.before, change.after
    if before is None:
        return present.as_erased(now)
    undone = {
        name: getattr(before, name)
        for name in User.model_fields.keys() - _KEPT
        if getattr(present, name) == getattr(after, name)
    }
    if present.version == after.version and before.status is after.status:
        undone["auth_epoch"] = before.auth_epoch
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
    "second_factor_after",
}
