"""Unique ids by pattern (U13)."""

from __future__ import annotations

import re
from itertools import islice
from string import ascii_letters, digits

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from rollcall.kit.settings import Settings
from rollcall.users.unique_ids import (
    ALPHABETS,
    LOOKED_UP,
    UniqueId,
    generate_unique_ids,
    unique_id_claim,
)
from tests.world.aws_edge import watched
from tests.world.world import World

PATTERNS = st.text(alphabet=f"#?{ascii_letters}{digits}._-", min_size=1, max_size=64).filter(
    lambda pattern: "#" in pattern or "?" in pattern
)


@given(pattern=PATTERNS)
def test_generated_id_matches_its_pattern_and_can_be_assigned(pattern: str) -> None:
    settings = Settings(table_name="people", user_pool_id="pool", unique_id_pattern=pattern)
    classes = {each: f"[{alphabet}]" for each, alphabet in ALPHABETS.items()}
    wanted = "".join(classes.get(each, re.escape(each)) for each in settings.unique_id_pattern)

    generated = next(generate_unique_ids(pattern, table=None))  # type: ignore[arg-type]  # the first reads nothing

    assert re.fullmatch(wanted, generated)
    assert TypeAdapter(UniqueId).validate_python(generated) == generated


def test_letters_do_not_look_like_digits_or_each_other() -> None:
    assert set(ALPHABETS["?"]).isdisjoint("OIL0125SZ8B6GQUV")
    assert len(set(ALPHABETS["?"])) == len(ALPHABETS["?"]) == 16


def test_claims_ignore_only_case() -> None:
    assert unique_id_claim("EMP-1") == unique_id_claim("emp-1")
    assert unique_id_claim("EMP-1") != unique_id_claim("EMP.1")


def test_after_the_first_only_free_ids_are_tried_once_each(world: World) -> None:
    taken = {f"A{digit}" for digit in range(7)}
    for each in taken:
        world.put_claim(unique_id_claim(each))

    tried = list(generate_unique_ids("A#", world.runtime.table))[1:]

    assert sorted(tried) == ["A7", "A8", "A9"]


def test_order_of_ids_does_not_reveal_the_order_of_users(world: World) -> None:
    orders = {tuple(generate_unique_ids("A#", world.runtime.table)) for _ in range(20)}
    assert len(orders) > 1


def test_long_pattern_is_looked_up_in_part_and_a_hundred_at_a_time(world: World) -> None:
    generated = generate_unique_ids("U########", world.runtime.table)
    with watched(world.aws) as seen:
        next(generated)
        assert not seen
        next(generated)
        assert [call.operation for call in seen] == ["BatchGetItem"]
        rest = list(generated)
    assert len(seen) == 10
    assert LOOKED_UP * 0.99 < len(rest) < LOOKED_UP
    assert len(set(islice(rest, 500))) == 500
