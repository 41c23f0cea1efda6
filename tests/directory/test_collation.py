"""Names are sorted as UTS #10 says, whatever their script and normal form."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.directory.collation import SORTED_CHARACTERS, sort_keys
from tests.directory.alphabet import collate

NAMES = st.text(" _'%09anzANZéÉôåÅöÖßøØłŁ\u03a3\u03c3\u03c2\u03ca", max_size=8)


@pytest.mark.parametrize(
    "names",
    [
        # UTS #10, section 1.1: accents count after all letters, and case after all accents.
        ["cote", "coté", "côte", "côté"],
        ["role", "roles", "rule"],
        ["role", "Role", "rôle", "roles"],
        ["a", "A", "á", "ab"],
        # CLDR, root: letters with a stroke and ligatures are with their base letters.
        ["Lodz", "Łódź", "Lodzer"],
        ["Oster", "Øster", "Ostes", "Ozu"],
        ["Strasse", "Straße", "Strassf"],
        ["Aerø", "Ærø", "aerp", "af"],
        # Spaces before punctuation, digits, Latin, Greek, Cyrillic, Hebrew, Arabic, Han.
        ["Jo An", "Jo'an", "Jo1", "Joan"],
        ["zz", "Ωρα", "Яна", "אבי", "علي", "かな", "一"],
        ["Ольга", "ольха"],
        ["さとう", "サトウ", "ざとう"],
    ],
)
def test_names_are_in_the_order_of_the_unicode_collation_algorithm(names: list[str]) -> None:
    keys = sort_keys(names)
    assert sorted(keys) == keys


@given(one=NAMES, other=NAMES)
def test_keys_compare_as_the_algorithm_does_without_a_library(one: str, other: str) -> None:
    first, second = sort_keys([one, other])
    assert (first < second) == (collate(one) < collate(other))
    assert (first == second) == (collate(one) == collate(other))


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_keys_are_short_printable_and_the_same_in_each_normal_form(name: str) -> None:
    composed, decomposed = sort_keys([unicodedata.normalize(form, name) for form in ("NFC", "NFD")])
    assert composed == decomposed
    assert len(composed) <= SORTED_CHARACTERS
    assert all(" " < each <= "\u011f" for each in composed)


def test_keys_are_returned_in_the_order_of_the_texts() -> None:
    names = [f"Name {number:04}" for number in range(3000)]
    keys = sort_keys(names)
    assert sorted(keys) == keys
    assert len(set(keys)) == len(names)
    assert sort_keys([]) == []
