"""Resource types: the built-in ones, and those of the deployment."""

from __future__ import annotations

import pytest

from rollcall.users.resource_types import BUILT_IN_TYPES, OwnerDeletion, read_types


def test_without_a_setting_there_are_the_built_in_types() -> None:
    assert read_types("") == BUILT_IN_TYPES
    assert BUILT_IN_TYPES["workspace"] is OwnerDeletion.ORPHAN
    others = BUILT_IN_TYPES.keys() - {"workspace"}
    assert {BUILT_IN_TYPES[name] for name in others} == {OwnerDeletion.CASCADE}


def test_setting_adds_types_with_their_rules() -> None:
    added = read_types(" invoice = refuse, draft-2=cascade,photo=orphan, ")
    assert {name: added[name] for name in added.keys() - BUILT_IN_TYPES.keys()} == {
        "invoice": OwnerDeletion.REFUSE,
        "draft-2": OwnerDeletion.CASCADE,
        "photo": OwnerDeletion.ORPHAN,
    }
    assert added.keys() > BUILT_IN_TYPES.keys()


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        ("invoice", "the rule must be one of cascade, orphan, refuse"),
        ("invoice=keep", "the rule must be one of cascade, orphan, refuse"),
        ("invoice=Refuse", "the rule must be one of cascade, orphan, refuse"),
        ("=refuse", "lower-case letters, digits and hyphens"),
        ("Invoice=refuse", "lower-case letters, digits and hyphens"),
        ("type#x=refuse", "lower-case letters, digits and hyphens"),
        (f"{'a' * 41}=refuse", "lower-case letters, digits and hyphens"),
        ("workspace=cascade", "workspace is built in, and its rule cannot be changed"),
        ("persona=cascade", "persona is built in, and its rule cannot be changed"),
        ("invoice=refuse,invoice=cascade", "invoice is configured twice"),
    ],
)
def test_invalid_setting_is_refused_with_a_message(configured: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_types(configured)
