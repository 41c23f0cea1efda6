"""Which users a request selects: its filters, of those that are known, as one condition."""

from __future__ import annotations

from datetime import UTC

from rollcall.directory.conditions import Condition, KnownFacts, KnownSource, compile_condition
from rollcall.directory.database import Database
from rollcall.directory.expressions import conjoin
from rollcall.directory.filters import UserFilters, without_deleted
from rollcall.directory.scim_filter import parse_filter
from rollcall.kit.call import Call
from rollcall.segments import load_segment


def select_users(call: Call, database: Database, filters: UserFilters) -> Condition:
    """The condition for ``WHERE``. Raises Invalid for filters that cannot be understood, and
    NotFound for a segment that there is not.
    """
    expression = filters.expression(call.now)
    if filters.segment is not None:
        segment = load_segment(call, filters.segment)
        expression = conjoin(expression, parse_filter(segment.filter))
    return compile_condition(without_deleted(expression), read_known_facts(call, database))


def read_known_facts(call: Call, database: Database) -> KnownFacts:
    """Which facts sources have pushed, and when each last did."""
    sources: dict[str, KnownSource] = {}
    for source, names, pushed_at in database.list_sources():
        sources[source] = KnownSource(frozenset(names), pushed_at.replace(tzinfo=UTC))
    return KnownFacts(sources, call.now - call.settings.facts_fresh_for)
