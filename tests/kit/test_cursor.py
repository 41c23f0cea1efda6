"""Cursors belong to one caller and one list, expire, and cannot be forged or altered (I19)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rollcall.directory.collation import sort_keys
from rollcall.kit.cursor import LIFETIME, CursorKey, Cursors, Position
from rollcall.kit.entity import Item, Key
from rollcall.kit.errors import Malformed
from rollcall.kit.key_rotation import ROTATED_AFTER, rotate_keys
from rollcall.kit.paging import ListRequest
from tests.world.aws_edge import watched
from tests.world.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
PLACE = CursorKey.key()
MAC_BYTES = 16
TEXTS = st.text(st.characters(codec="utf-8"), max_size=50)
POSITIONS = st.builds(
    Position,
    page=st.integers(1, 10**9),
    after=st.dictionaries(st.sampled_from(["pk", "sk", "gsi1pk", "gsi1sk"]), TEXTS),
)


class StoredKey:
    """A table that contains only one key."""

    def get_item(self, key: Key) -> Item:
        """The key."""
        assert key == PLACE
        return {"secret": "5e" * 32}


def make_cursors(table: Any = None) -> Cursors:
    one: Any = table or StoredKey()
    return Cursors(one)


CURSORS = make_cursors()


def code_of(read: Callable[[], Position]) -> str:
    with pytest.raises(Malformed) as refused:
        read()
    return refused.value.code


@given(position=POSITIONS, bound=TEXTS)
def test_position_comes_back(position: Position, bound: str) -> None:
    cursor = CURSORS.write(position, bound, NOW)
    assert CURSORS.read(cursor, bound, NOW) == position
    assert cursor.replace("-", "").replace("_", "").isalnum(), "it stands in a query as it is"


@given(position=POSITIONS, bound=TEXTS, other=TEXTS)
def test_cursor_of_another_list_or_caller_is_refused(
    position: Position, bound: str, other: str
) -> None:
    assume(bound != other)
    cursor = CURSORS.write(position, bound, NOW)
    assert code_of(lambda: CURSORS.read(cursor, other, NOW)) == "cursor_invalid"


@given(data=st.data(), position=POSITIONS)
def test_any_other_text_than_the_cursor_is_refused(data: st.DataObject, position: Position) -> None:
    cursor = CURSORS.write(position, "list", NOW)
    start = data.draw(st.integers(0, len(cursor)))
    end = data.draw(st.integers(start, min(len(cursor), start + 4)))
    put = data.draw(st.text(st.sampled_from("AZaz09-_+/=! \n\x00ä%"), max_size=4))
    altered = cursor[:start] + put + cursor[end:]
    assume(altered != cursor)
    assert code_of(lambda: CURSORS.read(altered, "list", NOW)) == "cursor_invalid"


@pytest.mark.parametrize("length", range(3), ids=lambda each: f"{each} over a whole group")
def test_other_ways_to_write_the_same_bytes_are_refused(length: int) -> None:
    """Unused trailing bits, padding, unknown characters and the other base64 alphabet."""
    cursor = CURSORS.write(Position(1, {"pk": "x" * (9 + length)}), "list", NOW)
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = {cursor[:-1] + each for each in alphabet} - {cursor}
    same = [o for o in others if urlsafe_b64decode(o + "=" * (-len(o) % 4)) == raw]
    assert bool(same) is bool(len(cursor) % 4)

    for other in (*same, f"{cursor}=", f"{cursor}==", f"!{cursor}", f"{cursor} ", f"\n{cursor}"):
        assert code_of(partial(CURSORS.read, other, "list", NOW)) == "cursor_invalid"


@given(
    nonsense=st.text() | st.binary(max_size=200).map(lambda raw: urlsafe_b64encode(raw).decode())
)
def test_nonsense_is_refused(nonsense: str) -> None:
    assert code_of(lambda: CURSORS.read(nonsense, "list", NOW)) == "cursor_invalid"


def test_every_truncation_is_refused() -> None:
    cursor = CURSORS.write(Position(2, {"pk": "GROUP#1"}), "list", NOW)
    for length in range(len(cursor)):
        assert code_of(partial(CURSORS.read, cursor[:length], "list", NOW)) == "cursor_invalid"


def test_content_under_another_signature_is_refused() -> None:
    one = CURSORS.write(Position(1, {"pk": "A"}), "list", NOW)
    other = CURSORS.write(Position(2, {"pk": "B"}), "list", NOW)
    raws = [urlsafe_b64decode(each + "=" * (-len(each) % 4)) for each in (one, other)]
    spliced = urlsafe_b64encode(raws[0][:MAC_BYTES] + raws[1][MAC_BYTES:]).decode().rstrip("=")
    assert code_of(lambda: CURSORS.read(spliced, "list", NOW)) == "cursor_invalid"


def test_content_and_binding_of_a_cursor_cannot_be_shifted() -> None:
    cursor = CURSORS.write(Position(1, {"pk": "A"}), "list", NOW)
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    longer = urlsafe_b64encode(raw + b" ").decode().rstrip("=")
    assert code_of(lambda: CURSORS.read(longer, "list", NOW)) == "cursor_invalid"
    assert code_of(lambda: CURSORS.read(cursor, "lis", NOW)) == "cursor_invalid"


def test_cursor_signed_with_another_key_is_refused() -> None:
    class OtherKey:
        def get_item(self, _: Key) -> Item:
            return {"secret": "5f" * 32}

    cursor = make_cursors(OtherKey()).write(Position(1, {}), "list", NOW)
    assert code_of(lambda: CURSORS.read(cursor, "list", NOW)) == "cursor_invalid"


def test_cursor_expires_after_a_day_and_cannot_be_extended() -> None:
    cursor = CURSORS.write(Position(1, {}), "list", NOW)
    assert CURSORS.read(cursor, "list", NOW + LIFETIME)
    late = NOW + LIFETIME + timedelta(seconds=1)
    assert code_of(lambda: CURSORS.read(cursor, "list", late)) == "cursor_expired"

    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place in range(MAC_BYTES, MAC_BYTES + 12):  # where the expiry is
        forged = bytearray(raw)
        forged[place] ^= 1
        text = urlsafe_b64encode(forged).decode().rstrip("=")
        assert code_of(partial(CURSORS.read, text, "list", late)) == "cursor_invalid"


@pytest.mark.parametrize("letter", ['"', "x", "é", "日", "🏳"])
def test_cursor_with_the_longest_sort_key_fits_into_a_request(letter: str) -> None:
    key = letter * (1024 // len(letter.encode()))
    after = {"pk": "USER#" + "x" * 60, "sk": "y" * 60, "gsi1pk": "z" * 60, "gsi1sk": key}
    cursor = CURSORS.write(Position(10**6, after), "list", NOW)
    assert ListRequest(cursor=cursor).cursor == cursor


@given(
    name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=200)
    | st.characters(codec="utf-8", exclude_categories=["Cc"]).map(lambda each: each * 200)
)
def test_every_cursor_of_a_name_is_short_and_accepted(name: str) -> None:
    after = {"value": sort_keys([name])[0], "id": f"usr_{'0' * 26}"}
    position = Position(10**6, after)
    cursor = CURSORS.write(position, "list", NOW)
    assert len(cursor) < 1_500
    assert ListRequest(cursor=cursor).cursor == cursor
    assert CURSORS.read(cursor, "list", NOW) == position


def test_cursor_survives_one_rotation_of_the_key_and_not_two(world: World) -> None:
    keys, position = world.runtime.keys, Position(3, {"pk": "A"})
    cursor = Cursors(keys).write(position, "list", NOW)
    other_process = Cursors(keys)
    with watched(world.aws) as seen:
        for _ in range(3):
            assert other_process.read(cursor, "list", NOW) == position
    assert [call.operation for call in seen] == ["GetItem"], "read once in a process"

    for survives in (True, False):
        world.clock.advance(days=ROTATED_AFTER.days)
        rotate_keys(keys, world.clock.now)
        read = partial(Cursors(keys).read, cursor, "list", NOW)
        if survives:
            assert read() == position
        else:
            assert code_of(read) == "cursor_invalid"


def test_process_reads_cursors_that_were_written_after_a_rotation(world: World) -> None:
    keys, position = world.runtime.keys, Position(3, {"pk": "A"})
    older = Cursors(keys)
    assert older.read(older.write(position, "list", NOW), "list", NOW) == position
    world.clock.advance(days=ROTATED_AFTER.days)
    rotate_keys(keys, world.clock.now)
    assert older.read(Cursors(keys).write(position, "list", NOW), "list", NOW) == position


@given(page=st.integers(1, 10**6), name=st.text(st.characters(codec="utf-8"), min_size=4))
def test_neither_key_nor_position_can_be_read_in_a_cursor(page: int, name: str) -> None:
    cursor = CURSORS.write(Position(page, {"gsi1sk": name}), "list", NOW)
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for secret in (name.encode(), b"gsi1sk", b"5e5e", bytes.fromhex("5e" * 32)):
        assert secret not in raw
    other = CURSORS.write(Position(page, {"gsi1sk": name + "x"}), "list", NOW)
    other_raw = urlsafe_b64decode(other + "=" * (-len(other) % 4))
    same = sum(one == another for one, another in zip(raw, other_raw, strict=False))
    assert same < len(raw) / 4, "alike contents are nothing alike in encrypted form"


def test_length_of_a_cursor_tells_little_about_the_length_of_a_name() -> None:
    cursors = [CURSORS.write(Position(1, {"sk": "x" * n}), "list", NOW) for n in range(90)]
    assert len({len(each) for each in cursors}) == 1
