"""Resources that users own: workspaces, and what other services register (W1, W2)."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar, Self

from rollcall.grants.group import Group
from rollcall.grants.holders import active_workspaces_of_group
from rollcall.grants.permissions import Permission
from rollcall.grants.scopes import Scope, require_scope_for
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.entity import Claim, ClaimKind, Counter, Entity, Key, Row
from rollcall.kit.errors import Conflict, NotFound
from rollcall.kit.model import Time
from rollcall.kit.table import Table
from rollcall.users.owned import OWNED_ATTRIBUTES, active_workspaces_of, resources_of
from rollcall.users.resource_types import WORKSPACE, OwnerDeletion
from rollcall.users.user import User

EXTERNAL_ID = ClaimKind("resource", "externalId", "External id already exists")
OWNER = "OWNER#"
"""GSI1: the resources of one owner, by type. Orphaned ones keep the last owner's id."""
OF_TYPE = "TYPE#"
"""GSI2: all resources of one type, oldest first."""
IN_GROUP = "WORKSPACES#"
"""GSI1: the workspaces of one group."""
ORPHANED = "ORPHANED#"
"""GSI2: the orphaned resources of one type."""


class ListingRow(Row):
    """A second row of a resource, for two more lists: the workspaces of a group, and the orphaned
    resources.
    """

    partition: ClassVar[str] = "RESOURCE#"

    resource_id: str
    type: str
    group_id: str | None = None
    orphaned: bool = False

    def key(self) -> Key:
        """The primary key, in the resource's partition."""
        return Key(f"{self.partition}{self.resource_id}", "#PLACE")

    def index(self) -> Mapping[str, str]:
        """Listed by group, and when orphaned."""
        found: dict[str, str] = {}
        if self.group_id:
            found |= {"gsi1pk": f"{IN_GROUP}{self.group_id}", "gsi1sk": self.resource_id}
        if self.orphaned:
            found |= {"gsi2pk": f"{ORPHANED}{self.type}", "gsi2sk": self.resource_id}
        return found


class Resource(Entity):
    """A resource that a user owns, or owned until the user was deleted."""

    kind: ClassVar[str] = "resource"
    partition: ClassVar[str] = "RESOURCE#"
    index_partitions: ClassVar[tuple[str, ...]] = (OWNER, OF_TYPE, IN_GROUP, ORPHANED)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (EXTERNAL_ID,)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        User.partition: OWNED_ATTRIBUTES,
        Group.partition: ("activeWorkspaceCount", "erased"),
    }
    row_kinds: ClassVar[tuple[type[Row], ...]] = (ListingRow,)
    unversioned_fields: ClassVar[tuple[str, ...]] = ("last_accessed_at",)

    type: str
    user_id: str
    """The owner; for an orphaned resource, the last owner."""
    name: str | None = None
    group_id: str | None = None
    external_id: str | None = None
    """The id in the service that registered it, unique within the type."""
    active: bool = True
    """Whether it is in use. Archived workspaces do not keep their owner in a group."""
    orphaned: bool = False
    last_accessed_at: Time | None = None

    @property
    def person(self) -> str | None:
        """The owner."""
        return self.user_id

    def claims(self) -> frozenset[Claim]:
        """The external id."""
        if self.erased or self.external_id is None:
            return frozenset()
        return frozenset({Claim(EXTERNAL_ID, f"{self.type}#{self.external_id}")})

    def index(self) -> Mapping[str, str]:
        """Listed by owner and by type."""
        if self.erased:
            return {}
        return {
            "gsi1pk": f"{OWNER}{self.user_id}",
            "gsi1sk": f"{self.type}#{self.id}",
            "gsi2pk": f"{OF_TYPE}{self.type}",
            "gsi2sk": self.id,
        }

    def rows(self) -> tuple[Row, ...]:
        """The row for the lists of its group and of orphaned resources, if it is in one."""
        group_id = self.group_id if self.type == WORKSPACE else None
        if self.erased or not (group_id or self.orphaned):
            return ()
        row = ListingRow(
            resource_id=self.id, type=self.type, group_id=group_id, orphaned=self.orphaned
        )
        return (row,)

    def counts(self) -> Mapping[Counter, int]:
        """One resource of the owner, and one active workspace of its group."""
        tally: Tally[Counter] = Tally()
        if self.erased:
            return tally
        in_use = self.type == WORKSPACE and self.active
        if not self.orphaned:
            tally[resources_of(self.user_id, self.type)] = 1
        if in_use and self.group_id:
            tally[active_workspaces_of_group(self.group_id)] = 1
            if not self.orphaned:
                tally[active_workspaces_of(self.user_id, self.group_id)] = 1
        return tally

    def touches(self, before: Self | None) -> frozenset[str]:
        """The present and the previous owner: lists show how much they own."""
        return frozenset({self.user_id, before.user_id if before else self.user_id})

    def as_erased(self) -> Self:
        """A tombstone. Only the journal still has the fields."""
        return type(self)(
            id=self.id,
            version=self.version,
            created_at=self.created_at,
            updated_at=self.updated_at,
            type=self.type,
            user_id=self.user_id,
            erased=True,
        )

    def accessed(self, at: datetime | None) -> Self:
        """The resource as opened at this time, unless it was opened later."""
        known = (each for each in (self.last_accessed_at, at) if each)
        return self.model_copy(update={"last_accessed_at": max(known, default=None)})

    def released(self, rule: OwnerDeletion) -> Self:
        """The resource after its owner is deleted: orphaned, or a tombstone."""
        if rule is OwnerDeletion.CASCADE:
            return self.as_erased()
        return self.model_copy(update={"orphaned": True})

    def owned_by(self, owner: User, now: datetime) -> Self:
        """The resource with this owner. Raises Conflict if it belongs to a group that the user is
        not a member of at this time.
        """
        membership = owner.find_membership(self.group_id) if self.group_id else None
        if self.group_id and not (membership and membership.period.covers(now)):
            detail = "The owner is not in the group of this resource."
            raise Conflict("owner_not_in_group", detail)
        return self.model_copy(update={"user_id": owner.id, "orphaned": False})

    def require_placed(self, owner: User | None) -> list[ConditionCheck]:
        """The conditions for this owner and group: the owner and the group still exist, and the
        membership has not ended meanwhile.
        """
        group = [ConditionCheck.exists(Group, self.group_id)] if self.group_id else []
        return [ConditionCheck.unchanged(owner), *group] if owner else group


