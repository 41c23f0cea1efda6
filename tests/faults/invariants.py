"""The invariants of table, user pool and journal, checked on the raw data without the code under
test. Numbers I1 to I17 refer to the project's list of invariants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from moto.cognitoidp.models import CognitoIdpUser

from functions.users.get_me import get_me
from rollcall.kit.call import TAKE_BACK
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
"""Statuses that allow sign-in."""
OURS = "usr_"
"""The prefix of users' accounts; foreign accounts in scenarios have other names."""


def accounts(world: World) -> dict[str, CognitoIdpUser]:
    """All accounts of the user pool by username."""
    pool = find_pool(world.runtime.settings.user_pool_id)
    return {user.username: user for user in pool.users.values()}


def check_always(world: World) -> list[str]:
    """Violations of invariants that must always hold."""
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
        *_check_credentials(stored),
        *check_directory(world),
    ]


def check_settled(world: World) -> list[str]:
    """Violations of invariants that must hold after reactions and reconciliation."""
    stored, pool = Stored(world.items()), accounts(world)
    return [
        *check_always(world),
        *(
            line
            for user in stored.users
            for line in _check_account(stored, user, pool.get(user["id"]))
        ),
        *check_remains(stored),
        *check_waiting(stored),
    ]


def check_secrets(world: World, secrets: Iterable[str], output: str) -> list[str]:
    """I17: no item, log entry or answer contains a secret."""
    stored = repr(world.items())
    return [
        f"I17: a secret is in {where}"
        for secret in secrets
        for where, text in (("the table", stored), ("a log or an answer", output))
        if secret in text
    ]


def _check_accounts_have_users(world: World, stored: Stored) -> Iterator[str]:
    known = {user["id"] for user in stored.users}
    for name in accounts(world):
        if name.startswith(OURS) and name not in known:
            yield f"I1: the account {name} has no user"


def _check_account(
    stored: Stored, user: dict[str, Any], account: CognitoIdpUser | None
) -> Iterator[str]:
    """I2: the account matches the user, and the user is marked as in sync."""
    who = f"I2: {user['id']} ({user['status']})"
    waiting = user.get("pendingCredential")
    if user["identityVersion"] != user["version"]:
        yield f"{who} is at {user['version']}, its account at {user['identityVersion']}"
    if waiting not in (None, "password"):
        yield f"{who} still waits for the {waiting}"
    if (user.get("gsi1pk") == "OUT_OF_STEP") is not (waiting is not None):
        yield f"{who} is wrongly listed as in or out of sync"
    if user["erased"] is not (account is None):
        yield f"{who} wrongly has or lacks an account"
    elif account is not None:
        if user["signedOutEpoch"] < user["authEpoch"]:
            yield f"I26: Cognito has not ended the sessions of {user['id']}"
        yield from (f"{who} {difference}" for difference in _differences(user, account))
        if ("admins" in {group.group_name for group in account.groups}) is not stored.is_admin(
            user
        ):
            yield f"{who} is wrongly in or out of the group admins"


def _differences(user: dict[str, Any], account: CognitoIdpUser) -> Iterator[str]:
    if account.enabled is not (user["status"] in OPEN):
        yield f"has an account with enabled={account.enabled}"
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
        elif f"{name}_verified" in held:  # left by a removed address
            expected[f"{name}_verified"] = held[f"{name}_verified"]
    return expected


def _check_admins(stored: Stored) -> Iterator[str]:
    """I4: an active platform admin remains, and the counter is right."""
    if not stored.users:  # there is no first admin yet
        return
    counters = [int(item["count"]) for item in stored.partitions["COUNTER#admins"]]
    admins = sum(stored.is_admin(user) and user["status"] == "active" for user in stored.users)
    if counters != [admins]:
        yield f"I4: {admins} active admins are counted as {counters}"
    if admins < 1:
        yield "I4: no active admin is left"


def _check_revocations(world: World, stored: Stored) -> Iterator[str]:
    """I3, I13: users who may not sign in are refused, and tokens from before an account was closed
    stay invalid, even after it is open again.
    """
    closed: dict[str, datetime] = {}
    for entry in stored.journal:
        status = entry["changes"].get("status", {})
        if status.get("before") in OPEN and status["after"] not in OPEN:
            at = datetime.fromisoformat(entry["at"])
            target = entry["target"]["id"]
            closed[target] = max(at, closed.get(target, at))
    for target, at in closed.items():
        before = at - timedelta(seconds=1)
        if world.invoke(get_me, caller=target, signed_in_at=before).status == 200:
            yield f"I13: a token of {target} from before the account was closed is still valid"
    for user in stored.users:
        if user["status"] != "active" and world.invoke(get_me, caller=user["id"]).status == 200:
            yield f"I3: {user['id']} is {user['status']} but is accepted"


def _check_credentials(stored: Stored) -> Iterator[str]:
    """I26: sign-ins from before a change of credentials, or from before an activation, are not
    valid. No scenario asks to keep them.
    """
    epochs = {user["id"]: user["authEpoch"] for user in stored.users}
    undone = {each["target"]["id"] for each in stored.journal if each["actor"]["id"] == TAKE_BACK}
    for entry in stored.journal:
        target, changes = entry["target"]["id"], entry["changes"]
        if target in epochs.keys() - undone and _replaces_credentials(entry["action"], changes):
            at = int(datetime.fromisoformat(entry["at"]).timestamp())
            if epochs[target] < at:
                yield f"I26: sessions of {target} from before {entry['action']} are valid"


def _replaces_credentials(action: str, changes: dict[str, Any]) -> bool:
    activated = changes.get("status", {})
    if activated.get("after") == "active" and activated.get("before") in OPEN:
        return True
    credentials = {"email", "phone", "credentialsChangedAt"}
    return action in {"update_user", "reset_password"} and not credentials.isdisjoint(changes)
