"""Segments: filters that have a name and are kept, to be used wherever a filter is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field

from rollcall.directory.scim_filter import LENGTH_AT_MOST
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.entity import COUNTERS
from rollcall.kit.errors import Forbidden
from rollcall.kit.listed import Listed
from rollcall.kit.model import Time, VersionedAnswer

SegmentFilter = Annotated[
    str,
    Field(
        max_length=LENGTH_AT_MOST,
        description="In SCIM's filter language, as `filter` of GET /admin/users.",
    ),
]


class Segment(Listed):
    """A saved filter. It stays when whoever made it is deleted."""

    kind: ClassVar[str] = "segment"
    partition: ClassVar[str] = "SEGMENT#"
    listed_in: ClassVar[str] = "SEGMENTS"
    index_partitions: ClassVar[tuple[str, ...]] = (listed_in,)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {COUNTERS + listed_in: ("count",)}

    filter: str
    """In SCIM's filter language (RFC 7644 section 3.4.2.2)."""
    owner_id: str
    """Who made it."""


def load_segment(call: Call, segment_id: str) -> Segment:
    """A segment. Raises NotFound ("Segment not found")."""
    return call.table.load(Segment, segment_id)


def load_own_segment(call: Call, segment_id: str) -> Segment:
    """A segment that the caller may change: one of their own, or any for a platform admin. Raises
    NotFound, or Forbidden for somebody else's.
    """
    segment = load_segment(call, segment_id)
    if segment.owner_id != call.actor.id and not call.actor.holds(Permission.ADMIN_ACCESS):
        detail = "This segment is somebody else's; only they and platform admins may change it."
        raise Forbidden("segment_of_another", detail)
    return segment


class SegmentAnswer(VersionedAnswer):
    """A segment as an answer shows it."""

    id: str
    name: str
    description: str | None = None
    filter: str
    owner_id: Annotated[str, Field(description="Who made it, be they deleted by now.")]
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, segment: Segment) -> Self:
        """The answer about this segment."""
        return cls.model_validate({name: getattr(segment, name) for name in Segment.model_fields})
