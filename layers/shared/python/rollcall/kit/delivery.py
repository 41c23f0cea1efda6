"""Deliveries: which new journal entries which functions receive.

A delivery names entries and does not contain them. So it always fits into an asynchronous
invocation, and neither Lambda's queue nor a dead-letter queue stores personal data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from rollcall.kit.attribute_values import from_attributes
from rollcall.kit.entity import Key
from rollcall.kit.journal import COPIED, JournalEntry

type Subscriptions = Mapping[str, tuple[str, ...]]
"""The kinds of entities that each function reacts to, by the name of the function."""


class Delivery(BaseModel):
    """The event of a function that reacts to journal entries."""

    # The error about another event must not show it in a log.
    model_config = ConfigDict(hide_input_in_errors=True)

    function: str
    """The name of the function: it says in a dead-letter queue who has not received the entries."""
    entries: tuple[Key, ...]


def plan_deliveries(
    records: Iterable[Mapping[str, Any]], subscriptions: Subscriptions
) -> Iterator[Delivery]:
    """One delivery for each function that reacts to at least one of these records of the stream.
    Other records than those of new journal entries are ignored, and so are entries that a restore
    copies.
    """
    entries: dict[str, list[Key]] = defaultdict(list)
    for record in records:
        key = Key(**from_attributes(record["dynamodb"]["Keys"]))
        if record["eventName"] == "INSERT" and key.pk.startswith(JournalEntry.partition):
            image = record["dynamodb"]["NewImage"]
            if COPIED in image:
                continue
            kind = image["target"]["M"]["kind"]["S"]
            for function in _find_subscribers(kind, subscriptions):
                entries[function].append(key)
    for function, keys in entries.items():
        yield Delivery(function=function, entries=tuple(keys))


def _find_subscribers(kind: str, subscriptions: Subscriptions) -> Iterator[str]:
    return (function for function, kinds in subscriptions.items() if kind in kinds)


def match_new_entries(subscriptions: Subscriptions) -> dict[str, Any]:
    """The filter pattern of an event source: new journal entries that some function reacts to."""
    kinds = sorted({kind for kinds in subscriptions.values() for kind in kinds})
    return {
        "eventName": ["INSERT"],
        "dynamodb": {
            "Keys": {"pk": {"S": [{"prefix": JournalEntry.partition}]}},
            "NewImage": {"target": {"M": {"kind": {"S": kinds}}}},
        },
    }


def write_subscriptions(subscriptions: Subscriptions) -> str:
    """The subscriptions as one setting, which :func:`read_subscriptions` reads."""
    return ",".join(f"{name}={'+'.join(kinds)}" for name, kinds in subscriptions.items())


def read_subscriptions(text: str) -> Subscriptions:
    """The subscriptions in a setting, as ``notify_user=user,finish_deletion=user+group``."""
    pairs = (each.partition("=") for each in text.split(",") if each)
    return {name: tuple(kinds.split("+")) for name, _, kinds in pairs}
