"""Restores an entity at an earlier time from its journal entries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rollcall.kit.entity import Entity, Item
from rollcall.kit.errors import Unavailable
from rollcall.kit.journal import JournalEntry
from rollcall.kit.table import Table


def read_newest_first(table: Table, target_id: str) -> Iterable[JournalEntry]:
    """The journal's entries about one target."""
    items = table.query_index("gsi1", JournalEntry.about(target_id), newest_first=True)
    return (JournalEntry.model_validate(item) for item in items)


def rewind[E: Entity](present: E, entries: Iterable[JournalEntry], at: datetime) -> E | None:
    """The entity at a time; None if it did not exist yet. ``entries`` are its journal entries,
    newest first, and are read only as needed.

    The clocks of writers differ, so a later version can have an earlier time. The result is the
    highest version with a time up to ``at``. Raises Unavailable while the journal's index, which
    is eventually consistent, does not contain all entries.
    """
    undone: dict[int, JournalEntry] = {}
    reached = 0
    for entry in entries:
        version = entry.target.version
        if version > present.version:  # written after the present version was read
            continue
        undone[version] = entry
        if entry.at <= at:
            reached = max(reached, version)
            if _covers(undone, reached, present.version):
                break
    if not _covers(undone, reached, present.version):
        detail = "The index of the journal is not up to date yet. Retry in a few seconds."
        raise Unavailable("history_incomplete", detail)
    return _restore(present, undone, reached) if reached else None


def _restore[E: Entity](present: E, undone: dict[int, JournalEntry], reached: int) -> E:
    facts = present.facts()
    for version in range(present.version, reached, -1):
        _undo(facts, undone[version])
    # Sorted, as rows are stored; restored facts were appended at the end.
    then = present.with_facts(dict(sorted(facts.items())), reached)
    return then.model_copy(update={"updated_at": undone[reached].at})


def _covers(undone: dict[int, JournalEntry], reached: int, present: int) -> bool:
    return all(version in undone for version in range(reached + 1, present + 1))


def _undo(facts: Item, entry: JournalEntry) -> None:
    for name, change in entry.changes.items():
        if change.before is None:
            facts.pop(name, None)
        else:
            facts[name] = change.before
