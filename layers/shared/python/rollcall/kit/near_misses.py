"""Names and values in requests that are nearly right, and the ones that the caller may mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

LONGEST = 100
"""Longer names are not compared."""


def spelling(name: str) -> str:
    """The name in the spelling that all its spellings share: ``is_admin``, ``isAdmin``."""
    return name.replace("_", "").lower()


def by_spelling(names: Iterable[str]) -> Mapping[str, str]:
    """The names by their shared spelling."""
    return {spelling(each): each for each in names}


def find_spelled(name: str, known: Iterable[str]) -> str | None:
    """The known name that a name is a spelling of; None if there is none."""
    return by_spelling(known).get(spelling(name))


def suggest(given: object, known: Iterable[str]) -> str:
    """A question that names the known name most similar to the given one, with a space after it;
    empty if none is similar.
    """
    from difflib import get_close_matches  # noqa: PLC0415 (only errors need it)

    if not isinstance(given, str) or len(given) > LONGEST:
        return ""
    names = by_spelling(known)
    similar = get_close_matches(spelling(given), names, n=1, cutoff=0.75)
    return f"Did you mean {names[similar[0]]}? " if similar else ""


def names_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The names of the fields in an object of a request, which is at this location."""
    for part in location:
        names = {field.alias or name: field for name, field in model.model_fields.items()}
        if isinstance(part, str) and part in names:
            model = _find_model(names[part].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _find_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_find_model, parts_of(annotation))), None)


def takes_many(annotation: Any) -> bool:
    """Whether a parameter of this type can have several values."""
    return getattr(annotation, "__origin__", None) in {tuple, list, set, frozenset} or any(
        map(takes_many, parts_of(annotation))
    )


def parts_of(annotation: Any) -> tuple[Any, ...]:
    """The types that a type consists of, as ``int | None`` of two."""
    value = getattr(annotation, "__value__", None)  # of a type alias
    return (value,) if value is not None else getattr(annotation, "__args__", ())
