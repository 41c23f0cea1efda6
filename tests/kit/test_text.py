"""User-entered text is normalized and hides nothing."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollcall.kit.text import (
    COMPOSED_OF,
    JOINERS,
    Line,
    Text,
    check_line,
    check_text,
    fold,
    name_key,
    without_invisible,
)

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@pytest.mark.parametrize("check", [check_line, check_text])
@given(value=st.text())
def test_no_control_or_invisible_character_survives(
    check: Callable[[str], str], value: str
) -> None:
    try:
        text = check(value)
    except ValueError:
        return
    shown = re.sub(f"[\n{JOINERS}]", "", text)
    assert not [each for each in shown if unicodedata.category(each) in HIDDEN]
    assert check is check_text or "\n" not in text


def test_accents_are_normalized() -> None:
    assert check_line(" Zoe\u0308 ") == "Zo\u00eb"


def test_length_is_that_of_what_is_stored() -> None:
    assert len(TypeAdapter(Line).validate_python("e\u0301" * 200)) == 200
    for too_long in ("x" * 201, "\u0958" * 150):  # the second is two characters each in NFC
        with pytest.raises(ValidationError):
            TypeAdapter(Line).validate_python(too_long)


@pytest.mark.parametrize(
    ("kind", "written", "stored"),
    [(Line, "\u1f82", 200), (Text, "\u1f82", 2000)],
)
def test_text_that_nfc_shortens_to_the_limit_is_accepted_and_a_longer_one_is_not(
    kind: Any, written: str, stored: int
) -> None:
    decomposed = unicodedata.normalize("NFD", written)
    assert len(decomposed) == COMPOSED_OF
    assert TypeAdapter(kind).validate_python(decomposed * stored) == written * stored
    with pytest.raises(ValidationError, match="at most"):
        TypeAdapter(kind).validate_python(decomposed * stored + "x")


@pytest.mark.parametrize(("kind", "at_most"), [(Line, 200), (Text, 2000)])
@given(
    marks=st.lists(st.characters(categories=["Mn"]), min_size=1, max_size=4),
    doublings=st.integers(min_value=0, max_value=16),
)
@example(marks=["\u0f71", "\u0f72"], doublings=16)
def test_no_long_text_reaches_the_normalization_whose_cost_is_quadratic(
    kind: Any, at_most: int, marks: list[str], doublings: int
) -> None:
    text, normalized = "".join(marks) * 2**doublings, []

    def count(form: Any, value: str) -> str:
        normalized.append(len(value))
        return normalize(form, value)

    normalize = unicodedata.normalize
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unicodedata, "normalize", count)
        with suppress(ValidationError):
            TypeAdapter(kind).validate_python(text)
    assert sum(normalized) <= COMPOSED_OF * at_most


LETTERS = st.characters(categories=["Lu", "Ll", "Lo"]).filter(
    lambda each: accepted(each) is not None
)
MARKS = st.characters(categories=["Mn", "Mc", "Me"])
UNSEEN = re.compile(
    "FILLER|JOINER|INVISIBLE|INHERENT|VARIATION SELECTOR|BRAILLE PATTERN BLANK|NULL NOTEHEAD"
)
"""What the names of characters that show nothing have in common."""
BLANK = "\u034f\u115f\u1160\u17b4\u2065\u2800\u3164\uffa0\U000e0020\u00ad\u2060"


def accepted(text: str) -> str | None:
    """The line as it is stored; None when it is refused."""
    try:
        return check_line(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "name",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a ZWNJ
        "\u06f2\u06f0\u200c\u0627\u0645",  # a Persian ordinal number
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala "sri", with a ZWJ
        "\u0915\u094d\u200d\u0937",  # Devanagari, a half form
        "\u0d05\u0d35\u0d28\u0d4d\u200d",  # Malayalam, a chillu at the end
        "\u09b0\u200d\u09cd\u09af\u09be",  # Bengali, ra and ya-phalaa
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family
        "\U0001f469\U0001f3fd\u200d\U0001f4bb Ada",  # with a skin tone
        "\u2764\ufe0f\u200d\U0001f525",  # a heart on fire, with a variation selector
        "\U0001f642\u200d\u2194\ufe0f",  # a head that shakes, with an arrow of category Sm
        "1\ufe0f\u20e3",  # a keycap
        "\u845b\U000e0100\u57ce",  # an ideographic variation sequence
        "\u182e\u1823\u1829\u182d\u180b",  # Mongolian, with a free variation selector
        "-",
    ],
)
def test_joiners_and_selectors_are_accepted_where_they_have_an_effect(name: str) -> None:
    assert check_line(name) == name
    assert check_text(name) == name


@given(before=LETTERS, joiner=st.sampled_from(JOINERS), after=LETTERS)
def test_joiners_are_accepted_between_letters_and_nowhere_else(
    before: str, joiner: str, after: str
) -> None:
    assert accepted(f"{before}{joiner}{after}") == unicodedata.normalize(
        "NFC", f"{before}{joiner}{after}"
    )
    for elsewhere in (
        joiner + after,
        before + joiner,
        f"{before} {joiner}{after}",
        f"{before}{joiner} {after}",
        f"{before}{joiner}{joiner}{after}",
    ):
        assert accepted(elsewhere) is None


def test_no_character_that_shows_nothing_is_a_name() -> None:
    unseen = [
        each
        for each in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(each)[0] != "P"  # fillers of gaps and lines are visible
        and (UNSEEN.search(unicodedata.name(each, "")) or unicodedata.category(each) in HIDDEN)
    ]
    assert {"\u3164", "\u2800", "\u115f", "\u034f", "\ufe0f", "\u200d"} <= set(unseen)
    assert [each for each in unseen if accepted(each) is not None] == []


@given(
    hidden=st.sampled_from(BLANK),
    before=LETTERS,
    after=LETTERS,
)
def test_no_character_that_shows_nothing_is_part_of_a_name(
    hidden: str, before: str, after: str
) -> None:
    for name in (hidden + after, before + hidden, before + hidden + after):
        assert accepted(name) is None


@given(marks=st.lists(MARKS | st.sampled_from(JOINERS + " \u3000"), min_size=1).map("".join))
def test_name_of_marks_and_spaces_alone_is_refused(marks: str) -> None:
    assert accepted(marks) is None


@given(name=st.text(), space=st.sampled_from("\u00a0\u2003\u2009\u202f\u205f\u3000"))
def test_names_that_differ_only_in_spaces_normalization_and_joiners_are_the_same(
    name: str, space: str
) -> None:
    key = name_key(name)
    assert name_key(key) == key
    assert name_key(unicodedata.normalize("NFD", name)) == key
    assert name_key(name.replace(" ", space + space)) == key
    assert name_key(f"A{name}") == name_key(f"a{name}")


def test_unique_names_are_compared_as_they_look() -> None:
    assert name_key("Sales\u3000 Team") == name_key("sales team") != name_key("salesteam")
    assert name_key("\u0645\u06cc\u200c\u062e") == name_key("\u0645\u06cc\u062e")
    assert name_key("STRASSE") == name_key("Stra\u00dfe")


@given(text=st.text())
def test_texts_that_differ_only_in_case_and_normal_form_are_folded_to_one(text: str) -> None:
    """Canonical caseless matching (The Unicode Standard, D145)."""
    form = fold(text)
    assert fold(form) == form == unicodedata.normalize("NFC", form)
    for written in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(written, text)) == form
        assert fold(unicodedata.normalize(written, text.casefold())) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("STRASSE", "straße"),
        ("STRASSE", "STRA\u1e9eE"),
        (
            "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3",
            "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
        ),
        ("\u0130", "i\u0307"),
        ("Jose\u0301", "JOSÉ"),
        ("\ufb01nn", "FINN"),
        ("\u212a", "k"),
        ("\u13a0", "\uab70"),
        ("\u1fb3", "\u03b1\u03b9"),
    ],
)
def test_full_case_folding_makes_one_of_what_has_several_spellings(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("\u0131", "i"), ("é", "e"), ("a\u200bb", "ab")])
def test_folding_keeps_letters_and_accents_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(text=st.text())
def test_invisible_characters_are_taken_out_and_nothing_else(text: str) -> None:
    kept = without_invisible(text)
    assert without_invisible(kept) == kept
    assert without_invisible(f"a\u200d{text}\ufe0f\u3164b") == f"a{kept}b"


def test_text_may_have_several_lines() -> None:
    assert TypeAdapter(Text).validate_python("\n one \n\n two \n") == "one\n\ntwo"
