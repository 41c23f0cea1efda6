"""Users as the table has them at this moment, as rows of the directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from rollcall.directory.rows import StoredRow, UserRecord
from rollcall.kit.table import Table
from rollcall.users.inactivity import Inactivity
from rollcall.users.sign_ins import SignIns
from rollcall.users.user import User

ONE_BY_ONE_AT_MOST = 16
THREADS = 8


def read_rows(table: Table, user_ids: Sequence[str]) -> Iterator[tuple[str, StoredRow | None]]:
    """Each user's row, strongly consistent; None for whoever is no user any more. One Query a
    user, several at a time when there are many.
    """
    if len(user_ids) <= ONE_BY_ONE_AT_MOST:
        yield from ((user_id, read_row(table, user_id)) for user_id in user_ids)
        return
    with ThreadPoolExecutor(THREADS) as threads:
        yield from zip(
            user_ids, threads.map(lambda each: read_row(table, each), user_ids), strict=True
        )


def read_row(table: Table, user_id: str) -> StoredRow | None:
    """One user's row."""
    record = read_record(table, user_id)
    return StoredRow.of(record) if record else None


def read_record(table: Table, user_id: str) -> UserRecord | None:
    """All that is stored about one user; None for whoever is no user any more."""
    items = list(table.query_partition(User.key_of(user_id).pk, prefix="#"))
    user = User.assemble(items)
    if user is None or not user.exists:
        return None
    sign_ins = SignIns.assemble(items) or SignIns.none_of(user.id, user.created_at)
    return UserRecord(user, sign_ins, Inactivity.assemble(items))
