"""User statuses: what each allows, and which can follow it (U12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, WithJsonSchema

from rollcall.kit.choices import Choice


class Status(Choice):
    """The status of a user (U12)."""

    INVITED = "invited"
    PENDING_VERIFICATION = "pending_verification"
    ACTIVE = "active"
    INACTIVE = "inactive"
    SUSPENDED = "suspended"
    DELETED = "deleted"


class StatusRules(NamedTuple):
    """What a status allows, and which statuses can follow it."""

    sign_in: bool
    be_modified: bool
    followed_by: frozenset[Status]


_OPEN = frozenset({Status.ACTIVE, Status.INACTIVE, Status.SUSPENDED, Status.DELETED})
_FROM_ACTIVE = (_OPEN - {Status.ACTIVE}) | {Status.PENDING_VERIFICATION}
STATUS_RULES: Mapping[Status, StatusRules] = {
    #                                      sign in, be modified, followed by
    Status.INVITED: StatusRules(True, True, _OPEN),
    Status.PENDING_VERIFICATION: StatusRules(True, True, _OPEN),
    Status.ACTIVE: StatusRules(True, True, _FROM_ACTIVE),
    Status.INACTIVE: StatusRules(False, True, _OPEN - {Status.INACTIVE}),
    Status.SUSPENDED: StatusRules(False, True, _OPEN - {Status.SUSPENDED}),
    # A restored user gets back the status from before the deletion.
    Status.DELETED: StatusRules(False, False, frozenset(Status) - {Status.DELETED}),
}
"""Workspaces need a platform session, so a user who cannot sign in cannot use them."""


def _refuse_deleted(status: Status) -> Status:
    if status is Status.DELETED:
        raise ValueError(
            "A user cannot be deleted this way. Use DELETE; ?mode=soft keeps the user restorable."
        )
    return status


OpenStatus = Annotated[
    Status,
    AfterValidator(_refuse_deleted),
    WithJsonSchema({"type": "string", "enum": [each for each in Status if each != "deleted"]}),
]
"""A status that a request can set."""


def _refuse_invited(status: Status) -> Status:
    if status is Status.INVITED:
        raise ValueError("An invited user needs an invitation. Use POST /admin/invitations.")
    return status


FirstStatus = Annotated[
    OpenStatus,
    AfterValidator(_refuse_invited),
    WithJsonSchema(
        {"type": "string", "enum": [e for e in Status if e not in {"deleted", "invited"}]}
    ),
]
"""A status that a user can be created with."""
