"""``Idempotency-Key`` (I7, I17)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.groups.create_group import create_group
from functions.invitations.accept_invitation import accept_invitation
from functions.registration.register_user import register_user
from functions.registration.verify_registration import verify_registration
from functions.users.delete_user import delete_user
from functions.users.update_user import update_user
from rollcall.grants.permissions import Permission
from rollcall.kit.idempotency import Idempotency, erase_answers
from tests.faults.races import meanwhile
from tests.world.aws_edge import watched
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

    (row,) = (item for item in world.items() if "fingerprint" in item)
    assert row["expiresAt"] == int(world.clock.now.timestamp()) + 24 * 3600
    assert "a-key-of-the-callers" not in str(row)


def rename(world: World, user_id: str, name: str) -> Reply:
    return world.invoke(
        update_user,
        path={"user_id": user_id},
        body={"name": name},
        headers={"Idempotency-Key": "key-1"},
    )


def test_answer_of_a_call_without_effect_is_stored_too(world: World) -> None:
    user = world.add_user(name="Same")

    assert rename(world, user.id, "Same").body["version"] == 1
    assert rename(world, user.id, "Other").status == 422
    assert world.user(user.id).name == "Same"


def fingerprint(world: World, header: str = "key-1", sent: str = "{}") -> str:
    read = Idempotency.read(
        world.runtime.table, header, actor_id="usr_1", operation="test", sent=sent
    )
    return read.fingerprint


def test_fingerprint_depends_on_the_request_the_key_and_a_secret_of_the_table(
    world: World,
) -> None:
    before = fingerprint(world)
    create(world, "Editors")  # stores the secret

    first = fingerprint(world)

    assert first == fingerprint(world)
    assert len({before, first, fingerprint(world, sent="[]"), fingerprint(world, "key-2")}) == 4


def test_secret_and_answer_are_read_and_written_without_a_call_of_their_own(world: World) -> None:
    with watched(world.aws) as plain:
        world.invoke(create_group, body={"name": "Writers"})
    for name in ("Editors", "Readers"):
        with watched(world.aws) as keyed:
            assert create(world, name, key=name).status == 201
        assert len(keyed) == len(plain) + 1
        assert [call.operation for call in keyed].count("BatchGetItem") == 1


def test_concurrent_first_calls_use_one_secret(world: World) -> None:
    with meanwhile(world, "TransactWriteItems", lambda: create(world, "First", key="other")):
        reply = create(world, "Second")

    assert reply.status == 201
    assert create(world, "First", key="other").status == 201
    assert create(world, "Second") == reply
    assert len([item for item in world.items() if "secret" in item and "ID" in item["pk"]]) == 1


def test_keys_of_callers_who_are_not_signed_in_are_separate_by_network(world: World) -> None:
    def register(email: str, source: str) -> Reply:
        headers = {"Idempotency-Key": "1"}
        body = {"email": email}
        return world.invoke(register_user, body=body, headers=headers, source=source)

    first = register("one@example.com", "192.0.2.7")
    world.clock.advance(seconds=1)
    other = register("two@example.com", "198.51.100.1")

    assert (first.status, other.status) == (202, 202)
    assert register("one@example.com", "192.0.2.7") == first
    assert register("two@example.com", "192.0.2.7").fields == ["Idempotency-Key"]
    assert world.users_with_email("two@example.com")


@pytest.mark.parametrize("operation", [accept_invitation, verify_registration])
def test_keys_of_people_with_a_link_are_separate_by_link_wherever_they_retry_from(
    world: World, operation: Any
) -> None:
    def use(token: str, source: str) -> Reply:
        chosen = {"name": "New User", "password": "TempPass123!"}
        in_path = operation is accept_invitation
        return world.invoke(
            operation,
            path={"token": token} if in_path else None,
            body=chosen if in_path else {"token": token, **chosen},
            headers={"Idempotency-Key": "1"},
            source=source,
        )

    add = world.add_invitation if operation is accept_invitation else world.add_registration
    one, two = (world.token_of(add(f"{name}@example.com")) for name in ("one", "two"))

    first = use(one, "192.0.2.7")

    assert first.status == 200
    assert use(two, "192.0.2.7").body["email"] == "two@example.com"
    assert use(one, "198.51.100.1") == first


def test_request_whose_answer_was_erased_with_the_user_is_gone_and_has_no_second_effect(
    world: World,
) -> None:
    user = world.add_user(name="Jane Doe")
    assert rename(world, user.id, "Jane Roe").status == 200
    world.invoke(delete_user, path={"user_id": user.id})
    world.drain()
    stored = world.stored()

    gone = rename(world, user.id, "Jane Roe")

    assert (gone.status, gone.code) == (410, "answer_erased")
    assert rename(world, user.id, "Jane Poe").status == 422
    assert world.stored() == stored


def test_deletion_itself_is_answered_again(world: World) -> None:
    user = world.add_user()

    def delete() -> Reply:
        headers = {"Idempotency-Key": "key-1"}
        return world.invoke(delete_user, path={"user_id": user.id}, headers=headers)

    first = delete()
    world.drain()

    assert first.status == 200
    assert delete() == first


def test_only_answers_about_the_person_are_erased(world: World) -> None:
    user, other = world.add_user(), world.add_user()
    assert rename(world, user.id, "Jane Roe").status == 200
    erase_answers(world.runtime.table, other.id)
    assert rename(world, user.id, "Jane Roe").status == 200
    for _ in range(2):
        erase_answers(world.runtime.table, user.id)
    assert rename(world, user.id, "Jane Roe").status == 410
