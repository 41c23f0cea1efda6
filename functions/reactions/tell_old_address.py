"""Stream reaction: whoever loses an email address hears of it there (U7)."""

from __future__ import annotations

from rollcall.background import stream_reaction
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.notices import Notice, send_once
from rollcall.users import User


@stream_reaction(on=[User], writes=[Mail])
def tell_old_address(entry: JournalEntry, call: Call) -> None:
    """Tell the old address that an admin has replaced it, in case that was not wanted."""
    change = entry.changes.get("email")
    if change is None or not change.before or not change.after:
        return
    text = (
        f"The email address of your {call.settings.product_name} account was changed by an "
        f"administrator on {entry.at:%Y-%m-%d at %H:%M} UTC. From now on you sign in with the new "
        "address.\n\nIf you did not expect this, tell your administrator.\n"
    )
    subject = f"Your {call.settings.product_name} email address was changed"
    send_once(call, entry.id, Notice(change.before, subject, text))
