"""The letters that Rollcall writes: what their templates are called and may name (I4).

The texts stand in ``templates/``, in English and German. A deployment may have files of its own in
the place of ours, and further languages.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
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
INVITATION = _letter("invitation", "link", may=("page", "expires", "message"))
"""The page is the link too, but empty where the deployment names none, and the link is a token."""
REGISTRATION = _letter("registration", "link", may=("page", "expires"))
ALREADY_REGISTERED = _letter("already_registered")
"""For the owner of an address that somebody has tried to register."""
INACTIVITY_WARNING = _letter("inactivity_warning", "closes", may=("last_sign_in",))
_OUTCOMES = ("warned", "disabled", "deleted", "refused", "failed")
_DUE = ("due_warn", "due_disable", "due_delete")
_STOPPED_FOR = ("too_many", "no_mail", "uncertain_filter", "policy_changed")
CLEAN_UP_REPORT = _letter(
    "clean_up_report", "run", may=("day", "users", *_OUTCOMES, *_STOPPED_FOR, *_DUE)
)
"""For admins: what a run of the clean-up did. Why it was stopped is in the variable of that name;
then the last ones say how much there was to be done."""
_USERS = ("admins", "without_groups", "never_signed_in", "disabled")
_INVITATIONS = ("pending_invitations", "expired_invitations")
ACCESS_REVIEW = _letter(
    "access_review", *_USERS, *_INVITATIONS, "out_of_step", may=("day", "orphans")
)
"""For admins: how many there are of each kind, the first of them, and the request that lists all.
Orphans are empty while nobody has counted them."""

LETTERS = (
    WELCOME,
    PASSWORD_CHANGED,
    EMAIL_CHANGED,
    EMAIL_REPLACED,
    DISABLED,
    SUSPENDED,
    DELETED,
    INVITATION,
    REGISTRATION,
    ALREADY_REGISTERED,
    INACTIVITY_WARNING,
    CLEAN_UP_REPORT,
    ACCESS_REVIEW,
)


def format_moment(moment: datetime) -> str:
    """A moment as letters of every language say it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def format_day(moment: datetime, zone: tzinfo) -> str:
    """The day of a moment in a time zone, likewise."""
    return f"{moment.astimezone(zone):%Y-%m-%d}"


def find_templates(folder: str) -> Templates:
    """The templates of a deployment's own folder, if it has one, over ours."""
    return Templates(*([Path(folder)] if folder else []), OURS)
