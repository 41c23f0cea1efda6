"""The profile in requests has rules; the stored one is readable under any (U1, U7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollcall.directory.time_zones import ZoneName
from rollcall.kit.errors import Invalid
from rollcall.kit.model import camel_case
from rollcall.users.fields import Profile
from rollcall.users.profile_request import COUNTRIES, ProfileRequest, refuse_unborn
from rollcall.users.time_zone_names import TIME_ZONES

_LINES = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text().splitlines()
ISO_3166 = {line[:2] for line in _LINES if not line.startswith("#")}


def test_repeated_fields_of_expertise_count_once_and_keep_their_order() -> None:
    assert ProfileRequest(expertise=("tea", "maps", "tea")).expertise == ("tea", "maps")


PROFILES = st.fixed_dictionaries(
    {},
    optional={
        "bio": st.text(max_size=50),
        "city": st.text(min_size=1, max_size=30),
        "country": st.text("abAB", min_size=2, max_size=2),
        "expertise": st.lists(st.text(min_size=1, max_size=20), max_size=3),
        "birthDate": st.dates().map(str),
        "timezone": st.sampled_from(["Europe/Berlin", "Etc/GMT+5"]),
        "avatarUrl": st.sampled_from(["https://example.com/a.png"]),
    },
)


@given(sent=PROFILES)
@example({"bio": "\u0958" * 1000})
@example({"city": "\u212b\u0344"})
def test_profile_that_was_accepted_can_be_read_again(sent: dict[str, Any]) -> None:
    try:
        profile = ProfileRequest.model_validate(sent)
    except ValidationError:
        return
    stored = profile.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert dict(Profile.model_validate(stored)) == dict(profile)
    assert ProfileRequest.model_validate(stored) == profile


@pytest.mark.parametrize(
    "right",
    [
        {"avatarUrl": "https://b\u00fccher.example:8443/a.png?b=@c#d"},
        {"avatarUrl": "https://[2001:db8::1]/a.png"},
        {"timezone": "America/Argentina/Buenos_Aires"},
        {"timezone": "UTC"},
        {"timezone": "US/Pacific"},  # a link
        {"country": "SS"},
        {"locale": "zh-Hant-TW"},
        {"birthDate": "1900-01-01"},
    ],
)
def test_profile_is_stored_as_sent(right: dict[str, Any]) -> None:
    profile = ProfileRequest.model_validate(right)
    assert profile.model_dump(mode="json", by_alias=True, exclude_unset=True) == right


@given(code=st.text("abcdefghijklmnopqrstuvwxyzXU\u00df\ufb01\u017f", min_size=1, max_size=2))
def test_countries_are_those_of_iso_3166(code: str) -> None:
    known = code.isascii() and code.upper() in ISO_3166
    try:
        assert ProfileRequest.model_validate({"country": code}).country == code.upper()
    except ValidationError:
        assert not known
    else:
        assert known


def test_list_of_countries_is_that_of_the_time_zone_database() -> None:
    assert COUNTRIES == ISO_3166


@given(zone=st.sampled_from(sorted(TIME_ZONES)) | st.from_regex(r"[A-Z][a-z]+/[A-Z][a-z]+"))
def test_time_zones_are_those_that_the_directory_takes(zone: str) -> None:
    try:
        TypeAdapter(ZoneName).validate_python(zone)
    except ValidationError:
        with pytest.raises(ValidationError):
            ProfileRequest.model_validate({"timezone": zone})
    else:
        assert ProfileRequest.model_validate({"timezone": zone}).timezone == zone


@given(days=st.integers(-3, 3), hour=st.integers(0, 23))
def test_date_of_birth_is_not_after_today_where_the_day_starts_first(days: int, hour: int) -> None:
    now = datetime(2026, 1, 5, hour, tzinfo=UTC)
    born = date(2026, 1, 5) + timedelta(days=days)
    started = datetime.combine(born, time(), timezone(timedelta(hours=14))) <= now
    profile = ProfileRequest(birth_date=born)
    if started:
        refuse_unborn(profile, now)
    else:
        with pytest.raises(Invalid) as refused:
            refuse_unborn(profile, now)
        assert refused.value.errors[0].field == "profile.birthDate"


@given(
    stored=st.fixed_dictionaries(
        {},
        optional={
            camel_case(name): st.text()
            for name in Profile.model_fields.keys() - {"expertise", "birth_date"}
        }
        | {"expertise": st.lists(st.text()), "birthDate": st.dates().map(str)},
    )
)
def test_stored_profile_is_readable_whatever_the_rules_are_now(stored: dict[str, Any]) -> None:
    profile = Profile.model_validate(stored)
    assert profile.model_dump(mode="json", by_alias=True, exclude_unset=True) == stored


@pytest.mark.parametrize(
    "wrong",
    [
        {"avatarUrl": "http://example.com/a.png"},
        {"avatarUrl": "https://"},
        {"avatarUrl": "javascript:alert(1)"},
        {"timezone": "Europe Berlin"},
        {"locale": "de_DE"},
        {"birthDate": "1990-13-01"},
        {"shoeSize": 44},
        {"avatarUrl": "https://?a"},
        {"avatarUrl": "https://exa mple.com/a.png"},
        {"avatarUrl": "https://example.com:99999/a.png"},
        {"avatarUrl": "https://example.com@evil.example/a.png"},
        {"avatarUrl": "https://[::g]/a.png"},
        {"avatarUrl": "https://../a.png"},
        {"avatarUrl": "https:\\\\example.com"},
        {"avatarUrl": "https:///a.png"},
        {"avatarUrl": "https://example.com/\u202ea"},
        {"timezone": "Mars/Phobos"},
        {"timezone": "europe/berlin"},
        {"timezone": "localtime"},
        {"country": "XX"},
        {"country": "EU"},
        {"country": "UK"},
        {"country": "DEU"},
        {"country": "\u00df"},  # its upper case is SS, South Sudan
        {"country": "\ufb01"},  # its upper case is FI, Finland
        {"locale": "-"},
        {"birthDate": "0001-01-01"},
        {"birthDate": "1899-12-31"},
        {"birthDate": "86400"},
        {"birthDate": 86400},
        {"birthDate": "1990-02-03T00:00:00Z"},
    ],
)
def test_values_that_break_a_rule_and_unknown_fields_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProfileRequest.model_validate(wrong)
