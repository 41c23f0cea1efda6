"""What must hold of table, user pool and journal, read from the raw data and not with the code
under test. Numbers I1 to I17 are those of the project's list of invariants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from moto.cognitoidp.models import CognitoIdpUser

from functions.users.get_me import get_me
from tests.faults.count_invariants import (
    check_claims,
    check_counts,
    check_endings,
    check_granting,
    check_owners,
    check_remains,
    check_rows,
)
from tests.faults.directory_invariants import check_directory
from tests.faults.invitation_invariants import check_invitations, check_waiting
from tests.faults.journal_invariants import check_journal
from tests.faults.stored import Stored
from tests.world.strict_aws import find_pool
from tests.world.world import World

OPEN = {"active", "invited", "pending_verification"}
"""Statuses in which one may sign in."""
OURS = "usr_"
"""What the accounts of users are called; scenarios give foreign ones other names."""


def accounts(world: World) -> dict[str, CognitoIdpUser]:
    """Every account of the user pool, by its username."""
    pool = find_pool(world.runtime.settings.user_pool_id)
    return {user.username: user for user in pool.users.values()}


def check_always(world: World) -> list[str]:
    """Violations of what must hold at every moment."""
    stored = Stored(world.items())
    return [
        *_check_accounts_have_users(world, stored),
        *_check_admins(stored),
        *check_counts(stored),
        *check_claims(stored),
        *check_rows(stored),
        *check_owners(stored),
        *check_endings(stored),
        *check_granting(stored),
        *check_journal(stored),
        *check_invitations(stored),
        *_check_revocations(world, stored),
        *check_directory(world),
    ]


def check_settled(world: World) -> list[str]:
    """Violations of what must hold once reactions and reconciliation have run."""
    stored, pool = Stored(world.items()), accounts(world)
    return [
        *check_always(world),
        *(line for user in stored.users for line in _check_account(user, pool.get(user["id"]))),
        *check_remains(stored),
        *check_waiting(stored),
    ]


def check_secrets(world: World, secrets: Iterable[str], said: str) -> list[str]:
    """I17: what is secret stands in no item, and in nothing that was logged or answered."""
    stored = repr(world.items())
    return [
        f"I17: a secret is in {where}"
        for secret in secrets
        for where, text in (("the table", stored), ("a log or an answer", said))
        if secret in text
    ]


def _check_accounts_have_users(world: World, stored: Stored) -> Iterator[str]:
    known = {user["id"] for user in stored.users}
    for name in accounts(world):
        if name.startswith(OURS) and name not in known:
            yield f"I1: the account {name} has no user"


def _check_account(user: dict[str, Any], account: CognitoIdpUser | None) -> Iterator[str]:
    """I2: the account is as the user is, and the user is marked so."""
    who = f"I2: {user['id']} ({user['status']})"
    waiting = user.get("pendingCredential")
    if user["identityVersion"] != user["version"]:
        yield f"{who} is at {user['version']}, its account at {user['identityVersion']}"
    if waiting not in (None, "password"):
        yield f"{who} still waits for the {waiting}"
    if (user.get("gsi1pk") == "OUT_OF_STEP") is not (waiting is not None):
        yield f"{who} is wrongly listed as in or out of step"
    if user["erased"] is not (account is None):
        yield f"{who} wrongly has an account, or none"
    elif account is not None:
        yield from (f"{who} {difference}" for difference in _differences(user, account))


def _differences(user: dict[str, Any], account: CognitoIdpUser) -> Iterator[str]:
    if account.enabled is not (user["status"] in OPEN):
        yield f"has an account with enabled={account.enabled}"
    if ("admins" in {group.group_name for group in account.groups}) is not user["isAdmin"]:
        yield "is wrongly in or out of the group admins"
    held = {name: value for name, value in account.attribute_lookup.items() if name != "sub"}
    if held != _expected_attributes(user, held):
        yield f"has the attributes {held}"


def _expected_attributes(user: dict[str, Any], held: dict[str, str]) -> dict[str, str]:
    verified = "false" if user["status"] == "pending_verification" else "true"
    names = {"email": "email", "phone": "phone_number", "username": "preferred_username"}
    expected = {held_as: user[name] for name, held_as in names.items() if user.get(name)}
    if user.get("name"):
        expected["name"] = user["name"]
    for name in ("email", "phone_number"):
        if name in expected:
            expected[f"{name}_verified"] = verified
        elif f"{name}_verified" in held:  # left behind by an address that was removed
            expected[f"{name}_verified"] = held[f"{name}_verified"]
    return expected


def _check_admins(stored: Stored) -> Iterator[str]:
    """I4: an active platform admin remains, and the counter is right."""
    if not stored.users:  # no admin was created yet
        return
    counters = [int(item["count"]) for item in stored.partitions["COUNTER#admins"]]
    admins = sum(user["isAdmin"] and user["status"] == "active" for user in stored.users)
    if counters != [admins]:
        yield f"I4: {admins} active admins are counted as {counters}"
    if admins < 1:
        yield "I4: no active admin is left"


def _check_revocations(world: World, stored: Stored) -> Iterator[str]:
    """I3, I13: who may not sign in is refused, and a token from before a closing is worthless
    for ever, also when the account is open again.
    """
    closed: dict[str, datetime] = {}
    for entry in stored.journal:
        status = entry["changes"].get("status", {})
        if status.get("before") in OPEN and status["after"] not in OPEN:
            moment = datetime.fromisoformat(entry["at"])
            target = entry["target"]["id"]
            closed[target] = max(moment, closed.get(target, moment))
    for target, moment in closed.items():
        before = moment - timedelta(seconds=1)
        if world.invoke(get_me, caller=target, signed_in_at=before).status == 200:
            yield f"I13: a token of {target} from before the closing still counts"
    for user in stored.users:
        if user["status"] != "active" and world.invoke(get_me, caller=user["id"]).status == 200:
            yield f"I3: {user['id']} is {user['status']} and is let in"
