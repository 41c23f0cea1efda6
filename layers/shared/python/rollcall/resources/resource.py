"""Owned things: what other services have registered as a user's (W1, W2)."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import Field

from rollcall.grants.group import Group
from rollcall.grants.holders import active_workspaces_of_group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.entity import Claim, ClaimKind, Counter, Entity, Item, Key, Row
from rollcall.kit.errors import Conflict, NotFound
from rollcall.kit.model import Time, VersionedAnswer, format_time
from rollcall.kit.requirement import Required
from rollcall.kit.table import Table
from rollcall.users.owned import OWNED_ATTRIBUTES, active_workspaces_of, owned_key, things_of
from rollcall.users.resource_types import WORKSPACE, OwnerDeletion
from rollcall.users.user import User

EXTERNAL_ID = ClaimKind("resource", "externalId", "External id already exists")
OWNER = "OWNER#"
"""GSI1: the things of one owner, by type; also the orphaned ones, which keep the owner's id."""
OF_TYPE = "TYPE#"
"""GSI2: all things of one type, oldest first."""
IN_GROUP = "WORKSPACES#"
"""GSI1: the workspaces of one group."""
ORPHANED = "ORPHANED#"
"""GSI2: the things of one type that have lost their owner."""


class Place(Row):
    """A second row of a thing: by it a workspace is found in its group, and what is orphaned among
    the orphaned ones.
    """

    partition: ClassVar[str] = "RESOURCE#"

    resource_id: str
    type: str
    group_id: str | None = None
    orphaned: bool = False

    def key(self) -> Key:
        """Beside the thing's own item."""
        return Key(f"{self.partition}{self.resource_id}", "#PLACE")

    def index(self) -> Mapping[str, str]:
        """Found by group, and when orphaned."""
        found: dict[str, str] = {}
        if self.group_id:
            found |= {"gsi1pk": f"{IN_GROUP}{self.group_id}", "gsi1sk": self.resource_id}
        if self.orphaned:
            found |= {"gsi2pk": f"{ORPHANED}{self.type}", "gsi2sk": self.resource_id}
        return found


class Resource(Entity):
    """One thing that a user owns, or owned until the deletion that orphaned it."""

    kind: ClassVar[str] = "resource"
    partition: ClassVar[str] = "RESOURCE#"
    index_partitions: ClassVar[tuple[str, ...]] = (OWNER, OF_TYPE, IN_GROUP, ORPHANED)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (EXTERNAL_ID,)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        User.partition: OWNED_ATTRIBUTES,
        Group.partition: ("activeWorkspaceCount", "erased"),
    }
    unversioned_fields: ClassVar[tuple[str, ...]] = ("last_accessed_at",)

    type: str
    user_id: str
    """The owner; of an orphaned thing the one who was."""
    name: str | None = None
    group_id: str | None = None
    external_id: str | None = None
    """What the service that registered it calls it; unique within the type."""
    active: bool = True
    """Whether it is in use; archived workspaces keep nobody in a group."""
    orphaned: bool = False
    last_accessed_at: Time | None = None

    def claims(self) -> frozenset[Claim]:
        """The service's own id for it."""
        if self.erased or self.external_id is None:
            return frozenset()
        return frozenset({Claim(EXTERNAL_ID, f"{self.type}#{self.external_id}")})

    def index(self) -> Mapping[str, str]:
        """Found by owner and by type."""
        if self.erased:
            return {}
        return {
            "gsi1pk": f"{OWNER}{self.user_id}",
            "gsi1sk": f"{self.type}#{self.id}",
            "gsi2pk": f"{OF_TYPE}{self.type}",
            "gsi2sk": self.id,
        }

    def rows(self) -> tuple[Row, ...]:
        """The row that finds it by group and when orphaned, if it is either."""
        group_id = self.group_id if self.type == WORKSPACE else None
        if self.erased or not (group_id or self.orphaned):
            return ()
        place = Place(
            resource_id=self.id, type=self.type, group_id=group_id, orphaned=self.orphaned
        )
        return (place,)

    def counts(self) -> Mapping[Counter, int]:
        """One of the owner's; and, as a workspace in use, one of its group."""
        tally: Tally[Counter] = Tally()
        if self.erased:
            return tally
        in_use = self.type == WORKSPACE and self.active
        if not self.orphaned:
            tally[things_of(self.user_id, self.type)] = 1
        if in_use and self.group_id:
            tally[active_workspaces_of_group(self.group_id)] = 1
            if not self.orphaned:
                tally[active_workspaces_of(self.user_id, self.group_id)] = 1
        return tally

    def touches(self, before: Self | None) -> frozenset[str]:
        """The owner, and the one before, of whom lists show how much there is."""
        return frozenset({self.user_id, before.user_id if before else self.user_id})

    def as_erased(self) -> Self:
        """Nothing but a tombstone; what it was stands in the journal."""
        return type(self)(
            id=self.id,
            version=self.version,
            created_at=self.created_at,
            updated_at=self.updated_at,
            type=self.type,
            user_id=self.user_id,
            erased=True,
        )

    def accessed(self, moment: datetime | None) -> Self:
        """The thing as opened at that time, unless it was opened later."""
        known = (each for each in (self.last_accessed_at, moment) if each)
        return self.model_copy(update={"last_accessed_at": max(known, default=None)})

    def released(self, rule: OwnerDeletion) -> Self:
        """What becomes of it when its owner is deleted."""
        if rule is OwnerDeletion.CASCADE:
            return self.as_erased()
        return self.model_copy(update={"orphaned": True})

    def owned_by(self, owner: User, now: datetime) -> Self:
        """The thing in the hands of a user. Raises Conflict when it belongs to a group that the
        user is not in at this moment.
        """
        membership = owner.find_membership(self.group_id) if self.group_id else None
        if self.group_id and not (membership and membership.period.covers(now)):
            detail = "The owner is not in the group that this belongs to."
            raise Conflict("owner_not_in_group", detail)
        return self.model_copy(update={"user_id": owner.id, "orphaned": False})

    def require_placed(self, owner: User | None) -> list[Required]:
        """What the decision that it may be in these hands, and in this group, rests on: neither the
        deletion of the owner or the group nor the end of the membership may come between.
        """
        group = [Required.present(Group, self.group_id)] if self.group_id else []
        return [Required.unchanged(owner), *group] if owner else group


