"""How users are stored: the index partitions that list them, the rows of a user's partition, and
the facts of grants in the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rollcall.grants.built_in_roles import SYSTEM
from rollcall.grants.grant import (
    HOLDERS,
    USER_PARTITION,
    Grant,
    Membership,
    OrganizationMembership,
    PermissionGrant,
    RoleGrant,
)
from rollcall.kit.entity import Item
from rollcall.kit.ids import ALPHABET, derive_id
from rollcall.kit.journal import SHARDS
from rollcall.users.fact_set import FACTS
from rollcall.users.owned import OWNED_SORT_KEY, Owned

OUT_OF_STEP = "OUT_OF_STEP"
"""The GSI1 partition of the users whose Cognito account is out of sync with the table."""
ALL_USERS = "USERS#"
"""The prefix of the GSI2 partitions that list all users who are not deleted. A number follows, so
that the writes spread over several partitions."""
SOFT_DELETED = "SOFT_DELETED"
"""The GSI2 partition of the users who can still be restored, sorted by the time of deletion."""
LISTED = (*(f"{ALL_USERS}{number}" for number in range(SHARDS)), SOFT_DELETED)
"""The GSI2 partitions that together list every user except the tombstones. There are as many as
the journal has shards, because each change of a user writes one journal entry."""
GRANTS_END_AT = "grantsEndAt"
"""The attribute of the user's item with the time when the first of the grants expires. It is not a
field of the user. A scan of all users needs it, because it does not read the rows.
"""

ADMINS_LISTED = f"{HOLDERS}{SYSTEM.id}"
"""The GSI2 partition of the platform admins: their grants of the role System."""

USER_SORT_KEY = "#USER"
SIGN_INS_SORT_KEY = "#SIGN_IN"
INACTIVITY_SORT_KEY = "#INACTIVITY"
"""These two are here, and not with their entities, because every function that reads a user needs
them and few need the entities."""

GRANT_FIELDS: Mapping[str, type[Grant]] = {
    "memberships": Membership,
    "organization_memberships": OrganizationMembership,
    "role_grants": RoleGrant,
    "permission_grants": PermissionGrant,
}
"""The user's fields that hold grants, each with the kind of grant."""
_FIELD_OF_KIND = {kind.kind: name for name, kind in GRANT_FIELDS.items()}
_FIELD_OF_FACT = {kind.facts_name: name for name, kind in GRANT_FIELDS.items()}
_ATTRIBUTES_BY_FIELD: Mapping[str, Mapping[str, str]] = {
    SIGN_INS_SORT_KEY: {"last_login_at": "lastLoginAt", "second_factor_after": "secondFactorAfter"},
    INACTIVITY_SORT_KEY: {"warned_at": "warnedAt", "promised_until": "disablesAt"},
}
"""The fields of the user that are attributes of other rows, by the sort keys of these rows."""
_SYSTEM_SORT_KEY = f"{RoleGrant.kind}{SYSTEM.id}"


def find_list(user_id: str) -> str:
    """The partition of ALL_USERS that lists a user. The last letter of the id decides, because it
    is random. The id of an adopted account may end in another character: then a derived id
    decides.
    """
    letter = user_id[-1] if user_id[-1] in ALPHABET else derive_id("usr", user_id)[-1]
    return f"{ALL_USERS}{ALPHABET.index(letter) % SHARDS}"


def split_items(items: Iterable[Item]) -> tuple[Item | None, dict[str, Any]]:
    """The user's own item, if it is among the items of the partition, and the fields that the
    other items hold. Rows of kinds that only a newer version knows are ignored.

    The ids of the user come from the keys. Functions that write only notes or facts can update
    attributes of the same names in the other items of the partition.
    """
    user: Item | None = None
    fields: dict[str, Any] = {name: [] for name in (*GRANT_FIELDS, "fact_sets")}
    # By its alias, so that it overrides an attribute of the user's own item. Only the grant counts:
    # fewer functions are allowed to write it.
    fields["isAdmin"] = False
    for item in items:
        sort_key = str(item["sk"])
        if sort_key == USER_SORT_KEY:
            # Functions that write only notes or facts could replace the item, but without a status.
            user = {**item, "id": _id_of(item)} if "status" in item else None
        elif sort_key in _ATTRIBUTES_BY_FIELD:
            attributes = _ATTRIBUTES_BY_FIELD[sort_key]
            fields |= {name: item.get(attribute) for name, attribute in attributes.items()}
        elif sort_key == OWNED_SORT_KEY:
            fields["owned"] = Owned.of_item(item)
        elif sort_key.startswith(FACTS):
            fields["fact_sets"].append(item)
        elif sort_key == _SYSTEM_SORT_KEY:
            fields["isAdmin"] = item.get("roleId") == SYSTEM.id
        elif field := _FIELD_OF_KIND.get(sort_key[: sort_key.find("#", 1) + 1]):
            fields[field].append({**item, "userId": _id_of(item)})
    return user, fields


def _id_of(item: Item) -> str:
    """The id of the user whose partition an item is in."""
    return str(item["pk"]).removeprefix(USER_PARTITION)


def warning_applies(
    warned_at: datetime | None,
    last_login_at: datetime | None,
    auth_epoch: int,
    email_works_since: datetime | None,
) -> bool:
    """Whether the clean-up's warning still applies. A later sign-in voids it. The end of all
    sessions, for example when the user is disabled, also voids it, so a user who is enabled again
    is warned again. A warning before a bounce was cleared did not arrive.
    """
    if warned_at is None or (email_works_since is not None and warned_at < email_works_since):
        return False
    unused = last_login_at is None or last_login_at < warned_at
    return unused and auth_epoch <= warned_at.timestamp()


def write_grant_facts(grants: Iterable[Grant]) -> Item:
    """One fact for each grant, so that a journal entry holds only the grants that changed."""
    return {f"{each.facts_name}.{each.subject}": each.fact() for each in grants}


def read_grant_facts(user_id: str, facts: Item) -> tuple[Item, dict[str, list[Grant]]]:
    """The facts that are not about grants, and the grants of the others by the user's fields."""
    own: Item = {}
    grants: dict[str, list[Grant]] = {name: [] for name in GRANT_FIELDS}
    for fact, value in facts.items():
        name, _, subject = fact.partition(".")
        if subject:
            field = _FIELD_OF_FACT[name]
            grants[field].append(GRANT_FIELDS[field].of_fact(user_id, subject, value))
        else:
            own[fact] = value
    return own, grants
