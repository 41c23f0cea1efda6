"""The answers of operations on resources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field

from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.model import Time, VersionedAnswer, format_time
from rollcall.resources.resource import Resource
from rollcall.users.owned import owned_key
from rollcall.users.resource_types import WORKSPACE


class ResourceAnswer(VersionedAnswer):
    """A resource as answers show it."""

    id: str
    type: str
    user_id: Annotated[str, Field(description="The owner. Of an orphaned resource: the last one.")]
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
        """The answer for a resource."""
        return cls.model_validate({name: getattr(resource, name) for name in Resource.model_fields})

    @classmethod
    def of_items(cls, items: Iterable[Item]) -> tuple[Self, ...]:
        """The answers for stored resources."""
        return tuple(cls.of(Resource.model_validate(item)) for item in items)


def note_access(call: Call, resource: ResourceAnswer) -> None:
    """Store when a resource was last opened, without a new version of it or of its owner. A time
    before the stored one changes nothing.
    """
    if resource.last_accessed_at is None:
        return
    at = format_time(resource.last_accessed_at)
    key = Resource.key_of(resource.id)
    call.table.update_unversioned(key, {"lastAccessedAt": at}, rising="lastAccessedAt")
    if resource.type == WORKSPACE and not resource.orphaned:
        last = {"lastWorkspaceId": resource.id, "lastWorkspaceAccessedAt": at}
        owned = owned_key(resource.user_id)
        call.table.update_unversioned(owned, last, rising="lastWorkspaceAccessedAt")
