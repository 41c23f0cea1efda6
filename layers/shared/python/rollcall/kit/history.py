"""What an entity was at an earlier time, from its journal."""

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
    """The entity as it was at a time; None when it was not there yet. ``entries`` are those about
    it, newest first, and are read no further than needed.

    Writers' clocks differ, so a later version may carry an earlier time: what counts is the
    highest version written by then. Raises Unavailable while the journal's index, which is
    eventually consistent, has not got them all.
    """
    undone: dict[int, JournalEntry] = {}
    reached = 0
    for entry in entries:
        version = entry.target.version
        if version > present.version:  # written since the present one was read
            continue
        undone[version] = entry
        if entry.at <= at:
            reached = max(reached, version)
            if _covers(undone, reached, present.version):
                break
    if not _covers(undone, reached, present.version):
        detail = "The journal's index is still catching up; ask again in a moment."
        raise Unavailable("history_incomplete", detail)
    return _restore(present, undone, reached) if reached else None


def _restore[E: Entity](present: E, undone: dict[int, JournalEntry], reached: int) -> E:
    facts = present.facts()
    for version in range(present.version, reached, -1):
        _undo(facts, undone[version])
    # In order, as rows are stored: what was undone stands at the end.
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
