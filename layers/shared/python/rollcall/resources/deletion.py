"""Deleting users for good: what becomes of all that they own (U11, W2).

What fits in one transaction goes with the user. The rest is left to the stream: the tombstone
says how many things are left, and each version of it takes the next ones.
"""

from __future__ import annotations

from typing import NamedTuple

from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict, Unavailable
from rollcall.kit.requirement import Required
from rollcall.kit.transaction import Change
from rollcall.resources.deletion_answers import UserDeletion
from rollcall.resources.resource import Resource, find_things
from rollcall.users.resource_types import WORKSPACE, OwnerDeletion, read_types
from rollcall.users.user import User

THINGS_AT_ONCE = 20
"""A thing takes three of the hundred actions of a transaction at most: its item, its row or its
claim, and the journal's entry."""


class Erasure(NamedTuple):
    """What deletes a user for good, to be committed."""

    change: Change[User]
    releases: list[Change[Resource]]
    """Of what the user owns, what fits into the same transaction."""
    required: Required


def plan_erasure(call: Call, user: User) -> Erasure:
    """How to delete a user for good, with everything that may go and fits. Raises Conflict when the
    user owns something that has to be transferred first.
    """
    _refuse_owner(call, user)
    releases = _release(call, user)
    left = user.owned.total - len(releases)
    erased = user.as_erased(call.now).model_copy(update={"things_left": left})
    return Erasure(Change(user, erased), releases, user.owned.unchanged(user.id))


def erase_user(call: Call, user: User, message: str) -> UserDeletion:
    """Delete a user so. Raises likewise."""
    planned = plan_erasure(call, user)
    answer = UserDeletion(
        message=message,
        workspaces_orphaned=user.owned.by_type.get(WORKSPACE, 0),
        resources=user.owned.by_type,
        resources_pending=planned.change.after.things_left or 0,
    )
    return call.commit(
        planned.change,
        *planned.releases,
        answer=lambda _: answer,
        requires=[planned.required],
    )


def release_things(call: Call, user_id: str) -> None:
    """Release the next things of a deleted user, and write down how many are left: that version's
    own journal entry leads to the next step. Raises Unavailable while the index has not caught up.
    """
    user = call.table.find(User, user_id)
    if user is None or user.exists or not user.things_left:
        return
    releases = _release(call, user)
    left = user.owned.total - len(releases)
    if left == user.things_left:
        raise Unavailable("index_behind", "The index of owned things is still catching up.")
    advanced = user.model_copy(update={"things_left": left})
    call.commit(Change(user, advanced), *releases, answer=lambda written: written)


def _release(call: Call, user: User) -> list[Change[Resource]]:
    if not user.owned.total:
        return []
    rules = read_types(call.settings.resource_types)
    things = find_things(call.table, user.id, THINGS_AT_ONCE)
    # A type that is configured no more may still have things: they are not ours to delete.
    return [
        Change(each, each.released(rules.get(each.type, OwnerDeletion.ORPHAN))) for each in things
    ]


def _refuse_owner(call: Call, user: User) -> None:
    types = read_types(call.settings.resource_types)
    kept = {
        name: count
        for name, count in user.owned.by_type.items()
        if types.get(name) is OwnerDeletion.REFUSE
    }
    if kept:
        what = ", ".join(f"{count} of type {name}" for name, count in sorted(kept.items()))
        detail = f"This user owns {what}; transfer or remove that first."
        raise Conflict("owns_resources", detail)
