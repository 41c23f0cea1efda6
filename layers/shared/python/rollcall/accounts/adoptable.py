"""Which user an account makes that a user pool had before Rollcall came to it, if any (L3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from rollcall.kit.call import Call
from rollcall.kit.errors import Problem
from rollcall.kit.identity import FEDERATED_STATUS, MUST_CHANGE_STATUS, FoundAccount
from rollcall.kit.ids import is_id
from rollcall.kit.sentences import write_sentence
from rollcall.kit.text import Line
from rollcall.users.fields import RESERVED, Email, Phone, Username
from rollcall.users.statuses import Status
from rollcall.users.user import User

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+=:|~-]{0,127}")
"""What stands in addresses, keys and other ids as it is."""
_STATUSES: Mapping[str, Status] = {
    "UNCONFIRMED": Status.PENDING_VERIFICATION,
    "CONFIRMED": Status.ACTIVE,
    "RESET_REQUIRED": Status.ACTIVE,
    MUST_CHANGE_STATUS: Status.ACTIVE,
    FEDERATED_STATUS: Status.ACTIVE,
}


class NotAdoptable(Problem):
    """An account that no user of ours could have."""

    status, title = 422, "Cannot be adopted"


@dataclass(frozen=True)
class AdoptionRules:
    """What whoever adopts decides."""

    trust_addresses: bool = False
    """Whether addresses count as confirmed that the pool does not call so."""
    reserved: Collection[str] = ()
    """What can be nobody's id, because it is a word of the API's addresses."""


class _Said(BaseModel):
    """What an account says of its person, in the forms that users have."""

    email: Email | None = None
    phone_number: Phone | None = None
    preferred_username: Username | None = None
    name: Line | None = None


def read_account(call: Call, account: FoundAccount, rules: AdoptionRules) -> User:
    """The user that an account makes. Raises NotAdoptable."""
    _check_id(account.id, rules.reserved)
    said = _read_attributes(account.attributes)
    return User(
        id=account.id,
        created_at=min(account.created_at or call.now, call.now),
        updated_at=call.now,
        email=said.email,
        phone=said.phone_number,
        username=said.preferred_username,
        name=said.name,
        status=_find_status(account, rules),
    )


def _check_id(account_id: str, reserved: Collection[str]) -> None:
    if not _ID.fullmatch(account_id) or account_id in reserved:
        detail = "Its name in the pool cannot stand in an address of the API."
        raise NotAdoptable("id_unusable", detail)
    if account_id.startswith(RESERVED) and not is_id("usr", account_id):
        detail = f"Its name in the pool begins with {RESERVED} and is no id of Rollcall's."
        raise NotAdoptable("id_unusable", detail)


def _read_attributes(attributes: Mapping[str, str]) -> _Said:
    given = {name: attributes[name] for name in _Said.model_fields if attributes.get(name)}
    if not {"email", "phone_number"} & given.keys():
        raise NotAdoptable("address_needed", "It has neither an email nor a phone number.")
    try:
        return _Said.model_validate(given)
    except ValidationError as error:
        (wrong, *_) = error.errors()
        name = str(wrong["loc"][0])
        detail = f"Its {name.replace('_', ' ')} cannot be used: {write_sentence(wrong)}"
        raise NotAdoptable(f"{name}_invalid", detail) from None


def _find_status(account: FoundAccount, rules: AdoptionRules) -> Status:
    """An active user's addresses count as confirmed, so that only those may become one who have
    proved theirs, unless they are trusted.
    """
    if account.status not in _STATUSES:
        detail = f"Its status in the pool is {account.status}, which no user can have."
        raise NotAdoptable("status_unusable", detail)
    status = _STATUSES[account.status]
    verified = set(verified_addresses(account).values())
    unproved = verified != {True} and not rules.trust_addresses
    if unproved and (not account.enabled or True in verified):
        detail = (
            "One of its addresses is not confirmed, and is no address of a user who is "
            f"{'active' if account.enabled else 'disabled'}; confirm or remove it in the pool, "
            "or trust addresses."
        )
        raise NotAdoptable("address_unconfirmed", detail)
    if not account.enabled:
        return Status.INACTIVE
    return Status.PENDING_VERIFICATION if unproved else status


def verified_addresses(account: FoundAccount) -> Mapping[str, bool]:
    """Of each address, whether somebody has proved that it is theirs."""
    held = (name for name in ("email", "phone_number") if account.attributes.get(name))
    return {name: account.attributes.get(f"{name}_verified") == "true" for name in held}
