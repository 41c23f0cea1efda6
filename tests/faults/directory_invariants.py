"""The directory matches the table, whatever happens to its snapshots."""

from __future__ import annotations

from collections.abc import Iterator

from rollcall.directory.columns import read_columns
from rollcall.directory.database import Database
from rollcall.directory.directory import Directory
from rollcall.directory.records import read_row
from rollcall.directory.rows import DirectoryUser
from rollcall.directory.snapshots import DirectoryState
from rollcall.directory.user_queries import with_time_zones
from rollcall.kit.errors import Unavailable
from tests.world.world import World


def check_directory(world: World) -> Iterator[str]:
    """The directory contains exactly the users as stored, or is unavailable."""
    if DirectoryState.read(world.runtime.table) is None:
        return
    directory = Directory(world.runtime.table, world.runtime.objects)
    try:
        directory.refresh(world.clock.now)
    except Unavailable:
        return
    shown, stored = shown_users(directory.database), stored_users(world)
    for user_id in sorted(shown.keys() | stored.keys()):
        if shown.get(user_id) != stored.get(user_id):
            yield f"the directory shows {shown.get(user_id)!r} and not {stored.get(user_id)!r}"


def check_readable(world: World) -> Iterator[str]:
    """The directory can be opened."""
    try:
        Directory(world.runtime.table, world.runtime.objects).refresh(world.clock.now)
    except Unavailable as unavailable:
        yield f"the directory cannot be opened: {unavailable.code}"


def shown_users(database: Database, user_id: str = "") -> dict[str, DirectoryUser]:
    """The users in a directory's database, or one of them."""
    columns = read_columns().values()
    names = ", ".join(each.sql for each in columns)
    rows = database.fetch(f"SELECT {names} FROM users WHERE ? IN ('', id)", [user_id])  # noqa: S608 (names of the model)
    named = (dict(zip((each.name for each in columns), row, strict=True)) for row in rows)
    users = [DirectoryUser.model_validate(with_time_zones(each)) for each in named]
    assert len({user.id for user in users}) == len(users), "a user is in the directory twice"
    return {user.id: user for user in users}


def stored_users(world: World) -> dict[str, DirectoryUser]:
    """The users in the table."""
    rows = (read_row(world.runtime.table, user.id) for user in world.users())
    fields = DirectoryUser.model_fields
    users = [
        DirectoryUser.model_validate({name: getattr(row, name) for name in fields})
        for row in rows
        if row
    ]
    return {user.id: user for user in users}
