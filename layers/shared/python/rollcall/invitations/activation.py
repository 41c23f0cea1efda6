"""Activations: a mailed link, which works once and expires, makes a person an active user (I14).
Invitations and registrations are activations.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.entity import Entity
from rollcall.kit.errors import NotFound
from rollcall.kit.ids import derive_id
from rollcall.kit.model import Answer, Time, WriteRequest
from rollcall.kit.table import Table
from rollcall.kit.tokens import Tokens, hash_token, is_token, read_holder
from rollcall.kit.transaction import Change
from rollcall.users.fields import RESERVED
from rollcall.users.statuses import Status
from rollcall.users.user import User

Token = Annotated[
    str, Field(min_length=1, max_length=200, description="The token in the mailed link.")
]


class LinkRequest(WriteRequest):
    """The request of a person who uses a mailed link."""

    token: Token

    @property
    def proof(self) -> str | None:
        """The token."""
        return self.token


class Activation(Entity):
    """The activation of one user. Its id is the user's id with another prefix, so each leads to the
    other without a lookup. If the user pool gave the user's id, it is derived from that.
    """

    id_prefix: ClassVar[str]

    user_id: str
    email: str
    """The address that the last link was sent to. The link proves only this address (I21)."""
    generation: int = 0
    """How many links were sent. Only the last one is valid."""
    token_hash: str = ""
    """SHA-256 of the last link's token. The token itself is not stored."""
    ends_at: Time
    """When the link expires."""

    @classmethod
    def id_for(cls, user_id: str) -> str:
        """The id of the user's activation."""
        if user_id.startswith(RESERVED):
            return f"{cls.id_prefix}_{user_id.removeprefix(RESERVED)}"
        return derive_id(cls.id_prefix, user_id)

    @property
    def person(self) -> str | None:
        """The user who is activated."""
        return self.user_id

    def proves_address_of(self, user: User) -> bool:
        """Whether the last link was sent to the user's present address (I21)."""
        return self.email == user.email

    def with_link(self, call: Call, email: str, valid_for: timedelta) -> Self:
        """The activation with a new link to an address. The previous link is not valid any more."""
        generation = self.generation + 1
        token = Tokens(call.keys).derive(self.id, generation)
        return self.model_copy(
            update={
                "email": email,
                "generation": generation,
                "token_hash": hash_token(token),
                "ends_at": call.now + valid_for,
            }
        )


def find_by_token[A: Activation](table: Table, kind: type[A], token: str) -> A:
    """The activation of a token. Raises NotFound, with the same message, for a token that was never
    issued, was altered, or is superseded.
    """
    holder = read_holder(token)
    found = table.find(kind, holder) if holder and holder.startswith(kind.id_prefix) else None
    if found is None or not found.exists or not is_token(token, found.token_hash):
        detail = "This link is not valid. Use the latest link that you received."
        raise NotFound("link_not_found", detail)
    return found


ADDRESS_CHANGED = "The email has changed since. Use the link that was sent to the present email."
"""The error message for a link that was sent to a former address."""


class ActivatedUser(Answer):
    """The activated user, in the answer to that person."""

    id: str
    email: str | None = None
    username: str | None = None
    name: str | None = None
    status: Status
    activated_at: Time

    @classmethod
    def of(cls, user: User, now: datetime) -> Self:
        """The answer for a user who was activated just now."""
        fields = {name: getattr(user, name) for name in cls.model_fields.keys() - {"activated_at"}}
        return cls.model_validate({**fields, "activated_at": now})


def activate(
    call: Call,
    link: Change[Any],
    user: User,
    requires: Sequence[ConditionCheck] = (),
    **chosen: str | None,
) -> ActivatedUser:
    """Make a user active, in the user's own name and together with the change of the link.
    ``chosen``: the fields that the user has set. The password follows at the identity provider.
    """
    activated = user.with_status(Status.ACTIVE, call.now).model_copy(update=chosen)
    activated = activated.with_credential("password", call.now)
    return call.as_user(user.id).commit(
        link,
        Change(user, activated),
        answer=lambda _: ActivatedUser.of(activated, call.now),
        requires=requires,
    )


def write_link(page: str, token: str) -> str:
    """The link for a mail: the page's URL with the token in its fragment, which reaches no server's
    log; or the token alone without a page. ``{token}`` in the URL is behind its ``#``.
    """
    if not page:
        return token
    return page.replace("{token}", token) if "{token}" in page else f"{page}#token={token}"
