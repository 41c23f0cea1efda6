"""``Idempotency-Key`` (I7, I17)."""

from __future__ import annotations

from functions.groups.create_group import create_group
from functions.users.update_user import update_user
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World


def create(world: World, name: str, *, key: str = "key-1", caller: str = "") -> Reply:
    return world.invoke(
        create_group, caller=caller, body={"name": name}, headers={"Idempotency-Key": key}
    )


def test_repeated_call_has_one_effect_and_one_answer(world: World) -> None:
    first = create(world, "Editors")
    stored = world.stored()

    for _ in range(3):
        assert create(world, "Editors") == first
    assert world.stored() == stored


def test_header_name_may_be_written_in_any_case(world: World) -> None:
    first = create(world, "Editors")
    again = world.invoke(
        create_group, body={"name": "Editors"}, headers={"IDEMPOTENCY-KEY": "key-1"}
    )
    assert again == first


def test_same_key_with_another_body_is_refused_and_has_no_effect(world: World) -> None:
    create(world, "Editors")
    stored = world.stored()

    reply = create(world, "Others")

    assert (reply.status, reply.code, reply.fields) == (422, "invalid", ["Idempotency-Key"])
    assert world.stored() == stored


def test_another_caller_may_use_the_same_key(world: World) -> None:
    other = world.add_user(permissions=(Permission.GROUP_CREATE,))
    first = create(world, "Editors")
    second = create(world, "Others", caller=other.id)
    assert (first.status, second.status) == (201, 201)
    assert first.body["id"] != second.body["id"]


def test_key_of_a_failed_call_can_be_used_again(world: World) -> None:
    world.add_group("Editors")
    assert create(world, "Editors").code == "group_name_taken"
    assert create(world, "Writers").status == 201


def test_key_expires_after_a_day_even_if_its_item_still_exists(world: World) -> None:
    create(world, "Editors")

    world.clock.advance(hours=23, minutes=59)
    assert create(world, "Others").status == 422
    world.clock.advance(minutes=2)
    assert create(world, "Others").status == 201


def test_item_has_an_expiry_and_contains_neither_key_nor_request(world: World) -> None:
    create(world, "Editors", key="a-key-of-the-callers")

    (row,) = (item for item in world.items() if item["pk"].startswith("IDEMPOTENCY#"))
    assert row["expiresAt"] == int(world.clock.now.timestamp()) + 24 * 3600
    assert "a-key-of-the-callers" not in str(row)


def test_answer_of_a_call_without_effect_is_stored_too(world: World) -> None:

    user = world.add_user(name="Same")

    def update(name: str) -> Reply:
        return world.invoke(
            update_user,
            path={"user_id": user.id},
            body={"name": name},
            headers={"Idempotency-Key": "key-1"},
        )

    assert update("Same").body["version"] == 1
    assert update("Other").status == 422
    assert world.user(user.id).name == "Same"
