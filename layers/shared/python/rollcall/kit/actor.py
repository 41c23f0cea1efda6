"""Who is acting, and what was read to decide that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from rollcall.kit.entity import Entity, Key

EVERYTHING = "admin:access"
"""The permission that holds all others."""


type ActorKind = Literal["user", "client", "system", "anonymous"]
"""Somebody signed in, a service with its own credentials, code of ours, or nobody knows who."""


@dataclass(frozen=True)
class Actor:
    """The caller of an operation, or the job or trigger that acts by itself."""

    kind: ActorKind
    id: str
    permissions: frozenset[str] = frozenset()
    scoped: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Permissions that hold for some things only, with the ids of what they hold for."""
    ends: Mapping[tuple[str, str | None], datetime] = field(default_factory=dict)
    """Of what the actor holds for a time only: until when, by the permission and what it is about
    (None: everything). What is not in it has no end."""
    principal: Entity | None = None
    """The caller's own record, as it was read to authorize the call."""
    witnesses: dict[Key, int] = field(default_factory=dict)
    """Items and versions that the decision rests on; each write checks that they still hold.
    Version 0 is that of an item which is not there."""
    ip_address: str = ""
    user_agent: str = ""

    def holds(self, permission: str, about: str | None = None) -> bool:
        """Whether the actor has this permission: by name, by holding everything, or for the one
        thing that it is about.
        """
        if permission in self.permissions or EVERYTHING in self.permissions:
            return True
        return about is not None and about in self.scoped.get(permission, ())

    def holds_until(self, end: datetime | None, permission: str, about: str | None = None) -> bool:
        """Whether the actor holds it at least as long; None: without an end."""
        ways: list[tuple[str, str | None]] = [(EVERYTHING, None), (permission, None)]
        held = [way for way in ways if way[0] in self.permissions]
        if about is not None and about in self.scoped.get(permission, ()):
            held.append((permission, about))
        limits = [self.ends.get(way) for way in held]
        return any(limit is None or (end is not None and end <= limit) for limit in limits)


def system_actor(name: str) -> Actor:
    """The actor of a job, a reaction or the deployment: code, bounded by its IAM role."""
    return Actor(kind="system", id=name, permissions=frozenset({EVERYTHING}))
