"""Which users a request selects: its filters, of those that are known, as conditions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Annotated, NamedTuple

from pydantic import Field

from rollcall.directory.conditions import (
    Condition,
    KnownFacts,
    KnownSource,
    SkippedFilter,
    compile_condition,
    read_filter,
)
from rollcall.directory.database import Database
from rollcall.directory.expressions import Expression, conjoin
from rollcall.directory.filters import UserFilters, without_deleted
from rollcall.directory.rows import NO_NAME
from rollcall.directory.segment import Segment, load_segment
from rollcall.kit.call import Call
from rollcall.kit.errors import Invalid
from rollcall.kit.model import Answer


class OfSelection(Answer):
    """An answer about the users whom filters select."""

    skipped_filters: Annotated[
        tuple[SkippedFilter, ...] | None,
        Field(description="What was left out of account, because its source is not heard from."),
    ] = None


class Selection(NamedTuple):
    """The users whom filters select, as conditions for ``WHERE``."""

    shown: Condition
    """Without those who are soft-deleted, unless the filters ask about that themselves."""
    with_deleted: Condition
    """With them in any case."""

    @property
    def hides_deleted(self) -> bool:
        """Whether any may be left out for being soft-deleted."""
        return self.shown != self.with_deleted


def select_users(call: Call, database: Database, filters: UserFilters) -> Condition:
    """Those who are shown. Raises as :func:`read_selection` does."""
    return read_selection(call, database, filters).shown


def read_selection(call: Call, database: Database, filters: UserFilters) -> Selection:
    """What filters select. Raises Invalid for filters that cannot be understood, and NotFound for
    a segment that there is not.
    """
    expression = filters.expression(call.now)
    segment = load_segment(call, filters.segment) if filters.segment is not None else None
    if segment:
        expression = conjoin(expression, _read_segment(segment))
    known = read_known_facts(call, database)
    comes_of = segment.filter if segment else None
    return Selection(
        replace(compile_condition(without_deleted(expression), known), segment=comes_of),
        replace(compile_condition(expression, known), segment=comes_of),
    )


def _read_segment(segment: Segment) -> Expression:
    try:
        return read_filter(segment.filter)
    except Invalid as refused:  # good when it was saved, by what could be asked then
        message = f"The segment {segment.name} can no longer be used: {refused.detail}"
        raise Invalid.field("segment", message, "segment_outdated") from None


def read_known_facts(call: Call, database: Database) -> KnownFacts:
    """Which facts sources have pushed, and when each last did."""
    sources: dict[str, KnownSource] = {}
    for source, names, pushed_at in database.list_sources():
        sources[source] = KnownSource(frozenset(names) - {NO_NAME}, pushed_at.replace(tzinfo=UTC))
    return KnownFacts(sources, call.now - call.settings.facts_fresh_for)
