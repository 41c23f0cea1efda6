"""Answers include everything that was committed before the request."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.jobs.compact_directory import compact_directory
from functions.jobs.rebuild_directory import rebuild_directory
from rollcall.directory.directory import Directory, open_directory
from rollcall.directory.snapshots import DirectoryState, snapshot_key
from rollcall.kit.call import Call
from rollcall.kit.errors import Contended, Unavailable
from rollcall.kit.transaction import Change
from rollcall.users.user import User
from tests.faults.directory_invariants import shown_users, stored_users
from tests.faults.races import meanwhile
from tests.world.aws_edge import failing, watched
from tests.world.world import World


def open_reader(world: World) -> Directory:
    """The directory as a process of its own opens it."""
    directory = Directory(world.runtime.table, world.runtime.objects)
    directory.refresh(world.clock.now)
    return directory


def state_of(world: World) -> DirectoryState:
    found = DirectoryState.read(world.runtime.table)
    assert found is not None
    return found


def commit(call: Call, before: User | None, after: User) -> None:
    call.commit(Change(before, after), answer=lambda written: written)


def test_call_that_started_long_ago_writes_nothing_that_readers_would_miss(
    world: World,
) -> None:
    user = world.add_user(name="Before")
    call = world.call()
    world.clock.advance(seconds=31)

    with pytest.raises(Contended):
        commit(call, user, user.model_copy(update={"name": "After"}))

    commit(call.part(), user, user.model_copy(update={"name": "After"}))
    assert world.user(user.id).name == "After"


def test_warm_process_reads_what_has_changed_and_no_more(world: World) -> None:
    users = [world.add_user() for _ in range(5)]
    world.build_directory()
    reader = open_reader(world)
    reader.refresh(world.clock.now)
    world.sign_in(users[0].id)

    with watched(world.aws) as seen:
        reader.refresh(world.clock.now)
    read = [each for each in seen if users_partition(each.parameters)]
    assert [users_partition(each.parameters) for each in read] == [f"USER#{users[0].id}"]
    assert not [each for each in seen if each.service == "s3"]

    with watched(world.aws) as seen:
        reader.refresh(world.clock.now)
    assert not [each for each in seen if users_partition(each.parameters)]


def users_partition(parameters: dict[str, object]) -> str:
    values = parameters.get("ExpressionAttributeValues")
    key = values[":pk"]["S"] if isinstance(values, dict) else ""
    return key if key.startswith("USER#") else ""


def test_more_changes_than_one_question_can_wait_for_are_followed_in_several(world: World) -> None:
    world.build_directory()
    reader = Directory(world.runtime.table, world.runtime.objects, followed_at_most=2)
    reader.refresh(world.clock.now)
    for _ in range(5):
        world.add_user()

    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            reader.refresh(world.clock.now)
        assert (refused.value.status, refused.value.code) == (503, "directory_catching_up")

    assert shown_users(reader.refresh(world.clock.now)) == stored_users(world)


def test_process_that_has_slept_takes_the_snapshot_that_was_written_meanwhile(
    world: World,
) -> None:
    world.build_directory()
    reader = open_reader(world)
    world.clock.advance(hours=2)
    user = world.add_user()
    compact_directory.run(world.runtime)

    with watched(world.aws) as seen:
        reader.refresh(world.clock.now)

    assert [each.operation for each in seen if each.service == "s3"] == ["GetObject"]
    assert user.id in shown_users(reader.database)


def test_warm_process_keeps_its_snapshot_while_nothing_changes(world: World) -> None:
    world.build_directory()
    world.clock.advance(hours=2)
    compact_directory.run(world.runtime)
    reader = open_reader(world)
    world.clock.advance(hours=2)
    compact_directory.run(world.runtime)
    world.clock.advance(hours=2)
    user = world.add_user()

    with watched(world.aws) as seen:
        reader.refresh(world.clock.now)

    assert not [each for each in seen if each.service == "s3"]
    assert user.id in shown_users(reader.database)


def test_warm_process_loads_a_snapshot_that_was_rebuilt_from_the_table(world: World) -> None:
    user = world.add_user(name="As restored from a backup")
    world.build_directory()
    reader = open_reader(world)
    reader.database.replace({user.id: None})
    rebuild_directory.run(world.runtime)

    reader.refresh(world.clock.now)
    assert shown_users(reader.database) == stored_users(world)


def test_snapshot_that_is_cleared_away_while_it_is_about_to_be_loaded_is_no_loss(
    world: World,
) -> None:
    user = world.add_user()
    world.build_directory()
    old = state_of(world)
    reader = Directory(world.runtime.table, world.runtime.objects)

    def replace_snapshot() -> None:
        world.clock.advance(hours=2)
        world.sign_in(user.id)
        compact_directory.run(world.runtime)
        world.clock.advance(hours=2)
        world.sign_in(user.id)
        compact_directory.run(world.runtime)

    with meanwhile(world, "GetObject", replace_snapshot):
        reader.refresh(world.clock.now)

    assert state_of(world).snapshot_id != old.snapshot_id
    assert shown_users(reader.database) == stored_users(world)


def test_running_queries_are_not_affected_by_a_reload_or_its_failure(
    world: World,
) -> None:
    user = world.add_user()
    world.build_directory()
    directory = Directory(world.runtime.table, world.runtime.objects)
    asked = directory.refresh(world.clock.now)
    world.clock.advance(hours=2)
    world.sign_in(user.id)
    compact_directory.run(world.runtime)
    world.runtime.objects.delete([snapshot_key(state_of(world).snapshot_id)])

    with pytest.raises(Unavailable):
        directory.refresh(world.clock.now)

    assert set(shown_users(asked)) == {user.id, world.admin_id}


@pytest.mark.parametrize("content", [None, b"", b"rubbish"])
def test_damaged_snapshot_is_refused_clearly_and_rebuilt(
    world: World, tmp_path: Path, content: bytes | None
) -> None:
    world.add_user()
    world.build_directory()
    key = snapshot_key(state_of(world).snapshot_id)
    if content is None:
        world.runtime.objects.delete([key])
    else:
        (tmp_path / "file").write_bytes(content)
        world.runtime.objects.upload(key, tmp_path / "file")

    with pytest.raises(Unavailable) as refused:
        open_reader(world)
    assert (refused.value.status, refused.value.code) == (503, "directory_being_built")

    report = compact_directory.run(world.runtime)
    assert report.rebuilt
    assert shown_users(open_reader(world).database) == stored_users(world)


def test_without_a_snapshot_the_directory_is_refused_until_it_is_built(world: World) -> None:
    with pytest.raises(Unavailable, match="being built"):
        open_directory(world.call())

    world.build_directory()

    assert open_directory(world.call()).count() == 1


def test_file_storage_that_does_not_answer_is_no_damage(world: World) -> None:
    world.build_directory()
    with failing(world.aws, "s3", code="InternalError"), pytest.raises(Unavailable) as refused:
        open_reader(world)
    assert refused.value.code == "storage_unavailable"

    with failing(world.aws, "s3", code="InternalError"), pytest.raises(Unavailable):
        compact_directory.run(world.runtime)
    assert world.admin_id in shown_users(open_reader(world).database)
