"""Unique ids of users, chosen or generated from the deployment's pattern (U13)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from itertools import batched
from math import prod
from typing import Annotated

from pydantic import Field

from rollcall.kit.entity import Claim
from rollcall.kit.error_messages import TextPattern
from rollcall.kit.table import Table
from rollcall.users.user import UNIQUE_ID

UniqueId = Annotated[
    str,
    Field(description="Unique regardless of case: letters, digits, dot, underscore, hyphen."),
    TextPattern(
        r"^[A-Za-z0-9._-]{1,64}$",
        "A unique id has 1 to 64 characters of A-Z, a-z, 0-9, dot, underscore and hyphen.",
    ),
]
ALPHABETS = {"#": "0123456789", "?": "ACDEFHJKMNPRTWXY"}
"""The placeholders for a digit and for a letter. Letters that look like a digit or like another
letter are left out."""
LOOKED_UP = 1000
"""How many ids are looked up before the pattern counts as exhausted: all ids of a short pattern, or
this many random ids of a long one."""
_AT_ONCE = 100


def generate_unique_ids(pattern: str, table: Table) -> Iterator[str]:
    """Ids to try in turn: first a random one, which costs no read and is nearly always free, then
    free ones among many.
    """
    size = prod(len(ALPHABETS.get(each, " ")) for each in pattern)
    yield _fill(pattern, secrets.randbelow(size))
    for numbers in batched(_choose(size), _AT_ONCE, strict=False):
        ids = {unique_id_claim(each).key: each for each in (_fill(pattern, n) for n in numbers)}
        taken = table.get_items(list(ids))
        yield from (unique_id for key, unique_id in ids.items() if key not in taken)


def unique_id_claim(unique_id: str) -> Claim:
    """The claim of a unique id."""
    return Claim(UNIQUE_ID, unique_id.casefold())


def _choose(size: int) -> list[int]:
    """Random numbers below ``size``, or all of them in random order if there are few."""
    random = secrets.SystemRandom()
    if size <= LOOKED_UP:
        return random.sample(range(size), size)
    return list({random.randrange(size) for _ in range(LOOKED_UP)})


def _fill(pattern: str, number: int) -> str:
    """The id with this number among all ids of the pattern."""
    filled = []
    for each in pattern:
        alphabet = ALPHABETS.get(each, each)
        number, index = divmod(number, len(alphabet))
        filled.append(alphabet[index])
    return "".join(filled)
