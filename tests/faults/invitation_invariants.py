"""I14: a link is used at most once, and never after it expired or was replaced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tests.faults.stored import Item, Stored

_USED = {"accepted", "verified"}
_TOKEN = re.compile(r"(inv|reg)_[0-9a-z]{26}_[0-9a-f]{64}")


def check_invitations(stored: Stored) -> Iterator[str]:
    """Invariants that always hold."""
    used: Counter[tuple[str, str]] = Counter()
    for entry in stored.journal:
        status = entry["changes"].get("status", {})
        if entry["target"]["kind"] in {"invitation", "registration"}:
            used[entry["target"]["id"], status.get("after", "")] += 1
            if status.get("after") in _USED and status.get("before") != "pending":
                yield f"I14: {entry['target']['id']} was {status['before']} when it was used"
    for (target, status_after), number in used.items():
        if status_after in _USED and number > 1:
            yield f"I14: {target} was {status_after} {number} times"
    if _TOKEN.search(repr(stored.items)):
        yield "I14: a token is in the table"


def check_waiting(stored: Stored) -> Iterator[str]:
    """What holds when everything has settled: whose invitation is pending or withdrawn is still
    invited, and whose was accepted is not.
    """
    users = {user["id"]: user for user in stored.users}
    for invitation in stored.of_kind("INVITATION#"):
        user: Item = users.get(invitation["userId"], {"status": "gone"})
        waits = invitation["status"] in {"pending", "withdrawn"}
        if waits is not (user["status"] == "invited"):
            yield f"I14: {invitation['id']} is {invitation['status']}, the user {user['status']}"
        if invitation["status"] == "pending" and invitation["email"] != user.get("email"):
            yield f"I21: {invitation['id']} has its link at a former address"
