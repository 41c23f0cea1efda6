"""Request bodies are I-JSON (RFC 7493): each text is read alike by every reader, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.kit.errors import Malformed
from rollcall.kit.json_text import (
    DEPTH_AT_MOST,
    begins_object,
    canonical,
    iterate_values,
    read_integer,
    read_object,
)

TEXTS = st.text(
    st.characters(codec="utf-8").filter(lambda each: (ord(each) & 0xFFFE) != 0xFFFE)
).filter(lambda text: not any("\ufdd0" <= each <= "\ufdef" for each in text))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=15,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)


def refused(sent: str | bytes) -> Malformed:
    with pytest.raises(Malformed) as error:
        read_object(sent)
    assert error.value.code == "malformed_json"
    return error.value


@given(body=OBJECTS, escaped=st.booleans(), mark=st.booleans(), indent=st.sampled_from([None, 2]))
def test_every_object_is_read_however_it_is_written(
    body: dict[str, Any], escaped: bool, mark: bool, indent: int | None
) -> None:
    text = "\ufeff" * mark + json.dumps(body, ensure_ascii=escaped, indent=indent)
    assert read_object(text) == read_object(text.encode()) == body


@pytest.mark.parametrize("empty", ["", " \r\n\t", "\ufeff", "\ufeff {}", b"", b"\xef\xbb\xbf"])
def test_empty_body_is_an_empty_object(empty: str | bytes) -> None:
    assert read_object(empty) == {}


@given(body=st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5), data=st.data())
def test_name_that_is_given_twice_is_refused_at_any_depth(
    body: dict[str, Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(body)))
    members = [f"{json.dumps(key)}: {json.dumps(body[key])}" for key in [*body, name]]
    text = "{" + ", ".join(members) + "}"
    for sent in (text, f'{{"outer": [{text}]}}'):
        error = refused(sent)
        assert "more than once" in error.detail
        assert len(error.errors) == 1


def test_error_about_a_repeated_name_names_it() -> None:
    error = refused('{"a": 1, "profile": {"bio": "x", "\\u0062io": "y"}}')
    assert error.detail == "bio is given more than once in one object. Give it once."
    assert [each.field for each in error.errors] == ["bio"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"name": "x"', "line 1, column 13"),
        ("{'name': 'x'}", "line 1, column 2"),
        ('{\n  "name": "x",\n}', "line 2, column 14"),
        ('{"name": "x"} {}', "line 1, column 15"),
        ('{"name": 01}', "line 1, column 11"),
        ('{"name": "a\nb"}', "line 1, column 12"),
        ('{"name": "\\x"}', "line 1, column 11"),
        ("name=x", "line 1, column 1"),
    ],
)
def test_syntax_error_has_its_place(text: str, place: str) -> None:
    assert place in refused(text).detail


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_number_is_refused(constant: str) -> None:
    assert constant in refused(f'{{"count": [{constant}]}}').detail


@pytest.mark.parametrize("raw", [b'{"name": "\xff"}', '{"name": "Zo\xeb"}'.encode("latin-1")])
def test_bytes_that_are_not_utf_8_are_refused_with_their_place(raw: bytes) -> None:
    assert f"byte {raw.index(max(raw)) + 1}" in refused(raw).detail


@pytest.mark.parametrize(
    "character",
    ["\\ud800", "\\uDFFF", "\\ude00\\ud83d", "\ud83d", "\ufdd0", "\uffff", "\U0001fffe"],
)
@pytest.mark.parametrize(
    ("body", "field"),
    [('{"a": {"b": ["x", "?"]}}', "a.b.1"), ('{"a": {"?": 1}}', None)],
)
def test_surrogates_and_noncharacters_are_refused_with_their_field(
    character: str, body: str, field: str | None
) -> None:
    error = refused(body.replace("?", character))
    assert "RFC 7493" in error.detail
    assert field is None or [each.field for each in error.errors] == [field]


def test_pair_of_surrogates_is_one_character() -> None:
    assert read_object('{"name": "\\ud83d\\ude00 \\\\ud800"}') == {"name": "\U0001f600 \\ud800"}


def nest_lists(depth: int) -> str:
    return "[" * depth + "]" * depth


def nest_objects(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize("nest", [nest_lists, nest_objects])
def test_depth_is_limited(nest: Callable[[int], str]) -> None:
    assert read_object(f'{{"a": {nest(DEPTH_AT_MOST - 1)}}}')
    for depth in (DEPTH_AT_MOST, 1_000, 3_000, 100_000):
        assert "within each other" in refused(f'{{"a": {nest(depth)}}}').detail


@pytest.mark.parametrize("text", ["[]", "null", "1", '"x"', "[{}]"])
def test_other_values_are_not_objects(text: str) -> None:
    assert refused(text).detail == "The body must be a JSON object."


@given(body=OBJECTS, data=st.data())
def test_canonical_text_ignores_the_order_of_names_and_white_space(
    body: dict[str, Any], data: st.DataObject
) -> None:
    names = data.draw(st.permutations(sorted(body)))
    again = read_object(json.dumps({name: body[name] for name in names}, indent=1))
    assert canonical(again) == canonical(body)


def test_canonical_text_depends_on_values_and_the_order_of_lists() -> None:
    assert canonical({"a": [1.0, 1e2]}) == canonical({"a": [1, 100]})
    different = [
        {"a": [1, 2]},
        {"a": [2, 1]},
        {"a": [1, 2.5]},
        {"a": ["1", 2]},
        {"a": [True, 2]},
        {},
    ]
    assert len(set(map(canonical, different))) == len(different)


def test_every_value_has_its_location() -> None:
    found = dict(iterate_values({"a": [1, {"b": None}]}))
    assert found.keys() == {(), ("a",), ("a", 0), ("a", 1), ("a", 1, "b")}


@pytest.mark.parametrize(
    ("sent", "begins"), [("{", True), (b"\xef\xbb\xbf \n{}", True), ("a={", False), (b"", False)]
)
def test_beginning_of_an_object_is_recognized(sent: str | bytes, begins: bool) -> None:
    assert begins_object(sent) is begins


def test_very_long_integers_are_read_as_floats() -> None:
    assert read_integer("12") == 12
    assert isinstance(read_integer("9" * 201), float)


@pytest.mark.parametrize("text", ["3.0", "3e0", "0.3e1", "-0.0", "9007199254740992.0"])
def test_whole_numbers_are_integers_however_they_are_written(text: str) -> None:
    found = read_object(f'{{"a": {text}}}')["a"]
    assert found == float(text)
    assert isinstance(found, int)


@pytest.mark.parametrize("text", ["3.5", "1e-3", "1e16", "1e300", "1e999"])
def test_other_numbers_are_floats(text: str) -> None:
    found = read_object(f'{{"a": {text}}}')["a"]
    assert found == float(text)
    assert isinstance(found, float)
