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
from rollcall.kit.identity import IdentityRefused
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.user import User


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
        converge_user(call, user, credential)

    try:
        retry_contended(converge)
    except IdentityRefused:
        _take_back(call, user_id)
        raise
    except (Unavailable, StillContended) as error:
        raise _unfinished(credential) from error


def settle_user(request: ChangeUser, call: Call, answer: UserAnswer) -> None:
    """What follows an operation about one user that leaves the password alone."""
    settle_account(call, answer.id)


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
