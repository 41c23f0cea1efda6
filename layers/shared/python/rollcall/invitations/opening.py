"""What follows when the link of an invitation or a registration is used: the user becomes active,
with a password of their own.
"""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from rollcall.accounts.convergence import Credential, settle_account
from rollcall.invitations.activation import ActivatedUser
from rollcall.kit.call import Call
from rollcall.kit.transaction import Change
from rollcall.users.statuses import Status
from rollcall.users.user import User


def activate(call: Call, link: Change[Any], user: User, **chosen: str | None) -> ActivatedUser:
    """Make a user active, in the user's own name and together with the change of the link.
    ``chosen``: the fields that the user has set.
    """
    activated = user.with_status(Status.ACTIVE, call.now).model_copy(update=chosen)
    activated = activated.with_credential("password", call.now)
    return call.as_user(user.id).commit(
        link,
        Change(user, activated),
        answer=lambda _: ActivatedUser.of(activated, call.now),
    )


def set_chosen_password(call: Call, answer: ActivatedUser, password: SecretStr) -> None:
    """Set the password at the identity provider, so that the user can sign in at once."""
    credential = Credential(password, permanent=True, chosen_at=answer.activated_at)
    settle_account(call, answer.id, credential)
