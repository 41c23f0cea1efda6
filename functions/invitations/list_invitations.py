"""GET /admin/invitations (I2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from rollcall.grants.permissions import Permission
from rollcall.invitations.invitation import (
    ALL_INVITATIONS,
    Invitation,
    InvitationAnswer,
    InvitationStatus,
    listed_as,
    mark_end,
)
from rollcall.kit.call import Call
from rollcall.kit.paging import Listing, ListRequest, Page, read_page
from rollcall.operations import operation
from rollcall.users.fields import Email


class ListInvitations(ListRequest):
    """Filters for the invitations, and the page of them."""

    status: Annotated[
        InvitationStatus | None,
        Field(description="expired: the last link expired before it was used."),
    ] = None
    email: Annotated[Email | None, Field(description="The invited address.")] = None


class InvitationPage(Page[InvitationAnswer]):
    """A page of invitations, the latest first."""


@operation("GET /admin/invitations", permission=Permission.USER_INVITE, reads=[Invitation])
def list_invitations(request: ListInvitations, call: Call) -> InvitationPage:
    """List invitations: all, those with a status, or those of an address.

    All invitations are sorted by when the person was first invited, pending and expired ones by
    when the link expires, the others by when they were accepted or cancelled.
    """
    listing = _choose(request.status, call.now)
    if request.email is not None:
        listing = listing._replace(holding={"email": request.email})
    items, pagination = read_page(call, listing, request)
    found = (Invitation.model_validate(item) for item in items)
    answers = tuple(InvitationAnswer.of(each, call.now) for each in found)
    return InvitationPage(items=answers, pagination=pagination)


def _choose(status: InvitationStatus | None, now: datetime) -> Listing:
    pending = Listing("gsi2", listed_as(InvitationStatus.PENDING), newest_first=True)
    match status:
        case None:
            return Listing("gsi1", ALL_INVITATIONS, newest_first=True)
        case InvitationStatus.PENDING:
            return pending._replace(later_than=mark_end(now))
        case InvitationStatus.EXPIRED:
            return pending._replace(up_to=mark_end(now))
        case _:
            return Listing("gsi2", listed_as(status), newest_first=True)
