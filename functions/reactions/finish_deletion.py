"""Stream reaction: what a deletion could not do in its own transaction (W2, G1, O1)."""

from __future__ import annotations

from rollcall.access.policy import AccessPolicy
from rollcall.background import stream_reaction
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.retry import retry_contended
from rollcall.members.endings import end_memberships
from rollcall.resources.deletion import release_things
from rollcall.resources.resource import Resource
from rollcall.users.user import User

ON = (User, Group, Organization)


@stream_reaction(on=ON, writes=[*ON, Resource, AccessPolicy])
def finish_deletion(entry: JournalEntry, call: Call) -> None:
    """Take the next things of a deleted user, the next memberships of a deleted group or
    organization.

    Each step is a version of the tombstone, which says what is left, and whose own journal entry
    leads to the next step: at any number, and from wherever it was broken off.
    """
    if not _PROGRESS & entry.changes.keys() or entry.target.version == 1:
        return
    kind, target_id = entry.target.kind, entry.target.id
    if kind == User.kind:
        retry_contended(lambda: release_things(call, target_id))
    elif kind == Group.kind:
        end_memberships(call, Group, target_id)
    else:
        end_memberships(call, Organization, target_id)


_PROGRESS = {"erased", "thingsLeft", "membersLeft"}
"""The facts that change when something is deleted, and with each step after it."""