def load_resource(call: Call, resource_id: str) -> Resource:
    """A resource of a type that the calling service has. Raises NotFound, and Forbidden for a
    resource of another type.
    """
    resource = call.table.load(Resource, resource_id)
    require_scope_for(call.actor, Scope.RESOURCES, resource.type)
    return resource


def load_workspace(call: Call, workspace_id: str, permission: Permission) -> Resource:
    """A workspace for which the caller holds this permission. Raises NotFound ("Workspace not
    found"), also for a workspace outside a group admin's groups and for other resources.
    """
    resource = call.table.find(Resource, workspace_id)
    if (
        resource is None
        or not resource.exists
        or resource.type != WORKSPACE
        or not call.actor.holds(permission, about=resource.group_id)
    ):
        raise NotFound("workspace_not_found", "Workspace not found")
    return resource


def find_resources(table: Table, user_id: str, limit: int) -> list[Resource]:
    """Up to ``limit`` resources that a user owns. The index may lag, so each one is read again from
    the table.
    """
    held = {"orphaned": False}
    found = table.query_index("gsi1", f"{OWNER}{user_id}", holding=held, limit=limit)
    resources = load_resources(table, [str(item["id"]) for item in found])
    return [each for each in resources if each.user_id == user_id and not each.orphaned]


def load_resources(table: Table, ids: Iterable[str]) -> list[Resource]:
    """The resources that exist, in the order of the ids."""
    keys = [Resource.key_of(each) for each in ids]
    items = table.get_items(keys)
    resources = [Resource.model_validate(items[key]) for key in keys if key in items]
    return [each for each in resources if each.exists]


def without_deleted_groups(table: Table, resources: Iterable[Resource]) -> list[Resource]:
    """The resources, without the groups that were deleted: in a deleted group, a resource could
    never get another owner.
    """
    found = list(resources)
    keys = [Group.key_of(each) for each in {resource.group_id for resource in found} if each]
    groups = (Group.model_validate(item) for item in table.get_items(keys).values())
    known = {group.id for group in groups if group.exists}
    return [
        resource if resource.group_id in known else resource.model_copy(update={"group_id": None})
        for resource in found
    ]
