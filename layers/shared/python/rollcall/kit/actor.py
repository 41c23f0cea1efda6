"""The actor of a call, with its permissions and the records that they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from rollcall.kit.entity import Entity, Key

EVERYTHING = "admin:access"
"""The permission that includes all others."""


type ActorKind = Literal["user", "client", "system", "anonymous"]
"""A signed-in user, a service with client credentials, Rollcall itself, or an unknown caller."""


@dataclass(frozen=True)
class Actor:
    """The caller of an operation, or the job or trigger that runs without a caller."""

    kind: ActorKind
    id: str
    permissions: frozenset[str] = frozenset()
    scoped: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Permissions for some resources only, with the ids of these resources."""
    expiries: Mapping[tuple[str, str | None], datetime] = field(default_factory=dict)
    """When temporary permissions expire, by permission and resource id (None: all resources).
    Permissions that are not in it have no expiry."""
    principal: Entity | None = None
    """The caller's record, as it was read to authorize the call."""
    witnesses: dict[Key, int] = field(default_factory=dict)
    """The items that the authorization was read from, with their versions. Each write checks that
    they are unchanged. Version 0: the item did not exist."""
    signed_in_at: int = 0
    """When a user signed in, in epoch seconds; 0: unknown."""
    ip_address: str = ""
    user_agent: str = ""

    def holds(self, permission: str, about: str | None = None) -> bool:
        """Whether the actor has this permission: directly, through admin:access, or for the
        resource ``about``.
        """
        if permission in self.permissions or EVERYTHING in self.permissions:
            return True
        return about is not None and about in self.scoped.get(permission, ())

    def holds_until(self, end: datetime | None, permission: str, about: str | None = None) -> bool:
        """Whether the actor holds it until ``end`` or longer; None: with no expiry."""
        general: list[tuple[str, str | None]] = [(EVERYTHING, None), (permission, None)]
        held = [each for each in general if each[0] in self.permissions]
        if about is not None and about in self.scoped.get(permission, ()):
            held.append((permission, about))
        limits = [self.expiries.get(each) for each in held]
        return any(limit is None or (end is not None and end <= limit) for limit in limits)


def system_actor(name: str) -> Actor:
    """The actor of a job, a reaction or the deployment, which only its IAM role limits."""
    return Actor(kind="system", id=name, permissions=frozenset({EVERYTHING}))
