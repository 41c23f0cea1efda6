"""What the clean-up has done about a user who does not sign in (L1): beside the user, as the
sign-ins are, so that a warning makes no new version of the user.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self

from rollcall.grants.grant import USER_PARTITION
from rollcall.kit.entity import Entity, Item, Key
from rollcall.kit.model import Time
from rollcall.users.sort_keys import INACTIVITY_SORT_KEY


class Inactivity(Entity):
    """The last warning that a user was given, and the last disabling."""

    kind: ClassVar[str] = "inactivity"
    partition: ClassVar[str] = USER_PARTITION
    guest: ClassVar[bool] = True

    user_id: str
    warned_at: Time | None = None
    disables_at: Time | None = None
    """When the warning says that the account is disabled, at the earliest."""
    disabled_at: Time | None = None

    @classmethod
    def none_of(cls, user_id: str, now: datetime) -> Self:
        """Of a user about whom nothing has been done yet."""
        made = f"{user_id}/{cls.kind}"
        return cls(id=made, created_at=now, updated_at=now, user_id=user_id)

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """From the items of the user's partition; None before the first warning."""
        found = (item for item in items if item["sk"] == INACTIVITY_SORT_KEY)
        return next(map(cls.model_validate, found), None)

    def key(self) -> Key:
        """Beside the user's own item."""
        return inactivity_key(self.user_id)

    def touches(self, before: Self | None) -> frozenset[str]:
        """The user, whom the directory shows with the warning."""
        return frozenset({self.user_id})

    def warns(self, last_login_at: datetime | None, auth_epoch: int) -> bool:
        """Whether the warning still counts. A sign-in since then makes it void, and so does the end
        of all sessions, as by a disabling: whoever is let in again is warned again.
        """
        if self.warned_at is None:
            return False
        unused = last_login_at is None or last_login_at < self.warned_at
        return unused and auth_epoch <= self.warned_at.timestamp()

    def has_disabled(self, auth_epoch: int) -> bool:
        """Whether it was this that last ended a disabled user's sessions. Whoever somebody has
        enabled and disabled again was disabled by them.
        """
        return self.disabled_at is not None and auth_epoch == int(self.disabled_at.timestamp()) + 1

    def with_warning(self, now: datetime, disables_at: datetime) -> Self:
        """Warned now."""
        return self.model_copy(update={"warned_at": now, "disables_at": disables_at})

    def with_disabling(self, now: datetime) -> Self:
        """Disabled in the same moment as the user."""
        return self.model_copy(update={"disabled_at": now})


def inactivity_key(user_id: str) -> Key:
    """Where what was done about a user's inactivity is kept."""
    return Key(f"{USER_PARTITION}{user_id}", INACTIVITY_SORT_KEY)
