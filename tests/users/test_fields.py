"""Field types: each has one form of a value and no hidden characters (I5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import idna
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollcall.kit.text import Line, Text, check_line, check_text
from rollcall.users.fields import (
    USERNAME_LENGTH,
    Email,
    Phone,
    Username,
    check_phone,
    check_username,
    is_address,
    normalize_email,
    show_domain,
)

NORMALIZERS = [normalize_email, check_phone, check_username, check_line, check_text]
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
LOCAL = st.from_regex(r"[a-zA-Z0-9]{1,10}([.+_-][a-zA-Z0-9]{1,10}){0,2}", fullmatch=True)
LABEL = st.from_regex(r"[a-zA-Z0-9äöüéèœ日本語]{1,10}", fullmatch=True)
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
        # UTS #46, table of example processing: these differ from IDNA 2003.
        ("jane@faß.de", "jane@xn--fa-hia.de"),
        ("jane@βόλος.com", "jane@xn--nxasmm1c.com"),
        ("jane@ශ්\u200dරී.com", "jane@xn--10cl1a0b660p.com"),
        ("jane@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", "jane@xn--mgba3gch31f060k.com"),
        ("jane@BÜCHER.example", "jane@xn--bcher-kva.example"),
        ("jane@XN--Bcher-KVA.example", "jane@xn--bcher-kva.example"),
        ("jane@xn--bcher-kva.日本語.jp", "jane@xn--bcher-kva.xn--wgv71a119e.jp"),
        ("jane@\uff45xample.com", "jane@example.com"),  # UTS #46 maps full-width letters
        ("jane@163.com", "jane@163.com"),
        ("jane@1.2.3.4.example", "jane@1.2.3.4.example"),
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
        "ﬁnn@example.com",
        "\uff2aane@example.com",  # a full-width J
        "jane\uff20example.com",  # a full-width @
        "\u017fam@example.com",  # a long s, which has the upper case S
        "\u212aim@example.com",  # the Kelvin sign, which has the lower case k
        "jane\u2024doe@example.com",  # one dot leader, NFKC of which is a dot
        "\u3000jane@example.com",
        "jane@127.0.0.1",
        "jane@1.2.3.0x7f",
        "jane@\u0661.\u0662.\u0663.\u0664",
        "jane@[127.0.0.1]",
        "jane@::1",
        "jane@xn--a.com",  # UTS #46: decodes to a control character
        "jane@xn--.com",
        "jane@xn--abc-.com",
        "jane@xn--n3h.com",  # a snowman, which IDNA 2008 disallows
        "jane@☃.com",
        "jane@a\u200cb.com",  # RFC 5892: a joiner between letters that do not join
        "jane@bücher.example.",
        "jane@exa\uff20mple.com",
    ],
)
def test_invalid_addresses_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an email address"):
        normalize_email(address)


@given(address=ADDRESSES)
def test_stored_domain_and_its_unicode_form_are_one_address(address: str) -> None:
    stored = normalize_email(address)
    local, _, domain = stored.partition("@")
    in_unicode = f"{local}@{idna.decode(domain)}"
    assert normalize_email(in_unicode) == normalize_email(in_unicode.upper()) == stored
    assert is_address(in_unicode, stored)
    assert normalize_email(show_domain(stored)) == stored
    assert show_domain(stored) in {stored, in_unicode}


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("jane@xn--bcher-kva.example", "jane@bücher.example"),
        ("jane@a.xn--bcher-kva.example", "jane@a.bücher.example"),
        ("jane@example.com", "jane@example.com"),
        ("jane@xn--0.example", "jane@xn--0.example"),
        ("xn--bcher-kva", "xn--bcher-kva"),
    ],
)
def test_domain_is_shown_in_unicode_if_it_has_such_a_form(stored: str, shown: str) -> None:
    assert show_domain(stored) == shown


@given(
    local=st.text(min_size=1, max_size=64) | st.text("\u212a\u017fkK@. ", min_size=1, max_size=9)
)
def test_what_is_before_the_at_is_stored_as_sent_in_lower_case_or_refused(local: str) -> None:
    address = accepted(normalize_email, f"{local}@example.com")
    assert address in {None, f"{local.strip(' \t\r\n').lower()}@example.com"}
    assert address is None or local.isascii()


@given(
    domain=st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=3).map(".".join)
    | st.from_regex(r"xn--[a-zA-Z0-9-]{1,20}\.com", fullmatch=True)
)
def test_accepted_domains_are_those_of_idna_2008_and_no_two_forms_of_one_are_stored(
    domain: str,
) -> None:
    address = accepted(normalize_email, f"jane@{domain}")
    if address is None:
        return
    stored = address.partition("@")[2]
    assert normalize_email(f"jane@{idna.decode(stored)}") == address
    if any(label.startswith("xn--") for label in stored.split(".")):
        assert idna.encode(idna.decode(stored)).decode() == stored


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+49 (151) 123-456.78", "+4915112345678"),
        ("+14155550100", "+14155550100"),
        (" +1 (415) 555-0100 ", "+14155550100"),
        ("+1 - 415 - 555 - 0100", "+14155550100"),
        ("+(49) 151 12345678", "+4915112345678"),
        ("+49\u00a0151\u00a012345678", "+4915112345678"),
        ("+39 06 698 12345", "+390669812345"),  # ITU-T E.164: Italian numbers keep the zero
        ("+39 (0)6 69812345", "+390669812345"),
        ("+225 07 08 123456", "+2250708123456"),
        ("+420 601 123 456", "+420601123456"),  # a zero inside the country code
        ("+880 1812 345678", "+8801812345678"),
    ],
)
def test_phone_numbers_are_e164(written: str, kept: str) -> None:
    assert check_phone(written) == kept


@pytest.mark.parametrize(
    "phone",
    [
        "+49 (0)151 12345678",
        "+49 (0) 151 12345678",
        "+49 0151 12345678",
        "+49(0151)12345678",
        "+44 (0)20 7946 0958",
        "+33 (0)6 12 34 56 78",
        "+880 01812 345678",
        "+81 090-1234-5678",
    ],
)
def test_trunk_zero_is_refused_because_the_number_with_it_reaches_nobody(phone: str) -> None:
    with pytest.raises(ValueError, match="Leave out the zero"):
        check_phone(phone)


@given(
    groups=st.lists(st.from_regex("[1-9]{2,4}", fullmatch=True), min_size=2, max_size=3),
    separator=st.text("() .-/\n\t\u2028x", min_size=1, max_size=5),
)
def test_digits_are_apart_by_separators_of_one_line_and_one_pair_of_brackets(
    groups: list[str], separator: str
) -> None:
    phone = accepted(check_phone, f"+4915{separator.join(groups)}9")
    assert phone in {None, f"+4915{''.join(groups)}9"}
    if set(separator) - set(" .-"):
        assert phone is None


def test_deciding_on_a_phone_number_takes_no_more_than_a_pass() -> None:
    for heap in ("+" + "1 " * 50_000, "+" + "(1)" * 50_000, "+" + "1" * 100_000 + "("):
        assert accepted(check_phone, heap) is None


@pytest.mark.parametrize(
    "phone",
    [
        "+49 151\n12345678",
        "+49\t15112345678",
        "+49 ((151)) 12345678",
        "+49 ()15112345678",
        "+49 (151 12345678",
        "+49 151) 12345678",
        "+49 (151) (123) 45678",
        "+49 15112345678(",
        "+49 151 12345678 -",
        "++4915112345678",
        "+49 151/12345678",
        "+\uff14\uff19 151 12345678",
    ],
)
def test_phone_numbers_are_written_on_one_line_with_one_pair_of_brackets(phone: str) -> None:
    with pytest.raises(ValueError, match="with its country code"):
        check_phone(phone)


@pytest.mark.parametrize("phone", ["0151 12345678", "+0151", "+1", "+" + "1" * 16, "+49x15112345"])
def test_other_phone_numbers_are_refused(phone: str) -> None:
    with pytest.raises(ValueError, match="with its country code"):
        check_phone(phone)


@pytest.mark.parametrize(
    "name", ["ab", "x" * 51, "jane doe", "jane@home", "jäne", "jane/../x", "\u212aim"]
)
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
    ],
)
def test_too_long_or_malformed_values_are_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize("username", ["usr_01m7wh386p7t0552xddm1g5z27", "USR_anything"])
def test_username_cannot_look_like_an_id(username: str) -> None:
    with pytest.raises(ValueError, match="cannot begin with usr_"):
        check_username(username)
