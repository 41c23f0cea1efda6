"""Segments: saved filters with a name, which can be used wherever a filter can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field

from rollcall.directory.scim_filter import LENGTH_AT_MOST
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.entity import COUNTERS
from rollcall.kit.errors import Forbidden
from rollcall.kit.listed_entity import ListedEntity
from rollcall.kit.model import Time, VersionedAnswer

SegmentFilter = Annotated[
    str,
    Field(
        max_length=LENGTH_AT_MOST,
        description="A SCIM filter, as `filter` of GET /admin/users.",
    ),
]


class Segment(ListedEntity):
    """A saved filter. It remains when its owner is deleted."""

    kind: ClassVar[str] = "segment"
    partition: ClassVar[str] = "SEGMENT#"
    listed_in: ClassVar[str] = "SEGMENTS"
    index_partitions: ClassVar[tuple[str, ...]] = (listed_in,)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {COUNTERS + listed_in: ("count",)}

    filter: str
    """A SCIM filter (RFC 7644 section 3.4.2.2)."""
    owner_id: str
    """The user who created it."""


def load_segment(call: Call, segment_id: str) -> Segment:
    """A segment. Raises NotFound ("Segment not found")."""
    return call.table.load(Segment, segment_id)


def load_own_segment(call: Call, segment_id: str) -> Segment:
    """A segment that the caller is allowed to change: their own, or any for a platform admin.
    Raises NotFound, and Forbidden for another user's segment.
    """
    segment = load_segment(call, segment_id)
    if segment.owner_id != call.actor.id and not call.actor.holds(Permission.ADMIN_ACCESS):
        detail = "Only the owner of this segment and platform admins can change it."
        raise Forbidden("segment_of_another", detail)
    return segment


class SegmentAnswer(VersionedAnswer):
    """A saved filter."""

    id: str
    name: str
    description: str | None = None
    filter: str
    owner_id: Annotated[str, Field(description="The user who created it, possibly deleted since.")]
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, segment: Segment) -> Self:
        """The answer for a segment."""
        return cls.model_validate({name: getattr(segment, name) for name in Segment.model_fields})
