"""Segments: filters that have a name and are kept, to be used wherever a filter is."""

from __future__ import annotations

from typing import ClassVar

from rollcall.kit.call import Call
from rollcall.listed import Listed


class Segment(Listed):
    """A saved filter."""

    kind: ClassVar[str] = "segment"
    partition: ClassVar[str] = "SEGMENT#"
    listed_in: ClassVar[str] = "SEGMENTS"
    index_partitions: ClassVar[tuple[str, ...]] = ("SEGMENTS",)

    filter: str
    """In SCIM's filter language (RFC 7644 section 3.4.2.2)."""
    owner_id: str
    """Who made it."""


def load_segment(call: Call, segment_id: str) -> Segment:
    """A segment. Raises NotFound ("Segment not found")."""
    return call.table.load(Segment, segment_id)
