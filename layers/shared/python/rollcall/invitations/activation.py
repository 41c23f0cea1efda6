"""What lets somebody become an active user: a link that was mailed to their address, works once,
and ends (I14). Invitations and registrations are such.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Self

from pydantic import Field

from rollcall.kit.call import Call
from rollcall.kit.entity import Entity
from rollcall.kit.errors import NotFound
from rollcall.kit.ids import derive_id
from rollcall.kit.model import Answer, Time
from rollcall.kit.table import Table
from rollcall.kit.tokens import Tokens, hash_token, is_token, read_holder
from rollcall.users.fields import RESERVED
from rollcall.users.statuses import Status
from rollcall.users.user import User


class Activation(Entity):
    """One user's way in. It has the user's id but for the prefix, so that each leads to the other
    without a look-up; where the user pool has given the id, one that derives from it.
    """

    id_prefix: ClassVar[str]

    user_id: str
    email: str
    generation: int = 0
    """How many links there have been; only the last one counts."""
    token_hash: str = ""
    """SHA-256 of that link's token, which is nowhere stored itself."""
    ends_at: Time
    """When the link stops working."""

    @classmethod
    def id_for(cls, user_id: str) -> str:
        """The id of what lets this user in."""
        if user_id.startswith(RESERVED):
            return f"{cls.id_prefix}_{user_id.removeprefix(RESERVED)}"
        return derive_id(cls.id_prefix, user_id)

    def with_link(self, call: Call, lasts: timedelta) -> Self:
        """With a new link, for so long; the one before is dead."""
        generation = self.generation + 1
        token = Tokens(call.table).derive(self.id, generation)
        return self.model_copy(
            update={
                "generation": generation,
                "token_hash": hash_token(token),
                "ends_at": call.now + lasts,
            }
        )


def find_by_token[A: Activation](table: Table, kind: type[A], token: str) -> A:
    """What a token opens. Raises NotFound, in the same words, for one that was never given out, was
    altered, or has been superseded.
    """
    holder = read_holder(token)
    found = table.find(kind, holder) if holder and holder.startswith(kind.id_prefix) else None
    if found is None or not found.exists or not is_token(token, found.token_hash):
        detail = "This link is not valid; use the newest one that you were sent."
        raise NotFound("link_not_found", detail)
    return found


class ActivatedUser(Answer):
    """The user that somebody has become, as they are told."""

    id: str
    email: str | None = None
    username: str | None = None
    name: str | None = None
    status: Status
    activated_at: Time

    @classmethod
    def of(cls, user: User, now: datetime) -> Self:
        """The answer to whoever has become this user just now."""
        fields = {name: getattr(user, name) for name in cls.model_fields.keys() - {"activated_at"}}
        return cls.model_validate({**fields, "activated_at": now})


Token = Annotated[
    str, Field(min_length=1, max_length=200, description="What stands in the mail's link.")
]


def write_link(page: str, token: str) -> str:
    """How a mail says where to go with a token: the page's address with it, or without a page the
    token alone.
    """
    if not page:
        return token
    return page.replace("{token}", token) if "{token}" in page else f"{page}?token={token}"
