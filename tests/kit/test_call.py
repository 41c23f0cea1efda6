"""One call and its commits (I6, I8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollcall.grants.grant import GroupRole
from rollcall.grants.group import Group
from rollcall.kit.actor import Actor
from rollcall.kit.errors import Contended, Stale
from rollcall.kit.idempotency import Idempotency
from rollcall.kit.preconditions import UNCONDITIONAL, EntityTags, Preconditions
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from tests.world.aws_edge import watched
from tests.world.world import World


def read_key(world: World) -> Idempotency:
    table = world.runtime.table
    return Idempotency.read(table, "key-1", actor_id="usr_1", operation="test", sent="{}")


def test_commit_answers_about_the_version_that_it_wrote(world: World) -> None:
    user, call = world.add_user(), world.call()
    changed = user.model_copy(update={"name": "New"})

    answer = call.commit(Change(user, changed), answer=UserAnswer.of)

    assert (answer.version, answer.name) == (2, "New")
    assert [(change.before, change.after.version) for change in call.committed] == [(user, 2)]


def test_change_without_effect_is_not_sent(world: World) -> None:
    user, call = world.add_user(), world.call()
    with watched(world.aws) as seen:
        answer = call.commit(Change(user, user), answer=UserAnswer.of)
    assert (answer.version, seen, call.committed) == (1, [], [])


def test_of_several_changes_only_effective_ones_are_written(world: World) -> None:
    same, other = world.add_user(), world.add_user()
    renamed = other.model_copy(update={"name": "New"})
    answer = world.call().commit(Change(same, same), Change(other, renamed), answer=UserAnswer.of)
    assert (answer.id, answer.version) == (same.id, 1)
    assert (world.user(same.id).version, world.user(other.id).version) == (1, 2)


def if_match(version: int) -> Preconditions:
    return Preconditions(EntityTags(strong=frozenset({str(version)})))


def test_if_match_must_name_the_current_version(world: World) -> None:
    user = world.add_user()
    for version in (0, 2):
        with pytest.raises(Stale, match="is at version 1, but If-Match names another"):
            replace(world.call(), preconditions=if_match(version)).check_version(user)
    replace(world.call(), preconditions=if_match(1)).check_version(user)
    replace(world.call(), preconditions=UNCONDITIONAL).check_version(user)


def test_change_that_is_taken_back_leaves_both_entries(world: World) -> None:
    user = world.add_user(name="Old")
    call = world.call("rename_user")
    call.commit(Change(user, user.model_copy(update={"name": "New"})), answer=UserAnswer.of)
    written = call.committed[0].after

    call.take_back(Change(written, user))

    kept = world.user(user.id)
    assert (kept.name, kept.version) == ("Old", 3)
    assert [(e.action, e.actor.kind) for e in world.journal(user.id)][1:] == [
        ("rename_user", "system"),
        ("rename_user", "system"),
    ]


def test_memberships_are_part_of_the_version(world: World) -> None:
    user = world.add_user()
    group_id = world.add_group("Readers")
    joined = user.with_membership(group_id, GroupRole.MEMBER)
    answer = world.call().commit(Change(user, joined), answer=UserAnswer.of)
    assert (answer.version, answer.groups) == (2, (group_id,))


def test_idempotency_key_and_if_match_do_not_apply_to_a_part(world: World) -> None:
    key = read_key(world)
    whole = replace(world.call(), idempotency=key, preconditions=if_match(7))

    part = whole.part()

    assert part == replace(whole, idempotency=None, preconditions=UNCONDITIONAL)
    assert part.committed is whole.committed


def test_part_uses_the_current_permissions_of_the_caller(world: World) -> None:
    user = world.add_user()

    def reauthorize() -> Actor:
        present = world.user(user.id)
        return Actor(kind="user", id=user.id, witnesses={present.key(): present.version})

    call = replace(world.call(), actor=reauthorize(), reauthorize=reauthorize)
    for name in ("First", "Second"):
        present = world.user(user.id)
        renamed = present.model_copy(update={"name": name})
        call.part().commit(Change(present, renamed), answer=UserAnswer.of)

    assert (world.user(user.id).name, world.user(user.id).version) == ("Second", 3)


def test_rows_of_a_tombstone_are_deleted_with_their_counts(world: World) -> None:
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    user = world.add_user()
    user = world.change_user(user, user.with_membership(group_id).with_membership(other_id))
    rows = {row.key(): row.counts() for row in user.memberships}

    world.call().remove_rows(rows)

    assert world.user(user.id).memberships == ()
    groups = [world.runtime.table.load(Group, each) for each in (group_id, other_id)]
    assert [group.member_count for group in groups] == [0, 0]
    assert len(world.journal(user.id)) == 2, "the version that left them behind has its entry"


def test_no_row_is_deleted_when_one_does_not_exist(world: World) -> None:
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    user = world.add_user()
    user = world.change_user(user, user.with_membership(group_id).with_membership(other_id))
    first, second = user.memberships
    world.call().remove_rows({first.key(): first.counts()})

    with pytest.raises(Contended):
        world.call().remove_rows({row.key(): row.counts() for row in (first, second)})

    assert world.user(user.id).memberships == (second,)
    assert world.runtime.table.load(Group, second.group_id).member_count == 1


def test_deleting_no_rows_sends_nothing(world: World) -> None:
    with watched(world.aws) as seen:
        world.call().remove_rows({})
    assert seen == []


def test_answer_of_work_in_parts_is_stored_for_the_same_call(world: World) -> None:
    user = UserAnswer.of(world.add_user())
    key = read_key(world)
    call = replace(world.call(), idempotency=key)

    call.remember(user)

    stored = read_key(world).recall(world.clock.now)
    assert stored is not None
    assert UserAnswer.model_validate_json(stored) == user
    with pytest.raises(Contended):
        call.remember(user)
    world.clock.advance(days=2)
    replace(world.call(), idempotency=read_key(world)).remember(user)


def test_answer_is_not_stored_for_a_call_without_a_key(world: World) -> None:
    with watched(world.aws) as seen:
        world.call().remember(UserAnswer.of(world.add_user()))
    assert not [call for call in seen if "IDEMPOTENCY#" in str(call.parameters)]


def test_taking_back_an_ineffective_change_does_nothing(world: World) -> None:
    user = world.add_user()
    with watched(world.aws) as seen:
        world.call().take_back(Change(user, user))
    assert seen == []
    assert world.user(user.id) == user