def load_workspace(call: Call, workspace_id: str, permission: Permission) -> Resource:
    """A workspace that the caller has this permission for. Raises NotFound ("Workspace not
    found"), also for one of another group than the group admin's, and for other things.
    """
    thing = call.table.find(Resource, workspace_id)
    if (
        thing is None
        or not thing.exists
        or thing.type != WORKSPACE
        or not call.actor.holds(permission, about=thing.group_id)
    ):
        raise NotFound("workspace_not_found", "Workspace not found")
    return thing


def find_things(table: Table, user_id: str, limit: int) -> list[Resource]:
    """Things that a user owns at present, as many as asked for if the index knows of them. The
    index lags, so each is read again from the table.
    """
    held = {"orphaned": False}
    found = table.query_index("gsi1", f"{OWNER}{user_id}", holding=held, limit=limit)
    things = load_things(table, [str(item["id"]) for item in found])
    return [each for each in things if each.user_id == user_id and not each.orphaned]


def load_things(table: Table, ids: Iterable[str]) -> list[Resource]:
    """Those of the things that exist, in the order of the ids."""
    keys = [Resource.key_of(each) for each in ids]
    items = table.get_items(keys)
    things = [Resource.model_validate(items[key]) for key in keys if key in items]
    return [each for each in things if each.exists]


def without_deleted_groups(table: Table, things: Iterable[Resource]) -> list[Resource]:
    """The things, outside of groups that were deleted: what belongs to one that is gone could never
    have another owner.
    """
    found = list(things)
    keys = [Group.key_of(each) for each in {thing.group_id for thing in found} if each]
    groups = (Group.model_validate(item) for item in table.get_items(keys).values())
    known = {group.id for group in groups if group.exists}
    return [
        thing if thing.group_id in known else thing.model_copy(update={"group_id": None})
        for thing in found
    ]


class ResourceAnswer(VersionedAnswer):
    """A thing as an answer shows it."""

    id: str
    type: str
    user_id: Annotated[str, Field(description="The owner; of an orphaned thing who it was.")]
    name: str | None = None
    group_id: str | None = None
    external_id: str | None = None
    active: bool
    orphaned: bool
    last_accessed_at: Time | None = None
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, resource: Resource) -> Self:
        """The answer about this thing."""
        return cls.model_validate({name: getattr(resource, name) for name in Resource.model_fields})

    @classmethod
    def of_items(cls, items: Iterable[Item]) -> tuple[Self, ...]:
        """The answers about stored things."""
        return tuple(cls.of(Resource.model_validate(item)) for item in items)


def note_access(call: Call, thing: ResourceAnswer) -> None:
    """Remember when a thing was opened last; no version of it or of its owner. What is older than
    what is known changes nothing.
    """
    if thing.last_accessed_at is None:
        return
    at = format_time(thing.last_accessed_at)
    key = Resource.key_of(thing.id)
    call.table.update_unversioned(key, {"lastAccessedAt": at}, rising="lastAccessedAt")
    if thing.type == WORKSPACE and not thing.orphaned:
        last = {"lastWorkspaceId": thing.id, "lastWorkspaceAccessedAt": at}
        owned = owned_key(thing.user_id)
        call.table.update_unversioned(owned, last, rising="lastWorkspaceAccessedAt")
