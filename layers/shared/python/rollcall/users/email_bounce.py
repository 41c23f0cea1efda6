"""An email address that mails no longer go to: it refused a mail, or its owner complained."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from rollcall.kit.choices import Choice
from rollcall.kit.errors import Conflict
from rollcall.kit.model import Model, Time


class BounceKind(Choice):
    """Why no more mails go to an address."""

    BOUNCE = "bounce"
    """The mail server refused a mail for good, for example because the mailbox does not exist."""
    COMPLAINT = "complaint"
    """The recipient has marked a mail as spam."""


class EmailBounce(Model):
    """The event after which no more mails go to the email of a user."""

    at: Time
    kind: BounceKind
    category: Annotated[
        str, Field(description="SES's type of the bounce or complaint, as General or abuse.")
    ] = ""


def _refuse_true(value: bool) -> bool:
    if value:
        raise ValueError("Only a bounce sets this. Send false if the address works again.")
    return value


NotBounced = Annotated[
    bool, AfterValidator(_refuse_true), WithJsonSchema({"type": "boolean", "const": False})
]
"""The value in a request that clears a bounce."""


def require_reachable(bounce: EmailBounce | None) -> None:
    """Refuse (409) to send a mail that an admin asks for if mails do not reach the address. A mail
    that is silently left out would not help: only the admin can correct the address, or say that it
    works again.
    """
    if bounce is not None:
        detail = (
            "Mails to this user's email are not delivered. Change the email, or set emailBounced "
            "to false if the address works again."
        )
        raise Conflict("email_bounced", detail)
