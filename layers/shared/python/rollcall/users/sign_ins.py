"""A user's sign-ins in numbers (S3): beside the user, changing without a new version of the user.

Each sign-in is a version of this, so that the journal holds every one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Self

from rollcall.grants.grant import USER_PARTITION
from rollcall.kit.entity import Entity, Item, Key
from rollcall.kit.model import Time
from rollcall.users.sort_keys import SIGN_INS_SORT_KEY

LISTED_EVERY = timedelta(hours=1)
"""How often lists hear of one user's sign-ins at most."""
_UNLISTED = {"lastLoginAt": None, "count": None}
"""What changes without lists showing it."""
BY_PASSWORD = "password"  # noqa: S105 (a method of signing in)
"""The method of whoever signs in without another provider."""


class SignIns(Entity):
    """What is known of all sign-ins of one user. What lists show of them lags by an hour at most,
    so that whoever signs in all the time is not read anew by every list all the time.
    """

    kind: ClassVar[str] = "sign-ins"
    partition: ClassVar[str] = USER_PARTITION
    guest: ClassVar[bool] = True

    user_id: str
    last_login_at: Time | None = None
    count: int = 0
    listed_login_at: Time | None = None
    """What lists show as the last sign-in."""
    listed_count: int = 0
    """What lists show as the number of sign-ins."""
    methods: tuple[str, ...] = ()
    """BY_PASSWORD, and the names of other providers, as google: all that have ever been used."""
    failed_attempts: int = 0
    """Since the last sign-in."""
    locked_until: Time | None = None

    @classmethod
    def none_of(cls, user_id: str, now: datetime) -> Self:
        """Of a user who has not signed in yet."""
        made = f"{user_id}/{cls.kind}"
        return cls(id=made, created_at=now, updated_at=now, user_id=user_id)

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """From the items of the user's partition; None before the first sign-in."""
        found = (item for item in items if item["sk"] == SIGN_INS_SORT_KEY)
        return next(map(cls.model_validate, found), None)

    def key(self) -> Key:
        """Beside the user's own item."""
        return sign_ins_key(self.user_id)

    def touches(self, before: Self | None) -> frozenset[str]:
        """The user, unless lists show the same as before."""
        shown = before is not None and self.facts() | _UNLISTED == before.facts() | _UNLISTED
        return frozenset(() if shown else {self.user_id})

    def with_sign_in(self, now: datetime, methods: Iterable[str]) -> Self:
        """One more sign-in, which ends the count of failed attempts."""
        signed_in = self.model_copy(
            update={
                "last_login_at": now,
                "count": self.count + 1,
                "methods": tuple(sorted({*self.methods, *methods})),
                "failed_attempts": 0,
                "locked_until": None,
            }
        )
        listed_at = self.listed_login_at
        due = listed_at is None or now >= listed_at + LISTED_EVERY
        return signed_in._as_listed() if due or signed_in.touches(self) else signed_in

    def _as_listed(self) -> Self:
        listed = {"listed_login_at": self.last_login_at, "listed_count": self.count}
        return self.model_copy(update=listed)


def sign_ins_key(user_id: str) -> Key:
    """Where a user's sign-ins are kept."""
    return Key(f"{USER_PARTITION}{user_id}", SIGN_INS_SORT_KEY)
