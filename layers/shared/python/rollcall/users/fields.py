"""The field types of requests and users. Each one validates and normalizes its values."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from rollcall.kit.model import Date, Model

# RFC 5321 section 4.5.3.1: 64 octets before the @, 254 in all.
_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# The last label of an IP address or of another number is none of a domain (RFC 3696 section 2).
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!(?:[0-9]+|0x[0-9a-f]*)$){_LABEL}")
ADDRESS_AT_MOST = 254
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164, as Cognito requires
_DIGITS = r"(?:[ \u00a0.-]{0,3}[0-9])+"
_WRITTEN_PHONE = re.compile(rf"\+(?:{_DIGITS})?(?:[ \u00a0.-]?\([0-9]{{1,5}}\){_DIGITS})?")
# A country code of ITU-T E.164 (list of assigned codes) and a zero. Where numbers can begin with it
# (libphonenumber 9.0: fixed lines and mobiles), it is no trunk prefix.
_TRUNK_ZERO = re.compile(
    r"\+(?!39|225|226|229|241|242|250|378|379|992)"
    r"(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3})0"
)
_USERNAME = re.compile(r"[a-z0-9._-]{3,50}")
USERNAME_LENGTH = (3, 50)
RESERVED = "usr_"
"""The prefix of ids. A username is a sign-in alias, so it must not look like another user's id."""


def normalize_email(value: str) -> str:
    """The address in lower case, with the domain in its ASCII form. Only ASCII is allowed before
    the @: addresses that look alike must not be two accounts, and to map other characters to ASCII
    would make it the address of another person. Raises ValueError.
    """
    local, _, domain = value.strip(" \t\r\n").rpartition("@")
    local = _to_lower(local)
    if len(value) <= ADDRESS_AT_MOST and _LOCAL_PART.fullmatch(local) and len(local) <= 64:
        address = f"{local}@{ascii_domain(domain)}"
        if _DOMAIN.fullmatch(address, len(local) + 1) and len(address) <= ADDRESS_AT_MOST:
            return address
    raise ValueError("This is not an email address that can be used.")


def _to_lower(text: str) -> str:
    """ASCII in lower case. Other text stays as it is, because some of it has ASCII as its lower
    case, such as the Kelvin sign.
    """
    return text.lower() if text.isascii() else text


def ascii_domain(domain: str) -> str:
    """The domain in lower case and as registered: by IDNA 2008, prepared by UTS #46 without the
    transitional mappings, which turn some domains into others. Empty if it is invalid.
    """
    if domain.isascii() and "xn--" not in domain.lower():
        return domain.lower()
    import idna  # noqa: PLC0415 (few addresses need it, and its tables take 18 ms of a cold start)

    try:
        ascii_form = idna.encode(domain, uts46=True, std3_rules=True)
        # Punycode has one valid form for each label, but decoders accept others.
        return ascii_form.decode() if idna.encode(idna.decode(ascii_form)) == ascii_form else ""
    except UnicodeError:
        return ""


def show_domain(email: str) -> str:
    """The address with its domain in Unicode, as people read it; unchanged if it has no such
    form.
    """
    if "xn--" not in email or "@" not in email:
        return email
    import idna  # noqa: PLC0415 (few addresses need it, and its tables take 18 ms of a cold start)

    local, _, domain = email.rpartition("@")
    try:
        return f"{local}@{idna.decode(domain)}"
    except UnicodeError:
        return email


def is_address(written: str, email: str | None) -> bool:
    """Whether a text is this email address, written in any valid form."""
    try:
        return written.strip() == email or normalize_email(written) == email
    except ValueError:
        return False


def check_phone(value: str) -> str:
    """The phone number in E.164: a plus sign, the country code, digits only. Single spaces, dots,
    hyphens and one pair of brackets may be between the digits. Raises ValueError.
    """
    written = value.strip(" \u00a0\t\r\n")
    phone = re.sub(r"[^+0-9]", "", written)
    if _TRUNK_ZERO.match(phone):
        raise ValueError(
            "Leave out the zero after the country code, for example +4915112345678 for "
            "+49 (0)151 12345678."
        )
    if not _WRITTEN_PHONE.fullmatch(written) or not _PHONE.fullmatch(phone):
        raise ValueError(
            "Enter the phone number with its country code, for example +4915112345678."
        )
    return phone


def check_username(value: str) -> str:
    """The username in lower case: 3 to 50 of a-z, 0-9, dot, underscore and hyphen. Raises
    ValueError.
    """
    username = _to_lower(value.strip())
    if username.startswith(RESERVED):
        raise ValueError(f"A username cannot begin with {RESERVED}, which is the prefix of ids.")
    if not _USERNAME.fullmatch(username):
        raise ValueError(
            "A username has 3 to 50 characters of a-z, 0-9, dot, underscore and hyphen."
        )
    return username


Email = Annotated[
    str,
    Field(max_length=ADDRESS_AT_MOST, json_schema_extra={"format": "email"}),
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


class Profile(Model):
    """What is known about a person apart from the account. All fields are optional. ProfileRequest
    has the rules.
    """

    # Users and answers share one schema, because both may omit any field.
    model_config = ConfigDict(json_schema_mode_override="validation")

    avatar_url: str | None = None
    bio: str | None = None
    location: str | None = None
    country: Annotated[str | None, Field(description="ISO 3166-1 alpha-2.")] = None
    state: str | None = None
    city: str | None = None
    continent: str | None = None
    timezone: Annotated[str | None, Field(description="IANA name.")] = None
    locale: Annotated[str | None, Field(description="BCP 47.")] = None
    gender: str | None = None
    designation: str | None = None
    expertise: tuple[str, ...] = ()
    birth_date: Date | None = None
