"""Counts and times of a user's sign-ins (S3). Each sign-in is a version, so the journal has all of
them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Self

from rollcall.kit.model import Time
from rollcall.users.activity import UserActivity
from rollcall.users.storage import SIGN_INS_SORT_KEY

LISTED_EVERY = timedelta(hours=1)
"""The shortest time between two updates of what lists show of one user's sign-ins."""
_UNLISTED = {"lastLoginAt": None, "count": None, "secondFactorAfter": None}
"""The facts that lists do not show."""
BY_PASSWORD = "password"  # noqa: S105 (a method of signing in)
"""The method of a user who signs in without another provider."""


class SignIns(UserActivity):
    """The sign-ins of one user. Lists show them up to an hour late, so that a user who signs in
    often does not change the lists each time.
    """

    kind: ClassVar[str] = "sign-ins"
    sort_key: ClassVar[str] = SIGN_INS_SORT_KEY

    last_login_at: Time | None = None
    count: int = 0
    listed_login_at: Time | None = None
    """What lists show as the last sign-in."""
    listed_count: int = 0
    """What lists show as the number of sign-ins."""
    methods: tuple[str, ...] = ()
    """All methods ever used: BY_PASSWORD, and the names of other providers, such as google."""
    second_factor_after: int | None = None
    """Epoch seconds. All sign-ins after this time had a second factor. None: the last one had none,
    or was not checked."""
    failed_attempts: int = 0
    """Failed attempts since the last sign-in."""
    locked_until: Time | None = None

    def touches(self, before: Self | None) -> frozenset[str]:
        """The user, if what lists show has changed."""
        shown = before is not None and self.facts() | _UNLISTED == before.facts() | _UNLISTED
        return frozenset(() if shown else {self.user_id})

    def with_sign_in(
        self, now: datetime, methods: Iterable[str], *, second_factor: bool = False
    ) -> Self:
        """One more sign-in. It resets the count of failed attempts."""
        signed_in = self.model_copy(
            update={
                "last_login_at": now,
                "count": self.count + 1,
                "methods": tuple(sorted({*self.methods, *methods})),
                "second_factor_after": self._find_single_factor() if second_factor else None,
                "failed_attempts": 0,
                "locked_until": None,
            }
        )
        listed_at = self.listed_login_at
        due = listed_at is None or now >= listed_at + LISTED_EVERY
        return signed_in._as_listed() if due or signed_in.touches(self) else signed_in

    def _find_single_factor(self) -> int:
        """The last second in which a token of a sign-in without a second factor can be issued."""
        if self.second_factor_after is not None:
            return self.second_factor_after
        # The token can be a second newer than the record of the sign-in.
        return int(self.last_login_at.timestamp()) + 1 if self.last_login_at else 0

    def _as_listed(self) -> Self:
        listed = {"listed_login_at": self.last_login_at, "listed_count": self.count}
        return self.model_copy(update=listed)
