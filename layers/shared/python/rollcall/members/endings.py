"""Ending the memberships of a group or an organization that was deleted (G1, O1).

They gave nothing any more from the deletion on; this only clears them away.
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

ENDED_AT_ONCE = 100
"""Memberships a step: seconds of work, well within a reaction's minute."""


def end_memberships[E: (Group, Organization)](
    call: Call, kind: type[E], entity_id: str, at_once: int = ENDED_AT_ONCE
) -> None:
    """End the next memberships of a tombstone, and write down how many are left: that version's
    own journal entry leads to the next step. Raises Unavailable while the index has not caught up.
    """
    tombstone = call.table.find(kind, entity_id)
    if tombstone is None or tombstone.exists:
        return
    items = list(call.table.query_index("gsi1", f"{MEMBERS}{entity_id}", limit=at_once))
    ended = sum(retry_contended(partial(_end, call.part(), item)) for item in items)
    retry_contended(partial(_write_progress, call.part(), kind, entity_id, ended))


def _end(call: Call, item: Item) -> bool:
    """End one membership, unless it has ended meanwhile, which the index may not know yet."""
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
    call: Call, kind: type[E], entity_id: str, ended: int
) -> None:
    tombstone = call.table.find(kind, entity_id)
    if tombstone is None:
        return
    left = tombstone.member_count
    if not left:
        _forget(call, tombstone)
    elif not ended:
        raise Unavailable("index_behind", "The index of members is still catching up.")
    else:
        advanced = tombstone.model_copy(update={"members_left": left})
        call.commit(Change(tombstone, advanced), answer=lambda written: written)


def _forget(call: Call, tombstone: Group | Organization) -> None:
    """Nothing refers to it any more: the policy need not speak of it, and it may go."""
    for change in change_policy(call, lambda policy: policy.without_ended(tombstone.id)):
        call.commit(change, answer=lambda written: written)
    values = {EXPIRY_ATTRIBUTE: tombstone_expiry(call.now)}
    call.table.update_unversioned(tombstone.key(), values)
