"""Types of owned things, and what becomes of a thing when its owner is deleted (W2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

WORKSPACE = "workspace"
TYPE_NAME = re.compile("[a-z][a-z0-9-]{0,39}")


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
    ``invoice=refuse,dashboard=cascade``. Raises ValueError for one that cannot be meant.
    """
    added: dict[str, OwnerDeletion] = {}
    for entry in filter(None, map(str.strip, configured.split(","))):
        name, _, rule = (part.strip() for part in entry.partition("="))
        if not TYPE_NAME.fullmatch(name):
            raise ValueError(f"{entry}: a type is named in lower-case letters, digits and hyphens")
        if name in BUILT_IN_TYPES:
            raise ValueError(f"{entry}: {name} is built in, and its rule stays as it is")
        if name in added:
            raise ValueError(f"{entry}: {name} is there already")
        if rule not in OwnerDeletion:
            raise ValueError(f"{entry}: the rule is one of {', '.join(OwnerDeletion)}")
        added[name] = OwnerDeletion(rule)
    return {**BUILT_IN_TYPES, **added}
