"""Permanent deletion of users, and what happens to their resources (U11, W2).

The resources that fit are in the user's transaction. A reaction does the rest: the tombstone has
the number of resources that are left, and each version of it releases the next ones.
"""

from __future__ import annotations

from typing import NamedTuple

from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Conflict, Unavailable
from rollcall.kit.transaction import Change
from rollcall.resources.deletion_answers import UserDeletion
from rollcall.resources.resource import Resource, find_resources
from rollcall.users.resource_types import WORKSPACE, OwnerDeletion, read_types
from rollcall.users.user import User

RESOURCES_AT_ONCE = 20
"""A resource takes up to three of the hundred actions of a transaction: its item, its row or its
claim, and the journal entry."""


class Erasure(NamedTuple):
    """The changes that delete a user permanently."""

    change: Change[User]
    releases: list[Change[Resource]]
    """The releases of the user's resources that fit in the same transaction."""
    required: ConditionCheck


def plan_erasure(call: Call, user: User) -> Erasure:
    """The changes that delete a user permanently, with as many resources as fit. Raises Conflict if
    the user owns resources that must be transferred first.
    """
    _refuse_owner(call, user)
    releases = _release(call, user)
    left = user.owned.total - len(releases)
    erased = user.as_erased(call.now).model_copy(update={"things_left": left})
    return Erasure(Change(user, erased), releases, user.owned.unchanged(user.id))


def erase_user(call: Call, user: User, message: str) -> UserDeletion:
    """Delete a user permanently. Raises Conflict like plan_erasure."""
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


def release_resources(call: Call, user_id: str) -> None:
    """Release the next resources of a deleted user, and store how many are left. The journal entry
    of that version starts the next step. Raises Unavailable while the index lags.
    """
    user = call.table.find(User, user_id)
    if user is None or user.exists or not user.things_left:
        return
    releases = _release(call, user)
    left = user.owned.total - len(releases)
    if left == user.things_left:
        raise Unavailable("index_behind", "The index of resources lags behind.")
    advanced = user.model_copy(update={"things_left": left})
    call.commit(Change(user, advanced), *releases, answer=lambda written: written)


def _release(call: Call, user: User) -> list[Change[Resource]]:
    if not user.owned.total:
        return []
    rules = read_types(call.settings.resource_types)
    resources = find_resources(call.table, user.id, RESOURCES_AT_ONCE)
    # Resources of a type that is no longer configured are kept, because no rule deletes them.
    return [
        Change(each, each.released(rules.get(each.type, OwnerDeletion.ORPHAN)))
        for each in resources
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
        detail = f"This user owns {what}. Transfer or remove these resources first."
        raise Conflict("owns_resources", detail)
