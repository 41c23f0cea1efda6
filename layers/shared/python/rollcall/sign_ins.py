"""A user's sign-ins in numbers (S3): beside the user, changing without a new version of the user.

Each sign-in is a version of this, so that the journal holds every one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self

from rollcall.grants import USER_PARTITION
from rollcall.kit.entity import Entity, Item, Key
from rollcall.kit.model import Time

SIGN_INS_SORT_KEY = "#SIGN_IN"
BY_PASSWORD = "password"  # noqa: S105 (a method of signing in)
"""The method of whoever signs in without another provider."""


class SignIns(Entity):
    """What is known of all sign-ins of one user."""

    kind: ClassVar[str] = "sign-ins"
    partition: ClassVar[str] = USER_PARTITION
    guest: ClassVar[bool] = True

    user_id: str
    last_login_at: Time | None = None
    count: int = 0
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

    def touches(self) -> frozenset[str]:
        """The user, whom the directory shows with the last sign-in."""
        return frozenset({self.user_id})

    def with_sign_in(self, now: datetime, methods: Iterable[str]) -> Self:
        """One more sign-in, which ends the count of failed attempts."""
        return self.model_copy(
            update={
                "last_login_at": now,
                "count": self.count + 1,
                "methods": tuple(sorted({*self.methods, *methods})),
                "failed_attempts": 0,
                "locked_until": None,
            }
        )


def sign_ins_key(user_id: str) -> Key:
    """Where a user's sign-ins are kept."""
    return Key(f"{USER_PARTITION}{user_id}", SIGN_INS_SORT_KEY)
