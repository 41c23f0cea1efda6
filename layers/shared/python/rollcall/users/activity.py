"""Records of a user's activity, which are stored apart from the user."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self

from rollcall.grants.grant import USER_PARTITION
from rollcall.kit.entity import Entity, Item, Key


class UserActivity(Entity):
    """A record in the user's partition, one of its kind per user. Changing it creates no new
    version of the user.
    """

    partition: ClassVar[str] = USER_PARTITION
    guest: ClassVar[bool] = True
    sort_key: ClassVar[str]

    user_id: str

    @classmethod
    def none_of(cls, user_id: str, now: datetime) -> Self:
        """The record of a user who has none yet."""
        record_id = f"{user_id}/{cls.kind}"
        return cls(id=record_id, created_at=now, updated_at=now, user_id=user_id)

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The record from the items of the user's partition; None before the first version."""
        found = (item for item in items if item["sk"] == cls.sort_key)
        return next(map(cls.model_validate, found), None)

    @classmethod
    def key_for(cls, user_id: str) -> Key:
        """The primary key of a user's record."""
        return Key(f"{cls.partition}{user_id}", cls.sort_key)

    def key(self) -> Key:
        """The primary key of the record."""
        return self.key_for(self.user_id)

    def touches(self, before: Self | None) -> frozenset[str]:
        """The user: the directory shows the record with the user."""
        return frozenset({self.user_id})
