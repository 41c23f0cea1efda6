"""What must hold of table, user pool and journal, read from the raw data and not with the code
under test. Numbers I1 to I17 are those of the project's list of invariants.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from moto.cognitoidp.models import CognitoIdpUser

from functions.users.get_me import get_me
from tests.strict_aws import find_pool
from tests.world import World

OPEN = {"active", "invited", "pending_verification"}
"""Statuses in which one may sign in."""
ENTITIES = {"#USER", "ACCESS"}
OURS = "usr_"
"""What the accounts of users are called; scenarios give foreign ones other names."""


def accounts(world: World) -> dict[str, CognitoIdpUser]:
    """Every account of the user pool, by its username."""
    pool = find_pool(world.runtime.settings.user_pool_id)
    return {user.username: user for user in pool.users.values()}


def check_always(world: World) -> list[str]:
    """Violations of what must hold at every moment."""
    items = world.items()
    return [
        *_check_accounts_have_users(world, items),
        *_check_admins(items),
        *_check_claims(items),
        *_check_journal(items),
        *_check_revocations(world, items),
    ]


def check_settled(world: World) -> list[str]:
    """Violations of what must hold once reactions and reconciliation have run."""
    items, pool = world.items(), accounts(world)
    return [
        *check_always(world),
        *(line for user in _users(items) for line in _check_account(user, pool.get(user["id"]))),
        *_check_groups(items),
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


def _users(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["sk"] == "#USER"]


def _check_accounts_have_users(world: World, items: list[dict[str, Any]]) -> Iterator[str]:
    known = {user["id"] for user in _users(items)}
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


def _check_admins(items: list[dict[str, Any]]) -> Iterator[str]:
    """I4: an active platform admin remains, and the counter is right."""
    if not _users(items):  # nothing has been founded yet
        return
    counters = [int(item["count"]) for item in items if item["pk"] == "COUNTER#admins"]
    admins = sum(user["isAdmin"] and user["status"] == "active" for user in _users(items))
    if counters != [admins]:
        yield f"I4: {admins} active admins are counted as {counters}"
    if admins < 1:
        yield "I4: no active admin is left"


def _check_claims(items: list[dict[str, Any]]) -> Iterator[str]:
    """I5: each unique value is claimed by the one who has it, and by nobody else."""
    claimed = Counter((i["pk"], i["owner"]) for i in items if i["pk"].startswith("CLAIM#"))
    held: Counter[tuple[str, str]] = Counter()
    for item in items:
        if item["sk"] == "#USER":
            fields = {"email", "phone", "username"} & item.keys()
            held.update((f"CLAIM#{name}#{item[name]}", item["id"]) for name in fields)
        elif item["pk"].startswith("GROUP#"):
            held[f"CLAIM#group-name#{item['name'].casefold()}", item["id"]] += 1
    for claim, owner in (claimed - held) + (held - claimed):
        yield f"I5: {claim} and {owner} do not belong together"


def _check_journal(items: list[dict[str, Any]]) -> Iterator[str]:
    """I6: every version has one entry, and the entries together give what is stored (I16)."""
    entries = defaultdict(list)
    for item in items:
        if item["pk"].startswith("JOURNAL#"):
            entries[item["target"]["id"]].append(item)
    stored = {i["id"]: i for i in items if i["sk"] in ENTITIES or i["pk"].startswith("GROUP#")}
    for target in entries.keys() | stored.keys():
        if target not in stored:
            yield f"I6: {target} is in the journal only"
            continue
        ordered = sorted(entries[target], key=lambda entry: int(entry["target"]["version"]))
        versions = [int(entry["target"]["version"]) for entry in ordered]
        if versions != list(range(1, int(stored[target]["version"]) + 1)):
            yield f"I6: {target} is at {stored[target]['version']} with entries {versions}"
        yield from _check_replay(stored[target], _replay(ordered), items)


def _replay(entries: list[dict[str, Any]]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for entry in entries:
        for name, change in entry["changes"].items():
            facts[name] = change.get("after")
    return {name: value for name, value in facts.items() if value is not None}


_NOT_FACTS = {"pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "version", "createdAt"} | {
    "updatedAt", "identityVersion", "signedOutEpoch", "pendingCredential", "expiresAt"
}  # fmt: skip


def _check_replay(
    stored: dict[str, Any], facts: dict[str, Any], items: list[dict[str, Any]]
) -> Iterator[str]:
    present = _facts(stored)
    rows = [i for i in items if i["pk"] == stored["pk"] and i["sk"].startswith("#GROUP#")]
    memberships = sorted((i["groupId"], i["role"]) for i in rows)
    replayed = sorted((m["groupId"], m["role"]) for m in facts.pop("memberships", []))
    if present != facts:
        yield f"I6: {stored['id']} is not what its journal says"
    if memberships != replayed and not stored.get("erased"):
        yield f"I6: {stored['id']} is in other groups than its journal says"


def _facts(stored: dict[str, Any]) -> dict[str, Any]:
    if stored["sk"] != "ACCESS":
        return {name: value for name, value in stored.items() if name not in _NOT_FACTS}
    grants = ((kind, stored[kind]) for kind in ("groups", "roles"))
    return {f"{kind}.{name}": value for kind, held in grants for name, value in held.items()}


def _check_groups(items: list[dict[str, Any]]) -> Iterator[str]:
    """An erased user leaves nothing but the tombstone."""
    erased = {user["pk"] for user in _users(items) if user["erased"]}
    for item in items:
        if item["pk"] in erased and item["sk"] != "#USER":
            yield f"I2: {item['pk']} is erased and has {item['sk']}"


def _check_revocations(world: World, items: list[dict[str, Any]]) -> Iterator[str]:
    """I3, I13: who may not sign in is refused, and a token from before a closing is worthless
    for ever, also when the account is open again.
    """
    closed: dict[str, datetime] = {}
    for item in items:
        status = item.get("changes", {}).get("status", {})
        if status.get("before") in OPEN and status["after"] not in OPEN:
            moment = datetime.fromisoformat(item["at"])
            target = item["target"]["id"]
            closed[target] = max(moment, closed.get(target, moment))
    for target, moment in closed.items():
        before = moment - timedelta(seconds=1)
        if world.invoke(get_me, caller=target, signed_in_at=before).status == 200:
            yield f"I13: a token of {target} from before the closing still counts"
    for user in _users(items):
        if user["status"] != "active" and world.invoke(get_me, caller=user["id"]).status == 200:
            yield f"I3: {user['id']} is {user['status']} and is let in"
