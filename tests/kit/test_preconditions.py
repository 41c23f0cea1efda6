"""``If-Match`` and ``If-None-Match`` (RFC 9110 section 13.1)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rollcall.grants.group import Group
from rollcall.kit.errors import Malformed, Stale
from rollcall.kit.preconditions import UNCONDITIONAL, EntityTags, Preconditions
from tests.world.clock import START

OPAQUE = st.text(st.characters(codec="latin-1", exclude_characters='"\x7f', min_codepoint=0x21))
SPACE = st.text(" \t", max_size=2)


def group(version: int) -> Group:
    return Group(id="grp_1", name="x", version=version, created_at=START, updated_at=START)


def read(value: str) -> EntityTags:
    tags = EntityTags.read("If-Match", value)
    assert tags is not None
    return tags


@given(tags=st.lists(st.tuples(st.booleans(), OPAQUE), min_size=1, max_size=5), data=st.data())
def test_every_list_of_entity_tags_is_read(
    tags: list[tuple[bool, str]], data: st.DataObject
) -> None:
    written = [f'{"W/" * weak}"{opaque}"' for weak, opaque in tags]
    separator = data.draw(SPACE) + "," + data.draw(st.text(" ,\t", max_size=3))
    found = read(data.draw(SPACE) + separator.join(written) + data.draw(SPACE))
    assert found.strong == {opaque for weak, opaque in tags if not weak}
    assert found.weak == {opaque for weak, opaque in tags if weak}


@pytest.mark.parametrize(
    "value",
    ["", " ", ",", "3", '"3', '3"', '"1" "2"', '"1";"2"', 'w/"3"', "W/3", '*, "3"', '"a b"',
     '"3""4"', "**", "'3'", '"3"x'],
)  # fmt: skip
def test_anything_else_is_malformed(value: str) -> None:
    with pytest.raises(Malformed, match="If-Match must be") as refused:
        EntityTags.read("If-Match", value)
    assert refused.value.code == "bad_entity_tag"


@given(value=st.text())
@example('"' * 20_000)
@example('"1",' * 20_000 + "x")
@example(", " * 20_000 + "x")
def test_any_text_is_read_or_malformed(value: str) -> None:
    with suppress(Malformed):
        read(value)


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ('"3"', True),
        ('"2", "3"', True),
        ('"3-0123456789abcdef"', True),
        ("*", True),
        ('W/"3"', False),
        ('"2", W/"3"', False),
        ('"4"', False),
        ('"03"', False),
        ('"03x"', False),
        ('"x"', False),
        ('"' + "9" * 5000 + '"', False),
    ],
)
def test_if_match_needs_a_strong_tag_of_the_version(value: str, holds: bool) -> None:
    conditions = Preconditions(if_match=read(value))
    if holds:
        conditions.check(group(3))
    else:
        with pytest.raises(Stale, match="The group is at version 3") as refused:
            conditions.check(group(3))
        assert refused.value.code == "stale_version"


@pytest.mark.parametrize("value", ['"3"', "*"])
def test_if_match_does_not_hold_for_what_does_not_exist(value: str) -> None:
    with pytest.raises(Stale, match="without If-Match"):
        Preconditions(if_match=read(value)).check(None)


@pytest.mark.parametrize(
    ("value", "version", "holds"),
    [("*", None, True), ("*", 3, False), ("*", 0, True), ('"3"', 3, False), ('"2"', 3, True)],
)
def test_if_none_match_rules_out_what_exists(value: str, version: int | None, holds: bool) -> None:
    conditions = Preconditions(if_none_match=read(value))
    entity = None if version is None else group(version)
    if holds:
        conditions.check(entity)
    else:
        with pytest.raises(Stale) as refused:
            conditions.check(entity)
        assert refused.value.code == "already_exists"


def test_without_headers_there_are_no_conditions() -> None:
    assert EntityTags.read("If-Match", None) is None
    for entity in (None, group(1)):
        UNCONDITIONAL.check(entity)


def test_read_compares_weakly() -> None:
    assert read('W/"3"').has('"3"')
    assert read('"3-ab"').has('"3-ab"')
    assert read("*").has('"3"')
    assert not read('"3"').has('"3-ab"')
