"""I4, I5: counts, lists and claims match the stored data, and no entity that another one requires
is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rollcall.kit.text import name_key
from tests.faults.stored import GrantKind, Item, Stored

_LISTED = {
    "GROUP#": "GROUPS",
    "ROLE#": "ROLES",
    "ORGANIZATION#": "ORGANIZATIONS",
    "SEGMENT#": "SEGMENTS",
}
_NUMBERS = {
    "GROUP#": ("memberCount", "hiddenMemberCount", "activeWorkspaceCount"),
    "ROLE#": ("holderCount",),
    "ORGANIZATION#": ("memberCount", "hiddenMemberCount"),
}
_MEMBER_OF = {"groupId": "GROUP#", "organizationId": "ORGANIZATION#"}
_INDEXES = {"gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"}


def check_counts(stored: Stored) -> Iterator[str]:
    """Every counter equals the number of counted items."""
    counted, real = dict(_counted(stored)), Counter(_count(stored))
    for key in sorted(counted.keys() | real.keys()):
        if counted.get(key, 0) != real[key]:
            numbers = f"{counted.get(key, 0)} instead of {real[key]}"
            yield f"I4: {key[1]} of {key[0]} is {numbers}"


def _counted(stored: Stored) -> Iterator[tuple[tuple[str, str], int]]:
    for item in stored.items:
        pk = item["pk"]
        if pk.startswith("COUNTER#") and pk != "COUNTER#admins":
            yield (pk, "count"), int(item["count"])
        elif item["sk"] == "#OWNED":
            yield from (((pk, name), int(item[name])) for name in item if "#" in name)
        elif item["sk"] == pk:
            names = next((held for each, held in _NUMBERS.items() if pk.startswith(each)), ())
            yield from (((pk, name), int(item.get(name, 0))) for name in names)


def _count(stored: Stored) -> Iterator[tuple[str, str]]:
    for partition, listed_in in _LISTED.items():
        yield from ((f"COUNTER#{listed_in}", "count") for _ in stored.of_kind(partition))
    for organization in stored.of_kind("ORGANIZATION#"):
        yield f"ROLE#{organization['defaultRoleId']}", "holderCount"
    for _, row in stored.grants():
        yield from _count_grant(row)
    for resource in stored.of_kind("RESOURCE#"):
        yield from _count_resource(resource)


def _count_grant(row: Item) -> Iterator[tuple[str, str]]:
    for field, holder in _MEMBER_OF.items():
        if field in row:
            yield f"{holder}{row[field]}", "memberCount"
        if field in row and row.get("hidden"):
            yield f"{holder}{row[field]}", "hiddenMemberCount"
    if "roleId" in row:
        yield f"ROLE#{row['roleId']}", "holderCount"


def _count_resource(resource: Item) -> Iterator[tuple[str, str]]:
    owned = f"USER#{resource['userId']}"
    if not resource["orphaned"]:
        yield owned, f"type#{resource['type']}"
    if keeps_in_group(resource):
        yield f"GROUP#{resource['groupId']}", "activeWorkspaceCount"
        if not resource["orphaned"]:
            yield owned, f"active#{resource['groupId']}"


def keeps_in_group(resource: Item) -> bool:
    """Whether it is an active workspace, which prevents the deletion of its group."""
    return resource["type"] == "workspace" and resource["active"] and "groupId" in resource


def check_claims(stored: Stored) -> Iterator[str]:
    """Each unique value is claimed by the entity that has it, and by no other."""
    claimed = Counter((i["pk"], i["owner"]) for i in stored.items if i["pk"].startswith("CLAIM#"))
    held = Counter(_held(stored))
    for claim, owner in (claimed - held) + (held - claimed):
        yield f"I5: {claim} does not match {owner}"


def _held_by_users(stored: Stored) -> Iterator[tuple[str, str]]:
    unique = {"email": "email", "phone": "phone", "username": "username", "uniqueId": "unique-id"}
    for user in stored.users:
        held = {f"{unique[name]}#{user[name].casefold()}" for name in unique.keys() & user.keys()}
        if not user["id"].startswith("usr_") and not user["erased"]:  # it was adopted
            held.add(f"username#{user['id'].casefold()}")
        yield from ((f"CLAIM#{each}", user["id"]) for each in held)


def _held(stored: Stored) -> Iterator[tuple[str, str]]:
    yield from _held_by_users(stored)
    for partition, kind in (("GROUP#", "group-name"), ("ROLE#", "role-name")):
        for each in stored.of_kind(partition):
            yield f"CLAIM#{kind}#{name_key(each['name'])}", each["id"]
    for each in stored.of_kind("ORGANIZATION#"):
        yield f"CLAIM#organization-slug#{each['slug']}", each["id"]
    runs = (each for each in stored.of_kind("LIFECYCLE_RUN#") if each["status"] == "running")
    yield from (("CLAIM#lifecycle-run#running", each["id"]) for each in runs)
    for each in stored.of_kind("RESOURCE#"):
        if "externalId" in each:
            yield f"CLAIM#resource#{each['type']}#{each['externalId']}", each["id"]


def check_rows(stored: Stored) -> Iterator[str]:
    """Every row of an entity belongs to it and has the correct index keys."""
    users = {user["pk"]: user for user in stored.users}
    for kind, row in stored.grants():
        who = f"I6: {row['sk']} of {row['pk']}"
        if row["pk"] not in users or row["pk"] != f"USER#{row['userId']}":
            yield f"{who} belongs to no user"
        if row["sk"] != f"{kind.prefix}{row[kind.subject]}":
            yield f"{who} is about {row[kind.subject]}"
        if _indexed(row) != _index_of(kind, row):
            yield f"{who} is indexed as {_indexed(row)}"
    for user in stored.users:
        if user["erased"] and stored.is_admin(user):
            yield f"I6: the tombstone {user['id']} has the role System"
        ends = [row["endsAt"] for _, row in stored.grants(user["pk"]) if "endsAt" in row]
        if user.get("grantsEndAt") != (min(ends, default=None) if not user["erased"] else None):
            yield f"I6: grants of {user['id']} end at {ends}, not {user.get('grantsEndAt')}"
    yield from _check_hidden(stored)
    yield from _check_places(stored)


def _check_hidden(stored: Stored) -> Iterator[str]:
    """Memberships are hidden while their user is soft-deleted."""
    for user in stored.users:
        members = [row for _, row in stored.grants(user["pk"]) if row.keys() & _MEMBER_OF.keys()]
        wrong = [row for row in members if bool(row.get("hidden")) != ("deletedAt" in user)]
        if wrong and not user["erased"]:
            yield f"I6: {user['id']} is wrongly hidden from or shown in {wrong[0]['sk']}"


def _index_of(kind: GrantKind, row: Item) -> dict[str, str]:
    user_id, subject = row["userId"], row[kind.subject]
    found: dict[str, str] = {}
    if kind.subject in {"groupId", "organizationId"}:
        found |= {"gsi1pk": f"MEMBERS#{subject}", "gsi1sk": user_id}
    if row.get("role") == "admin":
        found |= {"gsi2pk": "HOLDERS#group-admin", "gsi2sk": f"{user_id}#{subject}"}
    if kind.subject == "organizationId":
        found |= {"gsi2pk": f"HOLDERS#{row['roleId']}", "gsi2sk": f"{user_id}#{subject}"}
    if kind.subject in {"roleId", "permission"}:
        found |= {"gsi2pk": f"HOLDERS#{subject}", "gsi2sk": user_id}
    return found


def _indexed(item: Item | None) -> dict[str, str]:
    return {name: value for name, value in (item or {}).items() if name in _INDEXES}


def _check_places(stored: Stored) -> Iterator[str]:
    resources = {resource["pk"]: resource for resource in stored.of_kind("RESOURCE#")}
    places = {item["pk"]: item for item in stored.items if item["sk"] == "#PLACE"}
    for pk in sorted(resources.keys() | places.keys()):
        resource = resources.get(pk, {})
        expected: dict[str, str] = {}
        if "groupId" in resource and resource["type"] == "workspace":
            expected |= {"gsi1pk": f"WORKSPACES#{resource['groupId']}", "gsi1sk": resource["id"]}
        if resource.get("orphaned"):
            expected |= {"gsi2pk": f"ORPHANED#{resource['type']}", "gsi2sk": resource["id"]}
        if _indexed(places.get(pk)) != expected or (pk in places) is not bool(expected):
            yield f"I6: {pk} is placed as {_indexed(places.get(pk))} instead of {expected}"
        by_owner = {
            "gsi1pk": f"OWNER#{resource.get('userId')}",
            "gsi1sk": f"{resource.get('type')}#{resource.get('id')}",
            "gsi2pk": f"TYPE#{resource.get('type')}",
            "gsi2sk": resource.get("id"),
        }
        if resource and _indexed(resource) != by_owner:
            yield f"I6: {pk} is indexed as {_indexed(resource)}"


def check_owners(stored: Stored) -> Iterator[str]:
    """Every resource of an erased owner is orphaned or counted as left, and every active workspace
    is in a group of its owner.
    """
    owners = {user["id"]: user for user in stored.users}
    waiting: Counter[str] = Counter()
    for resource in stored.of_kind("RESOURCE#"):
        owner = owners[resource["userId"]]
        if not resource["orphaned"] and owner["erased"]:
            waiting[owner["id"]] += 1
        if resource["orphaned"] and not owner["erased"]:
            yield f"W2: {resource['id']} is orphaned, but its owner exists"
        if keeps_in_group(resource):
            yield from _check_group(stored, resource, owner)
    for user_id, number in waiting.items():
        if number > owners[user_id].get("thingsLeft", 0):
            yield f"W2: the tombstone of {user_id} does not count all resources that are left"


def _check_group(stored: Stored, workspace: Item, owner: Item) -> Iterator[str]:
    group_id = workspace["groupId"]
    if stored.entities[group_id]["erased"]:
        yield f"W1: {workspace['id']} is active in a deleted group"
    rows = (row for _, row in stored.grants(owner["pk"]))
    if not owner["erased"] and not any(row.get("groupId") == group_id for row in rows):
        yield f"W1: {workspace['id']} is active in a group that its owner is not in"


def check_granting(stored: Stored) -> Iterator[str]:
    """No user has a missing role, and missing roles and groups grant nothing."""
    roles = {role["id"] for role in stored.of_kind("ROLE#")}
    groups = {group["id"] for group in stored.of_kind("GROUP#")}
    for _, row in stored.grants():
        if "roleId" in row and row["roleId"] not in roles:
            yield f"R1: {row['userId']} has the role {row['roleId']}, which does not exist"
    for organization in stored.of_kind("ORGANIZATION#"):
        if organization["defaultRoleId"] not in roles:
            yield f"R1: the default role of {organization['id']} does not exist"
    policy = stored.entities.get("ACCESS", {"roles": {}, "groups": {}})
    for granting in (policy["roles"].keys() - roles) | (policy["groups"].keys() - groups):
        yield f"R1: {granting} does not exist, but grants permissions"


def check_endings(stored: Stored) -> Iterator[str]:
    """Deleted groups and organizations grant nothing to members that are not yet removed."""
    policy = stored.entities.get("ACCESS", {"ended": []})
    for tombstone in stored.tombstones:
        if tombstone.get("memberCount") and tombstone["id"] not in policy["ended"]:
            yield f"O1: {tombstone['id']} is deleted, but its members keep its grants"


def check_remains(stored: Stored) -> Iterator[str]:
    """Deletions leave only a tombstone that expires."""
    for user in stored.erased_users.values():
        remains = [item["sk"] for item in stored.partitions[user["pk"]] if item is not user]
        if remains or user.get("thingsLeft") or "expiresAt" not in user:
            yield f"I2: {user['id']} is erased and has {remains}, or work left, or no expiry"
    for tombstone in stored.tombstones:
        if tombstone.get("memberCount") or "expiresAt" not in tombstone:
            yield f"G1: {tombstone['id']} is erased and has members, or no expiry"
    policy = stored.entities.get("ACCESS", {"ended": []})
    if policy["ended"]:
        yield f"O1: {policy['ended']} have ended, but are still in the policy"
