"""The clean-up's record of an inactive user: the last warning and the last disabling (L1)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from rollcall.kit.model import Time
from rollcall.users.activity import UserActivity
from rollcall.users.storage import INACTIVITY_SORT_KEY, warning_applies


class Inactivity(UserActivity):
    """The last warning that a user was sent, and the last time the clean-up disabled the user."""

    kind: ClassVar[str] = "inactivity"
    sort_key: ClassVar[str] = INACTIVITY_SORT_KEY

    warned_at: Time | None = None
    disables_at: Time | None = None
    """The earliest time at which the account is disabled, as the warning says."""
    disabled_at: Time | None = None

    def warns(
        self,
        last_login_at: datetime | None,
        auth_epoch: int,
        email_works_since: datetime | None = None,
    ) -> bool:
        """Whether the last warning still applies."""
        return warning_applies(self.warned_at, last_login_at, auth_epoch, email_works_since)

    def has_disabled(self, auth_epoch: int) -> bool:
        """Whether the clean-up was the last to end a disabled user's sessions. False when an admin
        has enabled and disabled the user since.
        """
        return self.disabled_at is not None and auth_epoch == int(self.disabled_at.timestamp()) + 1

    def with_warning(self, now: datetime, disables_at: datetime) -> Self:
        """The record after a warning that is sent now."""
        return self.model_copy(update={"warned_at": now, "disables_at": disables_at})

    def with_disabling(self, now: datetime) -> Self:
        """The record after the clean-up has disabled this user."""
        return self.model_copy(update={"disabled_at": now})
