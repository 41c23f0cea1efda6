"""The answers of deletions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from rollcall.kit.model import Answer
from rollcall.kit.text import Line


class Deletion(Answer):
    """The answer of a deletion (U11)."""

    success: Literal[True] = True
    message: Line


class MembersDeletion(Deletion):
    """The answer of the deletion of a group or an organization."""

    memberships_pending: Annotated[
        int,
        Field(description="How many memberships are still to be removed. They grant nothing."),
    ]


class UserDeletion(Deletion):
    """The answer of the deletion of a user. A permanent one includes the user's resources."""

    workspaces_orphaned: Annotated[
        int | None, Field(description="How many workspaces remain without an owner.")
    ] = None
    resources: Annotated[
        Mapping[str, int] | None,
        Field(description="How many resources of each type the user owned."),
    ] = None
    resources_pending: Annotated[
        int | None,
        Field(description="How many of them are still to be orphaned or deleted automatically."),
    ] = None
