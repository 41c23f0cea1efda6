"""An entry of the journal that is changed or deleted is reported, and nothing else is."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from ministack.services.lambda_svc import _match_esm_filter

from functions.reactions.watch_journal import watch_journal
from rollcall.kit.attribute_values import to_attributes
from tests.world.world import World


def record_of(item: dict[str, Any], event: str) -> dict[str, Any]:
    """The record of a change in the stream, which has no image of a deleted item."""
    image = to_attributes(item)
    stream: dict[str, Any] = {
        "ApproximateCreationDateTime": 1767603600.0,
        "Keys": {name: image[name] for name in ("pk", "sk")},
    }
    if event != "REMOVE":
        stream["NewImage"] = image
    return {"eventName": event, "dynamodb": stream}


@pytest.mark.parametrize("event", ["INSERT", "MODIFY", "REMOVE"])
def test_event_filter_matches_changes_and_deletions_of_the_journal_alone(
    world: World, event: str
) -> None:
    world.add_user()
    for item in world.items():
        matches = _match_esm_filter(record_of(item, event), watch_journal.stream_filter())
        assert matches == (item["pk"].startswith("JOURNAL#") and event != "INSERT")


@pytest.mark.parametrize("event", ["MODIFY", "REMOVE"])
def test_log_names_the_entry_and_none_of_its_content(
    world: World, logged: StringIO, event: str
) -> None:
    world.add_user("jane@example.com")
    entry = world.journal()[-1]
    logged.truncate(0)
    logged.seek(0)
    watch_journal({"Records": [record_of(entry.item(), event)]}, None)

    written = logged.getvalue()
    line = json.loads(written)
    names = ("level", "message", "outcome", "partition", "entry", "at")
    assert [line[each] for each in names] == [
        "ERROR",
        "watch_journal",
        event,
        *entry.key(),
        "2026-01-05T09:00:00+00:00",
    ]
    assert "jane@example.com" not in written
