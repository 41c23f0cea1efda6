"""The users that a request selects: its filters and its segment as conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from typing import Annotated, NamedTuple

from pydantic import Field

from rollcall.directory.conditions import (
    Condition,
    KnownFacts,
    KnownSource,
    Reason,
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
from rollcall.kit.error_messages import clean
from rollcall.kit.errors import FieldError, Invalid
from rollcall.kit.model import Answer
from rollcall.users.resource_types import read_types

NAMED_AT_MOST = 3
"""Filters in one message. The list of errors has all of them."""


class FilteredAnswer(Answer):
    """An answer about the users that filters select."""

    skipped_filters: Annotated[
        tuple[SkippedFilter, ...] | None,
        Field(
            description="The parts of the filters that were ignored, because their facts are "
            "unknown or out of date, or because there is no such type of resources."
        ),
    ] = None


class Selection(NamedTuple):
    """The users that filters select, as conditions for ``WHERE``."""

    shown: Condition
    """Without soft-deleted users, unless the filters select by deletion themselves."""
    with_deleted: Condition
    """With soft-deleted users."""

    @property
    def hides_deleted(self) -> bool:
        """Whether soft-deleted users are excluded."""
        return self.shown != self.with_deleted


def select_users(call: Call, database: Database, filters: UserFilters) -> Condition:
    """The selected users without soft-deleted ones. Raises as :func:`read_selection` does."""
    return read_selection(call, database, filters).shown


def read_selection(call: Call, database: Database, filters: UserFilters) -> Selection:
    """The users that filters select. Raises Invalid for wrong filters, and NotFound for an unknown
    segment.
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
    except Invalid as refused:  # it was valid when it was saved
        message = f"The filter of the segment {segment.name} is no longer valid: {refused.detail}"
        raise Invalid.field("segment", message, "segment_outdated") from None


def refuse_skipped(condition: Condition) -> None:
    """Raise Invalid if parts of the filters were ignored. For operations that do more than show the
    selected users: they would act on other users than the caller asked for.
    """
    if not condition.skipped:
        return
    errors = tuple(
        FieldError("filter", f"{clean(each.filter)}: {_WHY[each.reason]}", each.reason)
        for each in condition.skipped
    )
    names = ", ".join(clean(each.filter) for each in condition.skipped[:NAMED_AT_MOST])
    detail = (
        f"These filters have no effect at present: {names}. Correct them, or send "
        "allowSkipped=true to leave them out."
    )
    raise Invalid("filters_skipped", detail, errors)


_WHY: Mapping[Reason, str] = {
    "unknown_source": "The source has not pushed any facts.",
    "unknown_fact": "The source has not pushed this fact about any user.",
    "stale_source": "The source has not pushed facts for too long.",
    "unknown_resource_type": "The type of resources does not exist.",
}


def read_known_facts(call: Call, database: Database) -> KnownFacts:
    """The facts that sources have pushed, and the time of each last push."""
    sources: dict[str, KnownSource] = {}
    for source, names, pushed_at in database.list_sources():
        sources[source] = KnownSource(frozenset(names) - {NO_NAME}, pushed_at.replace(tzinfo=UTC))
    types = frozenset(read_types(call.settings.resource_types))
    return KnownFacts(sources, call.now - call.settings.facts_fresh_for, types)
