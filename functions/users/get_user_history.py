"""GET /admin/users/{userId}/history (A1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from rollcall.access.policy import POLICY_ID, AccessPolicy, find_policy
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.errors import NotFound
from rollcall.kit.field_types import Id
from rollcall.kit.history import read_newest_first, rewind
from rollcall.kit.ids import last_id
from rollcall.kit.journal import ActorRecord, Changed, JournalEntry
from rollcall.kit.model import Answer, Model, Time, TimeOrDate
from rollcall.kit.paging import Listing, ListRequest, Page, read_page
from rollcall.kit.table import not_found
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User


class GetUserHistory(ListRequest):
    """The user, and a time in the past."""

    user_id: Id
    at: Annotated[
        TimeOrDate | None,
        Field(
            description="Only versions up to this time, and the user as of then. A date means its "
            "start in UTC."
        ),
    ] = None


class UserVersion(Answer):
    """One version of a user, and the change that led to it."""

    version: int
    at: Time
    action: str
    actor: ActorRecord
    changes: Annotated[
        Mapping[str, Changed],
        Field(
            description="By field. Without a value before: added. Without a value after: removed."
        ),
    ]
    reason: str | None = None
    request_id: str

    @classmethod
    def of(cls, entry: JournalEntry) -> Self:
        """The version that a journal entry describes."""
        return cls.model_validate({**dict(entry), "version": entry.target.version})


class UserThen(Model):
    """A user at an earlier time."""

    at: Time
    user: UserAnswer
    effective_permissions: tuple[Permission, ...]


class UserHistory(Page[UserVersion]):
    """A page of the versions of a user, newest first."""

    then: Annotated[UserThen | None, Field(description="Only with at.")] = None


@operation(
    "GET /admin/users/{user_id}/history",
    permission=Permission.USER_HISTORY,
    reads=[User, AccessPolicy, JournalEntry],
)
def get_user_history(request: GetUserHistory, call: Call) -> UserHistory:
    """List every version of a user, newest first: who changed what, when, from where and why.

    With at, the answer also has the user and the effective permissions at that time. A time in the
    future counts as now. The history of a permanently deleted user can be read while the tombstone
    is retained.
    """
    user = call.table.find(User, request.user_id)
    if user is None:
        raise not_found(User)
    then = _look_back(call, user, min(request.at, call.now)) if request.at else None
    up_to = last_id("jrn", then.at) if then else None
    listing = Listing("gsi1", JournalEntry.about(user.id), up_to=up_to, newest_first=True)
    items, pagination = read_page(call, listing, request, None if then else user.version)
    versions = (UserVersion.of(JournalEntry.model_validate(item)) for item in items)
    return UserHistory(items=tuple(versions), pagination=pagination, then=then)


def _look_back(call: Call, present: User, at: datetime) -> UserThen:
    user = rewind(present, read_newest_first(call.table, present.id), at)
    if user is None:
        raise NotFound("user_not_created_yet", "The user did not exist at that time.")
    permissions = sorted(_find_policy_then(call, user, at).granted_to(user, at))
    return UserThen(at=at, user=UserAnswer.of(user), effective_permissions=tuple(permissions))


def _find_policy_then(call: Call, user: User, at: datetime) -> AccessPolicy:
    stored, policy = find_policy(call.table, call.now)
    if stored is None or not user.needs_policy:
        return policy
    then = rewind(stored, read_newest_first(call.table, POLICY_ID), at)
    return then or stored.with_facts({}, version=0)
