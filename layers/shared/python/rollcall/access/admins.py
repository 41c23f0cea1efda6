"""The platform admins, as those who are told what happens by itself."""

from __future__ import annotations

from rollcall.grants.built_in_roles import SYSTEM
from rollcall.grants.grant import HOLDERS
from rollcall.kit.table import Table
from rollcall.users.statuses import Status
from rollcall.users.user import User


def find_admins(table: Table) -> list[User]:
    """The active platform admins, in the order of their ids and without their grants. The index
    that finds them may lag, so each is looked at again.
    """
    rows = table.query_index("gsi2", f"{HOLDERS}{SYSTEM.id}")
    keys = dict.fromkeys(User.key_of(str(row["userId"])) for row in rows)
    items = table.get_items(list(keys))
    users = (User.model_validate(items[key]) for key in keys if key in items)
    return [each for each in users if each.is_admin and each.status is Status.ACTIVE]
