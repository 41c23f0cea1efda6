"""Who is acting, and what was read to decide that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rollcall.kit.entity import Entity, Key

EVERYTHING = "admin:access"
"""The permission that holds all others."""


@dataclass(frozen=True)
class Actor:
    """The caller of an operation, or the job or trigger that acts by itself."""

    kind: Literal["user", "system"]
    id: str
    permissions: frozenset[str] = frozenset()
    principal: Entity | None = None
    """The caller's own record, as it was read to authorize the call."""
    witnesses: dict[Key, int] = field(default_factory=dict)
    """Items and versions that the decision rests on; each write checks that they still hold."""
    ip_address: str = ""
    user_agent: str = ""

    def holds(self, permission: str) -> bool:
        """Whether the actor has this permission, by name or by holding everything."""
        return permission in self.permissions or EVERYTHING in self.permissions


def system_actor(name: str) -> Actor:
    """The actor of a job, a reaction or the deployment: code, bounded by its IAM role."""
    return Actor(kind="system", id=name, permissions=frozenset({EVERYTHING}))
