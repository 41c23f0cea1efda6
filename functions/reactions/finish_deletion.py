"""Stream reaction: the rest of a deletion that its transaction could not contain (U11, W2, G1)."""

from __future__ import annotations

from rollcall.access.policy import AccessPolicy
from rollcall.background import stream_reaction
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.retry import retry_contended
from rollcall.members.removal import remove_memberships
from rollcall.resources.deletion import release_resources
from rollcall.resources.resource import Resource
from rollcall.users.user import User

ON = (User, Group, Organization)


@stream_reaction(on=ON, writes=[*ON, Resource, AccessPolicy])
def finish_deletion(entry: JournalEntry, call: Call) -> None:
    """Release the next resources of a deleted user, or end the next memberships of a deleted group
    or organization.

    Each step is a version of the tombstone, which records what is left and whose journal entry
    triggers the next step. So it works for any number, and continues after any interruption.
    """
    if not _PROGRESS & entry.changes.keys() or entry.target.version == 1:
        return
    kind, target_id = entry.target.kind, entry.target.id
    if kind == User.kind:
        retry_contended(lambda: release_resources(call, target_id))
    elif kind == Group.kind:
        remove_memberships(call, Group, target_id)
    else:
        remove_memberships(call, Organization, target_id)


_PROGRESS = {"erased", "thingsLeft", "membersLeft"}
"""The facts that change with a deletion, and with each step after it."""
