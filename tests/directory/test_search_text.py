"""What a search compares: base letters, digits of phone numbers, and both forms of a domain."""

from __future__ import annotations

import unicodedata
from collections import defaultdict

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.directory.conditions import KnownFacts, compile_condition
from rollcall.directory.expressions import TextSearch
from rollcall.directory.search_text import Sought, base_form, join_searched, read_search
from tests.directory.population import NOW, make_row, open_database, select_where

WRITTEN = st.text(st.characters(codec="utf-8"), max_size=30)
INVISIBLE = (
    "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202e\u2066\u2069\u00ad\u061c\u034f\ufe0f"
)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("ZÜRICH", "zurich"),
        ("Zu\u0308rich", "zurich"),
        ("Łódź", "lodz"),
        ("Đorđe Ħ Ŧ", "dorde h t"),
        ("Ærø Œuvre", "aero oeuvre"),
        ("Weiß STRASSE ẞ", "weiss strasse ss"),
        ("İstanbul I\u015f\u0131k", "istanbul isik"),
        ("Þór Guðrún", "thor gudrun"),
        ("Nguyễn", "nguyen"),
        ("\uff21\uff4e\uff4e \ufb01n", "ann fin"),
        ("O\u2019Brien O\u02bcBrien O\u2018Brien O`Brien O\u00b4Brien", " ".join(["o'brien"] * 5)),
        ("Jean\u2010Luc Jean\u2011Luc Jean\u2013Luc Jean\u2212Luc", " ".join(["jean-luc"] * 4)),
        ("\u0661\u0662\u0663 \u06f4 \u096b", "123 4 5"),
        ("Σίσυφος ΣΊΣΥΦΟΣ", "σισυφοσ σισυφοσ"),
        ("Артём Ґалаґан", "артем галаган"),
        ("\u30ab\u30bf\u30ab\u30ca \uff76\uff85", "\u304b\u305f\u304b\u306a \u304b\u306a"),
        ("김민수", "김민수"),
        ("\u0645\u064f\u062d\u0645\u0651\u062f", "\u0645\u062d\u0645\u062f"),
        ("\u05d0\u05d1\u05e8\u05d4\u05dd", "\u05d0\u05d1\u05e8\u05d4\u05de"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"),
        ("\u0e17\u0e35\u0e48", "\u0e17\u0e35"),
    ],
)
def test_base_form_is_what_is_left_without_case_accents_and_width(written: str, form: str) -> None:
    assert base_form(written) == unicodedata.normalize("NFC", form)


@given(text=WRITTEN, place=st.integers(0, 30), hidden=st.sampled_from(INVISIBLE))
def test_base_form_is_the_same_however_a_text_is_written(
    text: str, place: int, hidden: str
) -> None:
    form = base_form(text)
    assert base_form(form) == form
    for written in ("NFC", "NFD"):
        assert base_form(unicodedata.normalize(written, text)) == form
    assert base_form(text[:place] + hidden + text[place:]) == form
    assert base_form(text.casefold()) == form


IN_USE = [*range(0xC0, 0x250), *range(0x370, 0x530), *range(0x5D0, 0x5F0), *range(0x1E00, 0x2000)]
"""The letters of living languages in Latin, Greek, Cyrillic and Hebrew."""
KANA = range(0x3041, 0x30FB)
WITH_ANOTHER = "\u013f\u0140\u037a"
"""Characters that stand for two: L and a middle dot, a space and an iota."""


def test_letters_that_are_equal_at_the_primary_strength_of_uts_10_have_one_form() -> None:
    """Compared with the root collation of ICU."""
    letters = [each for each in map(chr, (*IN_USE, *KANA)) if each.isalpha()]
    letters = [each for each in letters if each not in WITH_ANOTHER]
    sql = "SELECT icu_sort_key(unnest(?::VARCHAR[]), 'root')"
    found = duckdb.execute(sql, [letters]).fetchall()
    same: dict[bytes, set[str]] = defaultdict(set)
    for letter, (key,) in zip(letters, found, strict=True):
        same[bytes.fromhex(key).partition(b"\x01")[0]].add(letter)
    different = {
        each for each in map(frozenset, same.values()) if len(set(map(base_form, each))) > 1
    }
    assert len(letters) > 1000
    assert max(map(len, same.values())) > 20
    assert not different


