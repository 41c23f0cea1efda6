"""The catalog of the mails that Rollcall sends: the templates and their variables (I4).

The texts are in ``templates/``, in English and German. A deployment can replace them with its own
files, and add languages.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from pathlib import Path

from rollcall.kit.mail_templates import MailTemplate, Templates

OURS = Path(__file__).with_name("templates")
ALWAYS = frozenset({"product", "name", "login_url"})
"""The variables of every mail: the product's name, the person's name (or username), and the sign-in
URL, which is empty if the deployment does not set it."""


def _mail(name: str, *needs: str, may: tuple[str, ...] = ()) -> MailTemplate:
    return MailTemplate(name, frozenset(needs), ALWAYS | frozenset(may))


_PASSWORD_DAYS = ("mailed_password_days", "given_password_days")
WELCOME = _mail("welcome", may=("email", *_PASSWORD_DAYS))
"""For a new user. The days until the first password expires are in the first variable if the
identity provider mails it, and in the second one if an admin gives it. The other one is empty."""
PASSWORD_CHANGED = _mail("password_changed", may=("at",))
EMAIL_CHANGED = _mail("email_changed", may=("at", "email"))
"""For the new address."""
EMAIL_REPLACED = _mail("email_replaced", may=("at",))
"""For the old address. The mail says that the address was replaced, but not by which one."""
DISABLED = _mail("disabled", may=("at",))
SUSPENDED = _mail("suspended", may=("at",))
DELETED = _mail("deleted", may=("at",))
INVITATION = _mail("invitation", "link", may=("page", "expires", "message"))
"""The page is the same as the link. If the deployment sets no page, it is empty, and the link is
only a token."""
REGISTRATION = _mail("registration", "link", may=("page", "expires"))
ALREADY_REGISTERED = _mail("already_registered")
"""For the user whose address someone tried to register."""
INACTIVITY_WARNING = _mail("inactivity_warning", "closes", may=("last_sign_in",))
_OUTCOMES = ("warned", "disabled", "deleted", "refused", "failed")
_DUE = ("due_warn", "due_disable", "due_delete")
_STOPPED_FOR = ("too_many", "no_mail", "uncertain_filter", "invalid_filter", "policy_changed")
CLEAN_UP_REPORT = _mail(
    "clean_up_report", "run", may=("day", "users", "unreachable", *_OUTCOMES, *_STOPPED_FOR, *_DUE)
)
"""For admins: what a run of the clean-up did. If the run was stopped, the variable of the reason is
set, and the last ones have the numbers of due actions. ``unreachable`` is empty if there are
none."""
_USERS = ("admins", "without_groups", "never_signed_in", "disabled")
_INVITATIONS = ("pending_invitations", "expired_invitations")
ACCESS_REVIEW = _mail(
    "access_review", *_USERS, *_INVITATIONS, "out_of_step", may=("day", "orphans")
)
"""For admins: how many users of each kind there are, the first of them, and the request that lists
all. Orphans are empty until a reconciliation has counted them."""

MAIL_TEMPLATES = (
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


def format_date_time(time: datetime) -> str:
    """A time as mails of every language show it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def format_day(time: datetime, zone: tzinfo) -> str:
    """The day of a time in a time zone, as mails of every language show it."""
    return f"{time.astimezone(zone):%Y-%m-%d}"


def find_templates(folder: str) -> Templates:
    """The templates of a deployment's own folder, if it has one, before the included ones."""
    return Templates(*([Path(folder)] if folder else []), OURS)
