"""The platform admins, who receive reports about automatic actions."""

from __future__ import annotations

from rollcall.kit.entity import Key
from rollcall.kit.table import Table
from rollcall.users.statuses import Status
from rollcall.users.storage import ADMINS_LISTED
from rollcall.users.user import User


def find_admins(table: Table) -> list[User]:
    """The active platform admins, sorted by id and without their other grants. The index may lag,
    so each user is read again from the table.
    """
    listed = table.query_index("gsi2", ADMINS_LISTED)
    keys = {User.key_of(str(row["userId"])): Key(row["pk"], row["sk"]) for row in listed}
    items = table.get_items([*keys, *keys.values()])
    users = (
        User.assemble([items[each] for each in pair if each in items]) for pair in keys.items()
    )
    return [each for each in users if each and each.is_admin and each.status is Status.ACTIVE]
