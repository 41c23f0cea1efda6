"""The user for an account that was in the user pool before Rollcall, if it can be adopted (L3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from rollcall.kit.account import (
    FEDERATED_STATUS,
    MUST_CHANGE_STATUS,
    UNUSED_STATUSES,
    FoundAccount,
)
from rollcall.kit.call import Call
from rollcall.kit.error_messages import write_message
from rollcall.kit.errors import Problem
from rollcall.kit.ids import is_id
from rollcall.kit.text import Line
from rollcall.users.fields import RESERVED, Email, Phone, Username
from rollcall.users.statuses import Status
from rollcall.users.user import User

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+=:|~-]{0,127}")
"""Ids that need no encoding in URLs, keys and other ids."""
_STATUSES: Mapping[str, Status] = {
    "UNCONFIRMED": Status.PENDING_VERIFICATION,
    "CONFIRMED": Status.ACTIVE,
    "RESET_REQUIRED": Status.ACTIVE,
    MUST_CHANGE_STATUS: Status.ACTIVE,
    FEDERATED_STATUS: Status.ACTIVE,
}


class NotAdoptable(Problem):
    """An account that no user of Rollcall can have."""

    status, title = 422, "Cannot be adopted"


@dataclass(frozen=True)
class AdoptionRules:
    """The choices for an adoption."""

    trust_addresses: bool = False
    """Whether addresses that the pool has not confirmed count as confirmed."""
    reserved: Collection[str] = ()
    """Words that cannot be ids, because they are parts of the API's paths."""


class _Attributes(BaseModel):
    """The attributes of an account, validated like those of users."""

    email: Email | None = None
    phone_number: Phone | None = None
    preferred_username: Username | None = None
    name: Line | None = None


def read_account(call: Call, account: FoundAccount, rules: AdoptionRules) -> User:
    """The user for an account. Raises NotAdoptable."""
    _check_id(account.id, rules.reserved)
    attributes = _read_attributes(account.attributes)
    address = attributes.email or attributes.phone_number
    return User(
        id=account.id,
        created_at=min(account.created_at or call.now, call.now),
        updated_at=call.now,
        email=attributes.email,
        phone=attributes.phone_number,
        username=attributes.preferred_username,
        name=attributes.name,
        status=_find_status(account, rules),
        # Who created the account may have sent it there; it must not outlive a change of address.
        credential_sent_to=address if account.status in UNUSED_STATUSES else None,
    )


def _check_id(account_id: str, reserved: Collection[str]) -> None:
    if not _ID.fullmatch(account_id) or account_id in reserved:
        detail = "Its username in the pool cannot be part of an API path."
        raise NotAdoptable("id_unusable", detail)
    if account_id.startswith(RESERVED) and not is_id("usr", account_id):
        detail = f"Its username in the pool begins with {RESERVED}, but is not an id of Rollcall."
        raise NotAdoptable("id_unusable", detail)


def _read_attributes(attributes: Mapping[str, str]) -> _Attributes:
    given = {name: attributes[name] for name in _Attributes.model_fields if attributes.get(name)}
    if not {"email", "phone_number"} & given.keys():
        raise NotAdoptable("address_needed", "It has neither an email nor a phone number.")
    try:
        return _Attributes.model_validate(given)
    except ValidationError as error:
        (wrong, *_) = error.errors()
        name = str(wrong["loc"][0])
        detail = f"Its {name.replace('_', ' ')} cannot be used: {write_message(wrong)}"
        raise NotAdoptable(f"{name}_invalid", detail) from None


def _find_status(account: FoundAccount, rules: AdoptionRules) -> Status:
    """The status of the user. The addresses of an active user count as confirmed, so an account
    with unconfirmed addresses does not become one, unless they are trusted.
    """
    if account.status not in _STATUSES:
        detail = f"Its status in the pool is {account.status}, which has no equivalent for users."
        raise NotAdoptable("status_unusable", detail)
    status = _STATUSES[account.status]
    verified = set(verified_addresses(account).values())
    unconfirmed = verified != {True} and not rules.trust_addresses
    if unconfirmed and (not account.enabled or True in verified):
        detail = (
            "One of its addresses is not confirmed, so the user cannot be "
            f"{'active' if account.enabled else 'disabled'}. Confirm or remove it in the pool, "
            "or trust addresses."
        )
        raise NotAdoptable("address_unconfirmed", detail)
    if not account.enabled:
        return Status.INACTIVE
    return Status.PENDING_VERIFICATION if unconfirmed else status


def verified_addresses(account: FoundAccount) -> Mapping[str, bool]:
    """For each address, whether the pool has confirmed it."""
    held = (name for name in ("email", "phone_number") if account.attributes.get(name))
    return {name: account.attributes.get(f"{name}_verified") == "true" for name in held}
