"""Field types: each has one form of a value and no hidden characters (I5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollcall.kit.text import Line, Text, check_line, check_text
from rollcall.users.fields import (
    USERNAME_LENGTH,
    CountryCode,
    Email,
    Phone,
    Profile,
    Username,
    check_phone,
    check_username,
    normalize_email,
)

NORMALIZERS = [normalize_email, check_phone, check_username, check_line, check_text]
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
LOCAL = st.from_regex(r"[a-zA-Z0-9]{1,10}([.+_-][a-zA-Z0-9]{1,10}){0,2}", fullmatch=True)
LABEL = st.from_regex(r"[a-zA-Z0-9äöüßéèœ日本語]{1,10}", fullmatch=True)
ADDRESSES = st.builds(
    lambda local, labels: f"{local}@{'.'.join(labels)}.com",
    LOCAL,
    st.lists(LABEL, min_size=1, max_size=3),
)
ANYTHING = (
    st.text()
    | ADDRESSES
    | st.from_regex(r"\+[1-9][0-9 ().-]{7,18}", fullmatch=True)
    | st.from_regex(r"[A-Za-z0-9._ -]{1,60}", fullmatch=True)
)


def accepted(normalize: Callable[[str], str], value: str) -> str | None:
    """The normalized value; None if it is refused."""
    try:
        return normalize(value)
    except ValueError:
        return None


@pytest.mark.parametrize("normalize", NORMALIZERS, ids=lambda each: each.__name__)
@given(value=ANYTHING)
@example("\u0958 \u212b")
@example("a\n\n")
@example("\n a \n\n b \n")
@example("ＵＳＥＲ＠ｅｘａｍｐｌｅ．ｃｏｍ")  # noqa: RUF001 (full-width letters are what is tested)
def test_accepted_values_are_normalized(normalize: Callable[[str], str], value: str) -> None:
    once = accepted(normalize, value)
    assert once is None or normalize(once) == once


@given(value=ANYTHING)
def test_addresses_are_ascii_and_lower_case(value: str) -> None:
    address = accepted(normalize_email, value) or "none@example.com"
    assert address.isascii()
    assert address == address.lower()
    assert address.count("@") == 1
    assert len(address) <= 254


@given(address=ADDRESSES, shout=st.booleans())
def test_ordinary_addresses_are_accepted_regardless_of_case(address: str, shout: bool) -> None:
    normal = accepted(normalize_email, address)
    written = f" {address.upper() if shout else address.lower()} "
    assert normal is not None
    assert accepted(normalize_email, written) == normal


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Jane.Doe@Example.COM", "jane.doe@example.com"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jane@日本語.jp", "jane@xn--wgv71a119e.jp"),
        ("jane@example。com", "jane@example.com"),
        ("o'hara+news@example.com", "o'hara+news@example.com"),
        ("\uff2aane\uff20example.com", "jane@example.com"),  # full-width J and @
    ],
)
def test_addresses_are_stored_in_one_form(written: str, kept: str) -> None:
    assert normalize_email(written) == kept


@pytest.mark.parametrize(
    "address",
    [
        "",
        "jane",
        "@example.com",
        "jane@",
        "jane@localhost",
        "jane@-example.com",
        "jane@example..com",
        "jane..doe@example.com",
        ".jane@example.com",
        "jane doe@example.com",
        "jane@example.com\nbcc: other@example.com",
        "j\u0430ne@example.com",  # a Cyrillic letter that looks like an a
        "ja\u200bne@example.com",
        '"jane"@example.com',
        "x" * 65 + "@example.com",
        "jane@" + ".".join(["x" * 60] * 5) + ".com",
        "jane@" + "ü" * 70 + ".com",
    ],
)
def test_invalid_addresses_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an email address"):
        normalize_email(address)


@pytest.mark.parametrize(
    ("written", "kept"),
    [("+49 (151) 123-456.78", "+4915112345678"), ("+14155550100", "+14155550100")],
)
def test_phone_numbers_are_e164(written: str, kept: str) -> None:
    assert check_phone(written) == kept


@pytest.mark.parametrize("phone", ["0151 12345678", "+0151", "+1", "+" + "1" * 16, "+49x15112345"])
def test_other_phone_numbers_are_refused(phone: str) -> None:
    with pytest.raises(ValueError, match="with its country code"):
        check_phone(phone)


@pytest.mark.parametrize("name", ["ab", "x" * 51, "jane doe", "jane@home", "jäne", "jane/../x"])
def test_other_usernames_are_refused(name: str) -> None:
    shortest, longest = USERNAME_LENGTH
    with pytest.raises(ValueError, match=f"{shortest} to {longest}"):
        check_username(name)


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "a\u202eb", "a\x00b", "a\nb", "\ue000"])
def test_lines_with_hidden_characters_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="This"):
        check_line(text)


def test_line_breaks_are_normalized() -> None:
    assert check_text("  one \r\n\r\n two\u2028three\n\n") == "one\n\ntwo\nthree"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Line, "x" * 201),
        (Line, "\u0958" * 101),  # NFC makes two characters of each
        (Text, "x" * 2001),
        (Email, "x" * 255),
        (Phone, "+" + "1" * 50),
        (Username, "x" * 61),
        (CountryCode, "DEU"),
    ],
)
def test_too_long_or_malformed_values_are_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_repeated_fields_of_expertise_count_once_and_keep_their_order() -> None:
    assert Profile(expertise=("tea", "maps", "tea")).expertise == ("tea", "maps")


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
        profile = Profile.model_validate(sent)
    except ValidationError:
        return
    stored = profile.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert Profile.model_validate(stored) == profile


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
    ],
)
def test_unknown_profile_fields_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Profile.model_validate(wrong)


@pytest.mark.parametrize("username", ["usr_01m7wh386p7t0552xddm1g5z27", "USR_anything"])
def test_username_cannot_look_like_an_id(username: str) -> None:
    with pytest.raises(ValueError, match="cannot begin with usr_"):
        check_username(username)
