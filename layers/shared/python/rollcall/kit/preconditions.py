"""Conditional requests: ``If-Match`` and ``If-None-Match`` (RFC 9110 section 13.1)."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from rollcall.kit.entity import Entity
from rollcall.kit.errors import Malformed, Stale

_TAG = r'(W/)?"([^\x00-\x20"\x7f]*)"'
_TAGS = re.compile(rf"[ \t,]*{_TAG}([ \t]*,[ \t,]*{_TAG})*[ \t,]*")
_EACH_TAG = re.compile(_TAG)
_VERSION = re.compile(r"(0|[1-9][0-9]{0,14})(?:-[0-9a-f]+)?")


class EntityTags(NamedTuple):
    """The entity tags that a header lists."""

    everything: bool = False
    """Whether the header is ``*``."""
    strong: frozenset[str] = frozenset()
    """The opaque parts of the tags, without quotation marks."""
    weak: frozenset[str] = frozenset()

    @classmethod
    def read(cls, header: str, value: str | None) -> Self | None:
        """The tags in the value of a header; None without the header. Raises Malformed."""
        if value is None:
            return None
        if value.strip(" \t") == "*":
            return cls(everything=True)
        if not _TAGS.fullmatch(value):
            detail = f'{header} must be * or a list of entity tags in quotation marks, as "3".'
            raise Malformed("bad_entity_tag", detail)
        found = _EACH_TAG.findall(value)
        strong = frozenset(opaque for weak, opaque in found if not weak)
        return cls(strong=strong, weak=frozenset(opaque for weak, opaque in found if weak))

    def has(self, etag: str) -> bool:
        """Whether one of the tags is this one, by weak comparison (RFC 9110 section 8.8.3.2)."""
        return self.everything or etag.strip('"') in self.strong | self.weak

    def has_version(self, version: int) -> bool:
        """Whether a strong tag is of this version. What else the answer with the tag showed, such
        as a last sign-in, does not matter to a write.
        """
        found = (_VERSION.fullmatch(each) for each in self.strong)
        return self.everything or any(int(each[1]) == version for each in found if each)

    def rules_out(self, version: int) -> bool:
        """Whether a write of this version is ruled out: of one that is listed, and with ``*`` of
        all that exist. Version 0 is a default that was never stored.
        """
        return version > 0 if self.everything else self.has_version(version)


class Preconditions(NamedTuple):
    """The conditions of one request."""

    if_match: EntityTags | None = None
    if_none_match: EntityTags | None = None

    def check(self, entity: Entity | None) -> None:
        """Raise Stale (412) unless a write of this entity meets the conditions; None: the write
        creates it.
        """
        if entity is None:
            if self.if_match is not None:
                detail = (
                    "If-Match requires a version, but this request creates something new. Send it "
                    "without If-Match."
                )
                raise Stale("stale_version", detail)
            return
        if self.if_match is not None and not self.if_match.has_version(entity.version):
            detail = (
                f"The {entity.kind} is at version {entity.version}, but If-Match names another "
                f"one. Read the {entity.kind} again before you change it."
            )
            raise Stale("stale_version", detail)
        if self.if_none_match is not None and self.if_none_match.rules_out(entity.version):
            detail = (
                f"The {entity.kind} exists at version {entity.version}, which If-None-Match rules "
                "out. Send If-Match to change it."
            )
            raise Stale("already_exists", detail)


UNCONDITIONAL = Preconditions()
"""No conditions."""
