"""The field types that every kind of request uses: ids and slugs, alone and in lists."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from rollcall.kit.sentences import Form


def drop_duplicates(values: tuple[str, ...]) -> tuple[str, ...]:
    """Each value once, in the order of first appearance."""
    return tuple(dict.fromkeys(values))


# Any text may be asked for: what is no id of ours is simply not found (I12).
Id = Annotated[str, Field(min_length=1, max_length=200)]
Slug = Annotated[
    str,
    Form(
        r"^[a-z][a-z0-9_-]{0,31}$",
        "Write up to 32 of a-z, 0-9, underscore and hyphen, the first one of a-z.",
    ),
]
Ids = Annotated[tuple[Id, ...], Field(max_length=50), AfterValidator(drop_duplicates)]
Slugs = Annotated[tuple[Slug, ...], Field(max_length=20), AfterValidator(drop_duplicates)]