def test_form_of_a_character_is_its_own_form() -> None:
    """All characters with a name of their own, of the first two planes."""
    named = [each for each in map(chr, range(0x20000)) if unicodedata.name(each, "")]
    numbered = ("CJK UNIFIED IDEOGRAPH", "HANGUL SYLLABLE", "TANGUT IDEOGRAPH")
    tried = [each for each in named if not unicodedata.name(each).startswith(numbered)]
    assert len(tried) > 30_000
    assert [each for each in tried if base_form(base_form(each)) != base_form(each)] == []


def test_searched_values_are_lines_and_a_domain_has_both_forms() -> None:
    searched = join_searched(["Zoë Weiß", "zoe@xn--mnchen-3ya.example", None, "+49151", ""])
    assert searched.split("\n") == [
        "zoe weiss",
        "zoe@xn--mnchen-3ya.example",
        "zoe@munchen.example",
        "+49151",
    ]
    assert join_searched(["a@xn--0.example"]) == "a@xn--0.example", "is no domain in Unicode"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("Zoë  WEISS", [Sought(("zoe",)), Sought(("weiss",))]),
        ("u-77 77", [Sought(("u-77",)), Sought(("77",))]),
        ("0151 123", [Sought(("0151", "123"), "151123")]),
        ("+49 (151) 12-3", [Sought(("+49", "(151)", "12-3"), "49151123")]),
        ("0049 151/12.3", [Sought(("0049", "151/12.3"), "49151123")]),
        ("+49 (0)151 123", [Sought(("+49", "(0)151", "123"), "49151123")]),
        ("ann 0151 12 b", [Sought(("ann",)), Sought(("0151", "12"), "15112"), Sought(("b",))]),
        ("- (", [Sought(("-",)), Sought(("(",))]),
    ],
)
def test_search_is_read_as_words_and_phone_numbers(text: str, parts: list[Sought]) -> None:
    assert list(read_search(text)) == parts


ROW = make_row(
    "usr_1",
    name="Zoë O\u2019Hara\u200d-Weiß",
    email="zoe@xn--mnchen-3ya.example",
    phone="+4915112345678",
    unique_id="EMP-0042",
)
DATABASE = open_database([ROW, make_row("usr_2", name="Ann", phone="+4989123")])


@pytest.mark.parametrize(
    "text",
    [
        "zoe",
        "ZOE\u0308",
        "\u202ezo\u00eb\u200b",
        "o'hara",
        "O`Hara zoe",
        "hara\u2010weiss",
        "münchen",
        "MU\u0308NCHEN.example",
        "zoe@münchen.example",
        "zoe@XN--MNCHEN-3YA.example",
        "0151 123",
        "0151/1234567-8",
        "+49 (151) 12-3",
        "+49 (0)151 12345678",
        "0049 151 12345678",
        "zoe 0151 12 34",
        "\u0660\u0661\u0665\u0661 123",
        "5678",
        "emp-0042",
        "0042",
    ],
)
def test_search_finds_the_user_however_it_is_written(text: str) -> None:
    assert _search(text) == ["usr_1"]


@pytest.mark.parametrize(
    "text", ["zoa", "0152 123", "12345678 777", "emp-42", "munchen.org", "345 999"]
)
def test_search_finds_nobody_who_has_something_else(text: str) -> None:
    assert _search(text) == []


def _search(text: str) -> list[str]:
    return select_where(DATABASE, compile_condition(TextSearch(text), KnownFacts({}, NOW)))
