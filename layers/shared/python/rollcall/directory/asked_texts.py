"""Writes the texts that filters compare with as the fields themselves store them."""

from __future__ import annotations

import re

from rollcall.directory.expressions import Operator
from rollcall.users.fields import ADDRESS_AT_MOST, ascii_domain, normalize_email

_BETWEEN_DIGITS = re.compile(r"\(0\)|[ \u00a0()./-]")
_DIGITS = re.compile(r"\+?[0-9]+")
_BY_ORDER = frozenset({Operator.GT, Operator.GE, Operator.LT, Operator.LE})


def write_as_stored(column: str, operator: Operator, text: str) -> str:
    """The text as the column stores it, except for its case. A text that the column could not
    store, and what is only compared by order, is unchanged.
    """
    if operator in _BY_ORDER:
        return text
    match column:
        case "email":
            return _write_address(text)
        case "phone":
            return _write_phone(text)
        case _:
            return text


def _write_address(text: str) -> str:
    """The address, or the part of one, with its domain in ASCII."""
    if len(text) > ADDRESS_AT_MOST:  # it is in no address
        return text
    try:
        return normalize_email(text)
    except ValueError:
        local, at, domain = text.rpartition("@")
        labels = (ascii_domain(each) or each for each in domain.split("."))
        return text if text.isascii() else f"{local}{at}{'.'.join(labels)}"


def _write_phone(text: str) -> str:
    """The phone number, or the part of one, without spaces and signs between its digits."""
    digits = _BETWEEN_DIGITS.sub("", text)
    return digits if _DIGITS.fullmatch(digits) else text
