"""Stream reaction: warn users before they are disabled (L1)."""

from __future__ import annotations

from datetime import datetime

from rollcall.background import stream_reaction
from rollcall.directory.records import read_record
from rollcall.directory.rows import UserRecord
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.lifecycle.policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.mails.catalog import INACTIVITY_WARNING, format_day
from rollcall.mails.notices import Recipient, send_once, write_notice
from rollcall.users.inactivity import Inactivity
from rollcall.users.sign_ins import SignIns
from rollcall.users.statuses import Status
from rollcall.users.user import User


@stream_reaction(on=[Inactivity], reads=[User, SignIns, LifecyclePolicy], writes=[Mail])
def warn_inactive_user(entry: JournalEntry, call: Call) -> None:
    """Mail the user the date when the account will be disabled, and how to prevent it. No mail is
    sent if the user has signed in meanwhile or is no longer active.
    """
    if "warnedAt" not in entry.changes:
        return
    record = read_record(call.table, entry.touches[0])
    disables_at = _find_day(record) if record else None
    if record is None or record.user.email is None or disables_at is None:
        return
    zone = read_lifecycle_policy(call.table, call.now).zone
    signed_in = record.sign_ins.last_login_at
    values = {
        "closes": format_day(disables_at, zone),
        "last_sign_in": format_day(signed_in, zone) if signed_in else "",
    }
    notice = write_notice(call, INACTIVITY_WARNING, Recipient.of(record.user), values)
    send_once(call, entry.id, notice)


def _find_day(record: UserRecord) -> datetime | None:
    """When the account will be disabled. None: it will not."""
    user, inactivity = record.user, record.inactivity
    if inactivity is None or user.status is not Status.ACTIVE:
        return None
    counts = inactivity.warns(
        record.sign_ins.last_login_at, user.auth_epoch, user.email_works_since
    )
    return inactivity.disables_at if counts else None
