"""I6, I16: the journal reproduces the stored data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.faults.stored import NEWER, SYSTEM_ROW, Item, Stored

_NO_FACTS = {
    NEWER,
    *("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "expiresAt"),
    *("version", "createdAt", "updatedAt"),
    *("identityVersion", "signedOutEpoch", "pendingCredential", "grantsEndAt"),
    *("checkedAt", "completedAt", "checkedAccounts", "checkedUsers", "mended"),
    "credentialSentTo",
    "welcomedWith",
    *("memberCount", "hiddenMemberCount", "activeWorkspaceCount", "holderCount", "lastAccessedAt"),
}
"""Attributes of entities that are not in the journal."""
_NO_FACTS_OF_GRANTS = {"userId", "hidden", "pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"}


def check_journal(stored: Stored) -> Iterator[str]:
    """Every version has one entry, and all entries together give the stored entity."""
    entries: dict[str, list[Item]] = defaultdict(list)
    for entry in stored.journal:
        entries[entry["target"]["id"]].append(entry)
    for target in sorted(entries.keys() | stored.entities.keys()):
        ordered = sorted(entries[target], key=lambda entry: int(entry["target"]["version"]))
        if target in stored.entities:
            yield from _check_entity(stored, stored.entities[target], ordered)
        elif not _is_gone_with_its_user(stored, ordered):
            yield f"I6: {target} is in the journal only"


def _is_gone_with_its_user(stored: Stored, ordered: list[Item]) -> bool:
    """Entities stored with a user are removed with the user, without their own entry."""
    first = ordered[0]
    user_id = first["changes"].get("userId", {}).get("after")
    kinds = {"note", "sign-ins", "facts", "inactivity"}
    return first["target"]["kind"] in kinds and user_id in stored.erased_users


def _check_entity(stored: Stored, entity: Item, ordered: list[Item]) -> Iterator[str]:
    target = entity["id"]
    versions = [int(entry["target"]["version"]) for entry in ordered]
    if versions != list(range(1, int(entity["version"]) + 1)):
        yield f"I6: {target} is at {entity['version']} with entries {versions}"
    recorded: dict[str, Any] = {}
    for entry in ordered:
        for name, change in entry["changes"].items():
            if recorded.get(name) != change.get("before"):
                yield f"I6: {name} of {target} had another value before {entry['id']}"
            recorded[name] = change.get("after")
    present = _facts(stored, entity)
    for name in sorted(present.keys() | recorded.keys()):
        if present.get(name) != recorded.get(name):
            values = f"{present.get(name)!r}, but {recorded.get(name)!r} in its journal"
            yield f"I6: {name} of {target} is {values}"


def _known(value: Any) -> Any:
    """A value without the attributes of a newer version."""
    if not isinstance(value, dict):
        return value
    return {name: each for name, each in value.items() if name != NEWER}


def _facts(stored: Stored, entity: Item) -> Item:
    if entity["sk"] == "ACCESS":
        granted = {
            f"{kind}.{name}": permissions
            for kind in ("groups", "roles")
            for name, permissions in entity[kind].items()
        }
        return granted | {f"ended.{name}": True for name in entity["ended"]}
    facts = {name: _known(value) for name, value in entity.items() if name not in _NO_FACTS}
    if not entity["erased"]:
        del facts["erased"]  # recorded for tombstones only
    if entity["sk"] == "#USER":
        facts["isAdmin"] = stored.is_admin(entity)
    if entity["sk"] == "#USER" and not entity["erased"]:
        for kind, row in stored.grants(entity["pk"]):
            if row["sk"] != SYSTEM_ROW:
                no_fact = {*_NO_FACTS_OF_GRANTS, kind.subject}
                fact = {name: value for name, value in row.items() if name not in no_fact}
                facts[f"{kind.facts_name}.{row[kind.subject]}"] = fact
    return facts
