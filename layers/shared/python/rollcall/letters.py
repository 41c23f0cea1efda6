"""The letters that Rollcall writes: what their templates are called and may name (I4).

The texts stand in ``templates/``, in English and German. A deployment may have files of its own in
the place of ours, and further languages.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rollcall.kit.templates import Letter, Templates

OURS = Path(__file__).with_name("templates")
ALWAYS = frozenset({"product", "name", "login_url"})
"""What every letter knows: the product's name, the person's (or username), and where to sign in,
which is empty when the deployment names no address."""


def _letter(name: str, *needs: str, may: tuple[str, ...] = ()) -> Letter:
    return Letter(name, frozenset(needs), ALWAYS | frozenset(may))


_PASSWORD_DAYS = ("mailed_password_days", "given_password_days")
WELCOME = _letter("welcome", may=("email", *_PASSWORD_DAYS))
"""For a new user. How many days the first password works is in the variable for the way by which it
comes, in a mail of its own or from an admin; the other one is empty."""
PASSWORD_CHANGED = _letter("password_changed", may=("at",))
EMAIL_CHANGED = _letter("email_changed", may=("at", "email"))
"""For the new address."""
EMAIL_REPLACED = _letter("email_replaced", may=("at",))
"""For the old address, whose owner is told that it counts no more, but not which one does."""
DISABLED = _letter("disabled", may=("at",))
SUSPENDED = _letter("suspended", may=("at",))
DELETED = _letter("deleted", may=("at",))
INVITATION = _letter("invitation", "link", may=("expires", "message"))
INACTIVITY_WARNING = _letter("inactivity_warning", "closes", may=("last_sign_in",))
ADMIN_DIGEST = _letter("admin_digest", "title", "summary")

LETTERS = (
    WELCOME,
    PASSWORD_CHANGED,
    EMAIL_CHANGED,
    EMAIL_REPLACED,
    DISABLED,
    SUSPENDED,
    DELETED,
    INVITATION,
    INACTIVITY_WARNING,
    ADMIN_DIGEST,
)


def format_moment(moment: datetime) -> str:
    """A moment as letters of every language say it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def find_templates(folder: str) -> Templates:
    """The templates of a deployment's own folder, if it has one, over ours."""
    return Templates(*([Path(folder)] if folder else []), OURS)
