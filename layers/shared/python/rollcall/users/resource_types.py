"""Types of resources, and what happens to a resource when its owner is deleted (W2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from rollcall.kit.error_messages import clean
from rollcall.kit.errors import Invalid
from rollcall.kit.near_misses import suggest

WORKSPACE = "workspace"
TYPE_NAME = re.compile("[a-z][a-z0-9-]{0,39}")


class OwnerDeletion(StrEnum):
    """What happens to a resource when its owner is deleted."""

    CASCADE = "cascade"
    """The resource is deleted too."""
    ORPHAN = "orphan"
    """The resource stays without an owner until it is transferred or deleted."""
    REFUSE = "refuse"
    """The owner cannot be deleted until the resource is transferred or removed."""


BUILT_IN_TYPES: Mapping[str, OwnerDeletion] = {
    WORKSPACE: OwnerDeletion.ORPHAN,
    "persona": OwnerDeletion.CASCADE,
    "ontology": OwnerDeletion.CASCADE,
    "annotation": OwnerDeletion.CASCADE,
    "api-key": OwnerDeletion.CASCADE,
}


def require_type(configured: str, name: str) -> None:
    """Raise Invalid unless this is the name of a type."""
    types = read_types(configured)
    if name not in types:
        known = ", ".join(types)
        message = (
            f"{suggest(name, types)}The type {clean(name)} does not exist. Use one of: {known}."
        )
        raise Invalid.field("type", message, "unknown_type")


def read_types(configured: str) -> Mapping[str, OwnerDeletion]:
    """All types: the built-in ones, and those of the setting ``RESOURCE_TYPES``, for example
    ``invoice=refuse,dashboard=cascade``. Raises ValueError for an invalid entry.
    """
    added: dict[str, OwnerDeletion] = {}
    for entry in filter(None, map(str.strip, configured.split(","))):
        name, _, rule = (part.strip() for part in entry.partition("="))
        if not TYPE_NAME.fullmatch(name):
            raise ValueError(
                f"{entry}: the name of a type has lower-case letters, digits and hyphens"
            )
        if name in BUILT_IN_TYPES:
            raise ValueError(f"{entry}: {name} is built in, and its rule cannot be changed")
        if name in added:
            raise ValueError(f"{entry}: {name} is configured twice")
        if rule not in OwnerDeletion:
            raise ValueError(f"{entry}: the rule must be one of {', '.join(OwnerDeletion)}")
        added[name] = OwnerDeletion(rule)
    return {**BUILT_IN_TYPES, **added}
