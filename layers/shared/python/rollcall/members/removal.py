"""Removing the memberships of a deleted group or organization (G1, O1).

They have granted nothing since the deletion. This only cleans up.
"""

from __future__ import annotations

from functools import partial

from rollcall.access.policy import change_policy
from rollcall.grants.grant import MEMBERS
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.kit.call import Call
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Item, tombstone_expiry
from rollcall.kit.errors import Unavailable
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User

REMOVED_AT_ONCE = 100
"""Memberships per step, which take seconds of a reaction's minute."""


def remove_memberships[E: (Group, Organization)](
    call: Call, kind: type[E], entity_id: str, at_once: int = REMOVED_AT_ONCE
) -> None:
    """Remove the next memberships of a tombstone, and store how many are left. The journal entry of
    that version starts the next step. Raises Unavailable while the index lags.
    """
    tombstone = call.table.find(kind, entity_id)
    if tombstone is None or tombstone.exists:
        return
    items = list(call.table.query_index("gsi1", f"{MEMBERS}{entity_id}", limit=at_once))
    removed = sum(retry_contended(partial(_remove, call.part(), item)) for item in items)
    retry_contended(partial(_write_progress, call.part(), kind, entity_id, removed))


def _remove(call: Call, item: Item) -> bool:
    """Remove one membership, if it still exists: the index may lag."""
    user = call.table.find(User, str(item["userId"]))
    if user is None:
        return False
    row = next((row for row in user.rows() if row.key().sk == item["sk"]), None)
    if row is None:
        return False
    if user.erased:
        call.remove_rows({row.key(): row.counts()})
        return True
    call.commit(Change(user, user.without_grant(row)), answer=UserAnswer.of)
    return True


def _write_progress[E: (Group, Organization)](
    call: Call, kind: type[E], entity_id: str, removed: int
) -> None:
    tombstone = call.table.find(kind, entity_id)
    if tombstone is None:
        return
    left = tombstone.member_count
    if not left:
        _forget(call, tombstone)
    elif not removed:
        raise Unavailable("index_behind", "The index of members lags behind.")
    else:
        advanced = tombstone.model_copy(update={"members_left": left})
        call.commit(Change(tombstone, advanced), answer=lambda written: written)


def _forget(call: Call, tombstone: Group | Organization) -> None:
    """Remove the tombstone from the policy and let it expire, because nothing refers to it."""
    for change in change_policy(call, lambda policy: policy.without_ended(tombstone.id)):
        call.commit(change, answer=lambda written: written)
    values = {EXPIRY_ATTRIBUTE: tombstone_expiry(call.now)}
    call.table.update_unversioned(tombstone, values)
