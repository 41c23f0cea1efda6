"""The field types of requests and users. Each one validates and normalizes its values."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from rollcall.kit.error_messages import TextPattern
from rollcall.kit.field_types import drop_duplicates
from rollcall.kit.model import Model
from rollcall.kit.text import Line, Text, written_as

# RFC 5321 section 4.5.3.1: 64 octets before the @, 254 in all.
_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164, as Cognito requires
_USERNAME = re.compile(r"[a-z0-9._-]{3,50}")
USERNAME_LENGTH = (3, 50)
RESERVED = "usr_"
"""The prefix of ids. A username is a sign-in alias, so it must not look like another user's id."""


def normalize_email(value: str) -> str:
    """The address in lower case, with the domain in its ASCII form. Only ASCII is allowed before
    the @, because addresses that look alike must not be two accounts. Raises ValueError.
    """
    local, _, domain = unicodedata.normalize("NFKC", value.strip()).casefold().rpartition("@")
    try:
        domain = domain.encode("idna").decode() if not domain.isascii() else domain
    except UnicodeError:
        domain = ""
    address = f"{local}@{domain}"
    well_formed = _LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(domain)
    if not well_formed or len(local) > 64 or len(address) > 254:
        raise ValueError("This is not an email address that can be used.")
    return address


def check_phone(value: str) -> str:
    """The phone number in E.164: a plus sign, the country code, digits only. Raises ValueError."""
    phone = re.sub(r"[\s().-]", "", value)
    if not _PHONE.fullmatch(phone):
        raise ValueError(
            "Enter the phone number with its country code, for example +4915112345678."
        )
    return phone


def check_username(value: str) -> str:
    """The username in lower case: 3 to 50 of a-z, 0-9, dot, underscore and hyphen. Raises
    ValueError.
    """
    username = value.strip().lower()
    if username.startswith(RESERVED):
        raise ValueError(f"A username cannot begin with {RESERVED}, which is the prefix of ids.")
    if not _USERNAME.fullmatch(username):
        raise ValueError(
            "A username has 3 to 50 characters of a-z, 0-9, dot, underscore and hyphen."
        )
    return username


Email = Annotated[
    str,
    Field(max_length=254, json_schema_extra={"format": "email"}),
    AfterValidator(normalize_email),
]
Phone = Annotated[
    str,
    Field(max_length=40, description="E.164, for example +4915112345678."),
    AfterValidator(check_phone),
]
Username = Annotated[
    str,
    Field(max_length=60, description="3 to 50 characters of a-z, 0-9, dot, underscore and hyphen."),
    AfterValidator(check_username),
]
CountryCode = Annotated[
    str,
    written_as(str.upper),
    Field(description="ISO 3166-1 alpha-2."),
    TextPattern(
        r"^[A-Z]{2}$", "Enter the country as two letters, for example DE (ISO 3166-1 alpha-2)."
    ),
]

_Address = Annotated[
    str,
    Field(max_length=2048),
    TextPattern(
        r"^https://[^\s]+$", "Enter an address that begins with https:// and has no spaces."
    ),
]
_ZoneName = Annotated[
    str,
    Field(max_length=64),
    TextPattern(
        r"^[A-Za-z0-9_+/-]+$", "Enter the IANA name of a time zone, for example Europe/Berlin."
    ),
]
_Locale = Annotated[
    str,
    Field(max_length=35),
    TextPattern(r"^[A-Za-z0-9-]+$", "Enter a BCP 47 language tag, for example de-DE."),
]


class Profile(Model):
    """What is known about a person apart from the account. All fields are optional."""

    # Requests and answers share one schema, because both may omit any field.
    model_config = ConfigDict(extra="forbid", json_schema_mode_override="validation")

    avatar_url: _Address | None = None
    bio: Text | None = None
    location: Line | None = None
    country: CountryCode | None = None
    state: Line | None = None
    city: Line | None = None
    continent: Line | None = None
    timezone: Annotated[_ZoneName | None, Field(description="IANA name.")] = None
    locale: Annotated[_Locale | None, Field(description="BCP 47.")] = None
    gender: Line | None = None
    designation: Line | None = None
    expertise: Annotated[
        tuple[Line, ...], Field(max_length=50), AfterValidator(drop_duplicates)
    ] = ()
    birth_date: date | None = None
