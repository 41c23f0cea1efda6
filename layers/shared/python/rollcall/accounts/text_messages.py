"""Text messages, which Cognito sends to users without an email, and not every deployment can."""

from __future__ import annotations

from rollcall.kit.call import Call
from rollcall.kit.errors import FieldError
from rollcall.kit.identity import IdentityRefused


def require_deliverable(call: Call, email: str | None) -> None:
    """Raise IdentityRefused (422) if Cognito would send a password or a code by text message,
    because there is no email, and the deployment sends none (setting ``sms``).
    """
    if email is None and not call.settings.sms:
        code = "sms_unavailable"
        detail = (
            "Without an email, the password or code can only be sent by text message, and this "
            "deployment sends none. Set an email, or give the user a password without sending it."
        )
        raise IdentityRefused(code, detail, (FieldError("email", detail, code),))
