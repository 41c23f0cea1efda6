"""The profile in requests. The stored profile has no rules, because a rule that is added later must
not make users unreadable.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import Url

from rollcall.kit.error_messages import TextPattern
from rollcall.kit.errors import Invalid
from rollcall.kit.field_types import drop_duplicates
from rollcall.kit.model import Date
from rollcall.kit.text import Line, Text, written_as
from rollcall.users.fields import Profile

_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO "
    "BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ "
    "DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP "
    "GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG "
    "KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML "
    "MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE "
    "PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL "
    "SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM "
    "US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_CODES.split())
"""The officially assigned codes of ISO 3166-1 alpha-2, as the tz database lists them."""
BORN_SINCE = date(1900, 1, 1)
"""The longest life that was ever verified lasted 122 years (Guinness World Records: J. Calment)."""
EARLIEST_ZONE = timedelta(hours=14)
"""UTC+14 is the time zone where a day starts first (tz database: Pacific/Kiritimati)."""
_NO_COUNTRY = "Enter the country as two letters, for example DE (ISO 3166-1 alpha-2)."
_NO_ZONE = "Enter the IANA name of a time zone, for example Europe/Berlin."
_NO_ADDRESS = "Enter an address that begins with https:// and has no spaces."


def _to_upper(text: str) -> str:
    """ASCII in upper case. Other text has another length in upper case, or ASCII letters."""
    return text.upper() if text.isascii() else text


def _check_country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError(_NO_COUNTRY)
    return code


def _check_zone(name: str) -> str:
    from rollcall.users.time_zone_names import TIME_ZONES  # noqa: PLC0415 (few requests need it)

    if name not in TIME_ZONES:
        raise ValueError(_NO_ZONE)
    return name


def _check_address(address: str) -> str:
    """The address as sent, if it is a URL (WHATWG URL Standard) of a named host."""
    try:
        host = Url(address).host or ""
    except ValueError:
        raise ValueError(_NO_ADDRESS) from None
    if not address.isprintable() or not all(host.removesuffix(".").split(".")):
        raise ValueError(_NO_ADDRESS)
    return address


def _check_birth(day: date) -> date:
    if day < BORN_SINCE:
        raise ValueError(f"The date of birth must be {BORN_SINCE} or later.")
    return day


CountryCode = Annotated[
    str,
    written_as(_to_upper, 2),
    Field(description="ISO 3166-1 alpha-2."),
    TextPattern(r"^[A-Z]{2}$", _NO_COUNTRY),
    AfterValidator(_check_country),
]
_Address = Annotated[
    str,
    Field(max_length=2048),
    TextPattern(r"^https://[^\s\\/?#@]+([/?#][^\s\\]*)?$", _NO_ADDRESS),
    AfterValidator(_check_address),
]
_ZoneName = Annotated[
    str,
    Field(max_length=64),
    TextPattern(r"^[A-Za-z0-9_+/-]+$", _NO_ZONE),
    AfterValidator(_check_zone),
]
_Locale = Annotated[
    str,
    Field(max_length=35),
    TextPattern(
        r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$", "Enter a BCP 47 language tag, for example de-DE."
    ),
]
_BirthDate = Annotated[Date, AfterValidator(_check_birth)]


class ProfileRequest(Profile):
    """What to store about a person apart from the account. All fields are optional."""

    model_config = ConfigDict(extra="forbid")

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
    birth_date: Annotated[
        _BirthDate | None, Field(description=f"From {BORN_SINCE}, and not in the future.")
    ] = None


def refuse_unborn(profile: ProfileRequest, now: datetime) -> None:
    """Raise Invalid for a date of birth that is in the future in every time zone."""
    if profile.birth_date and profile.birth_date > (now + EARLIEST_ZONE).date():
        message = "The date of birth cannot be in the future."
        raise Invalid.field("profile.birthDate", message, "birth_date_in_future")
