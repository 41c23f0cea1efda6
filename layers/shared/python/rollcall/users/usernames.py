"""Usernames that are generated from an email address (U1)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator

from rollcall.kit.entity import Claim
from rollcall.kit.errors import Conflict
from rollcall.kit.table import Table
from rollcall.users.fields import RESERVED, USERNAME_LENGTH
from rollcall.users.user import USERNAME

NUMBERED = 50
"""How many numbered usernames are looked up before a random number is used."""


def suggest_usernames(address: str, table: Table) -> Iterator[str]:
    """Usernames to try in turn: the part before the @, then free ones with a number, then one with
    a random number. The first costs no read, because it is nearly always free.
    """
    base = username_base(address)
    yield base
    numbered = [f"{base}{number}" for number in range(2, NUMBERED + 2)]
    taken = table.get_items([Claim(USERNAME, name).key for name in numbered])
    yield from (name for name in numbered if Claim(USERNAME, name).key not in taken)
    yield f"{base}{secrets.randbelow(10**8):08}"


def with_free_username[T](usernames: Iterator[str], write: Callable[[str], T]) -> T:
    """The result of ``write`` for the first free username. Raises Conflict when all are taken, and
    all other errors of ``write``.
    """
    for username in usernames:
        try:
            return write(username)
        except Conflict as conflict:
            if conflict.code != USERNAME.code:
                raise
    raise Conflict(USERNAME.code, "No free username was found. Choose one.")


def username_base(address: str) -> str:
    """The longest username that an address allows, with room for a number after it."""
    shortest, longest = USERNAME_LENGTH
    local = address.partition("@")[0].partition("+")[0] or address.partition("@")[0]
    local = local.removeprefix(RESERVED)
    base = re.sub(r"[^a-z0-9._-]+", "", local.lower())[: longest - 8].strip("._-")
    return base if len(base) >= shortest else f"{base}-user".lstrip("-")
