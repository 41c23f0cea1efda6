"""Common field types of requests: ids and slugs, single and in lists."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from rollcall.kit.error_messages import TextPattern


def drop_duplicates(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values without duplicates, in the order of their first appearance."""
    return tuple(dict.fromkeys(values))


# Every text is accepted: a text that is not an id is not found (I12).
Id = Annotated[str, Field(min_length=1, max_length=200)]


def has_prefix(prefix: str) -> AfterValidator:
    """For the ids of a filter: another text, such as a name, would silently select nothing."""

    def check(value: str) -> str:
        if not value.startswith(prefix):
            raise ValueError(f"Enter an id, which starts with {prefix}. Names are not accepted.")
        return value

    return AfterValidator(check)


Slug = Annotated[
    str,
    TextPattern(
        r"^[a-z][a-z0-9_-]{0,31}$",
        "Use up to 32 of a-z, 0-9, underscore and hyphen. Begin with one of a-z.",
    ),
]
Ids = Annotated[tuple[Id, ...], Field(max_length=50), AfterValidator(drop_duplicates)]
Slugs = Annotated[tuple[Slug, ...], Field(max_length=20), AfterValidator(drop_duplicates)]
