"""Tokens are derived, and verified only by their hash (I14, I17)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.kit.ids import new_id
from rollcall.kit.key_rotation import ROTATED_AFTER, rotate_keys
from rollcall.kit.tokens import Tokens, hash_token, is_token, read_holder
from tests.world.clock import START
from tests.world.world import World

HOLDER = new_id("inv", START)


def test_token_is_deterministic_and_differs_for_each_generation(world: World) -> None:
    tokens = Tokens(world.runtime.keys)
    made = [tokens.derive(HOLDER, generation) for generation in (1, 2, 11)]

    assert [Tokens(world.runtime.keys).derive(HOLDER, each) for each in (1, 2, 11)] == made
    assert len({token.removeprefix(HOLDER) for token in made}) == 3
    assert {read_holder(token) for token in made} == {HOLDER}


def test_token_is_derived_again_after_a_rotation_of_the_key(world: World) -> None:
    keys = world.runtime.keys
    token = Tokens(keys).derive(HOLDER, 1)
    for _ in range(2):
        assert Tokens(keys).derive_again(HOLDER, 1, hash_token(token)) == token
        world.clock.advance(days=ROTATED_AFTER.days)
        rotate_keys(keys, world.clock.now)
    assert Tokens(keys).derive(HOLDER, 1) != token
    with pytest.raises(LookupError, match=HOLDER):
        Tokens(keys).derive_again(HOLDER, 1, hash_token(token))


def test_token_has_256_bits_and_is_not_in_the_table(world: World) -> None:
    token = Tokens(world.runtime.keys).derive(HOLDER, 1)

    assert len(bytes.fromhex(token.removeprefix(f"{HOLDER}_"))) == 32
    assert token.removeprefix(f"{HOLDER}_") not in repr(world.items())


def test_hash_matches_only_its_token(world: World) -> None:
    tokens = Tokens(world.runtime.keys)
    token = tokens.derive(HOLDER, 1)

    assert is_token(token, hash_token(token))
    assert not is_token(tokens.derive(HOLDER, 2), hash_token(token))
    assert not is_token("", hash_token(token))
    assert not is_token(token, "")


@given(st.text(max_size=200))
def test_text_that_is_not_a_token_has_no_holder(text: str) -> None:
    assert read_holder(text) is None


@pytest.mark.parametrize("behind", ["", "0", "\n", " "])
def test_token_has_one_format(behind: str) -> None:
    token = f"{HOLDER}_{'a' * 64}"
    assert read_holder(token + behind) == (None if behind else HOLDER)
    assert read_holder(token.upper()) is None
