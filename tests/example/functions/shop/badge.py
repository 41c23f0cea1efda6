"""Badges that users have earned: an entity of the shop's own."""

from __future__ import annotations

from typing import ClassVar, Self

from rollcall.kit.entity import Entity, Key
from rollcall.kit.model import Time, VersionedAnswer
from rollcall.kit.table import Table


class Badge(Entity):
    """One badge of one user. The badges of a user are one partition."""

    kind: ClassVar[str] = "badge"
    partition: ClassVar[str] = "SHOP-BADGE#"

    user_id: str
    name: str

    @property
    def person(self) -> str | None:
        """The user who has earned it."""
        return self.user_id

    def key(self) -> Key:
        """The primary key, in the partition of the user's badges."""
        return Key(f"{self.partition}{self.user_id}", f"{self.partition}{self.id}")


def find_badges(table: Table, user_id: str) -> list[Badge]:
    """All badges of a user, oldest first."""
    items = table.query_partition(f"{Badge.partition}{user_id}", prefix=Badge.partition)
    return [Badge.model_validate(item) for item in items]


class BadgeAnswer(VersionedAnswer):
    """A badge as answers show it."""

    id: str
    name: str
    created_at: Time

    @classmethod
    def of(cls, badge: Badge) -> Self:
        """The answer for a badge."""
        return cls.model_validate({name: getattr(badge, name) for name in cls.model_fields})
