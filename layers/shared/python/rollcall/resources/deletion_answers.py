"""What deletions answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from rollcall.kit.model import Answer
from rollcall.kit.text import Line


class Deletion(Answer):
    """What a deletion answers (U11)."""

    success: Literal[True] = True
    message: Line


class MembersDeletion(Deletion):
    """What the deletion of a group or an organization answers."""

    memberships_pending: Annotated[
        int,
        Field(description="How many memberships are still to be ended; they give nothing now."),
    ]


class UserDeletion(Deletion):
    """What the deletion of a user answers; for good, also what becomes of what the user owned."""

    workspaces_orphaned: Annotated[
        int | None, Field(description="Workspaces that stay without an owner.")
    ] = None
    resources: Annotated[
        Mapping[str, int] | None,
        Field(description="How many things of each type the user owned."),
    ] = None
    resources_pending: Annotated[
        int | None,
        Field(description="How many of them are still to be orphaned or deleted; it goes on."),
    ] = None
