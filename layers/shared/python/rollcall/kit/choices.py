"""Choices that requests can write in any case, as ``ACTIVE`` for ``active``."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BeforeValidator


class Choice(StrEnum):
    """An enumeration that requests can write in any case."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        written = value.lower() if isinstance(value, str) else None
        return next((each for each in cls if each.value.lower() == written), None)


def _to_lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


ANY_CASE = BeforeValidator(_to_lower)
"""For literals in lower case that requests can write in any case."""
