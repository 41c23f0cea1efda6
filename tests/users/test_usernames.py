"""Usernames generated from an email address (U1)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rollcall.kit.entity import Claim
from rollcall.users.fields import check_username, normalize_email
from rollcall.users.user import USERNAME
from rollcall.users.usernames import suggest_usernames, username_base
from tests.world.aws_edge import watched
from tests.world.world import World

LOCAL = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}", fullmatch=True)


@given(local=LOCAL)
def test_every_address_gives_a_username_with_room_for_a_number(local: str) -> None:
    address = normalize_email(f"{local}@example.com")
    base = username_base(address)
    assert check_username(base) == base
    assert check_username(f"{base}12345678") == f"{base}12345678"


def test_first_suggestion_takes_no_read(world: World) -> None:
    with watched(world.aws) as seen:
        assert next(suggest_usernames("jane@example.com", world.runtime.table)) == "jane"
    assert seen == []


def test_taken_numbers_are_skipped_with_one_read(world: World) -> None:
    for name in ("jane2", "jane4"):
        world.put_claim(Claim(USERNAME, name))

    with watched(world.aws) as seen:
        names = list(suggest_usernames("jane@example.com", world.runtime.table))

    assert names[:4] == ["jane", "jane3", "jane5", "jane6"]
    assert [call.operation for call in seen] == ["BatchGetItem"]
    assert len(names[-1]) == len("jane") + 8
    assert all(check_username(name) == name for name in names)
