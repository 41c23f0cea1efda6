"""Types of owned things, and what becomes of a thing when its owner is deleted (W2)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

WORKSPACE = "workspace"


class OwnerDeletion(StrEnum):
    """What the deletion of the owner means for a thing."""

    CASCADE = "cascade"
    """It is deleted too."""
    ORPHAN = "orphan"
    """It stays, without an owner, until somebody transfers or deletes it."""
    REFUSE = "refuse"
    """The owner cannot be deleted before it is transferred or removed."""


BUILT_IN_TYPES: Mapping[str, OwnerDeletion] = {
    WORKSPACE: OwnerDeletion.ORPHAN,
    "persona": OwnerDeletion.CASCADE,
    "ontology": OwnerDeletion.CASCADE,
    "annotation": OwnerDeletion.CASCADE,
    "api-key": OwnerDeletion.CASCADE,
}


def read_types(configured: str) -> Mapping[str, OwnerDeletion]:
    """All types: the built-in ones, and those of the setting ``RESOURCE_TYPES``, written as
    ``invoice=refuse,dashboard=cascade``. Raises ValueError for a rule that there is none of.
    """
    pairs = (entry.partition("=") for entry in configured.split(",") if entry.strip())
    added = {name.strip(): OwnerDeletion(rule.strip()) for name, _, rule in pairs}
    return {**BUILT_IN_TYPES, **added}
