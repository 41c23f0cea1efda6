"""The first platform admin, who can create the others."""

from __future__ import annotations

from rollcall.accounts.convergence import Credential
from rollcall.accounts.settlement import settle_account
from rollcall.grants.role import ensure_built_in_roles
from rollcall.kit.call import Call
from rollcall.kit.entity import Claim
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.fields import normalize_email
from rollcall.users.user import ADMINS, EMAIL, User
from rollcall.users.usernames import suggest_usernames


def ensure_first_admin(
    call: Call, address: str, credential: Credential | None = None, *, renew: bool = False
) -> bool:
    """Make the owner of this address a platform admin if there is no admin yet. Otherwise, only
    ``renew`` changes something: it sets the credential of the admin with this address. Returns
    whether the address belongs to a platform admin.

    Without a credential, the identity provider mails an invitation. Raises ValueError for an
    invalid email address.
    """
    ensure_built_in_roles(call)
    email = normalize_email(address)
    claim = call.table.get_item(Claim(EMAIL, email).key)
    held = call.table.load(User, claim["owner"]) if claim else None
    admins = call.table.get_item(ADMINS.key)
    if not admins or admins["count"] < 1:
        settle_account(call, _make_admin(call, email, held, credential), credential)
        return True
    if held is None or not held.is_admin:
        return False
    if renew:
        renewed = held.with_credential("password", call.now).with_earlier_sessions_ended(call.now)
        call.commit(Change(held, renewed), answer=UserAnswer.of)
    settle_account(call, held.id, credential)
    return True


def _make_admin(call: Call, email: str, held: User | None, credential: Credential | None) -> str:
    if held is not None:
        promoted = held.model_copy(update={"is_admin": True})
        if credential:
            promoted = promoted.with_credential("password", call.now)
            promoted = promoted.with_earlier_sessions_ended(call.now)
        change = Change(held, promoted)
    else:
        user = User(
            id=call.new_id("usr"),
            created_at=call.now,
            updated_at=call.now,
            email=email,
            username=next(suggest_usernames(email, call.table)),
            is_admin=True,
            pending_credential="password" if credential else "invitation",
            credential_sent_to=None if credential else email,
        )
        change = Change(None, user)
    return call.commit(change, answer=UserAnswer.of).id
