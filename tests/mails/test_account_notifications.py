"""Which mail each change causes (I4, U7); tests/reactions/test_notify_user.py sends them."""

from __future__ import annotations

from typing import Any

import pytest

from rollcall.kit.journal import ActorRecord, Changed, JournalEntry, TargetRecord
from rollcall.mails.account_notifications import RULES, AccountEvent
from rollcall.mails.notices import Recipient
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.clock import START

KNOWN = (Status.ACTIVE, Status.INACTIVE, Status.SUSPENDED)


def make_event(
    version: int = 2, user: dict[str, Any] | None = None, **changes: Any
) -> AccountEvent:
    """What has changed, each with before and after, and the user now."""
    entry = JournalEntry(
        id="jrn_1",
        at=START,
        action="update_user",
        actor=ActorRecord(kind="user", id="usr_admin"),
        target=TargetRecord(kind="user", id="usr_1", version=version),
        changes={name: Changed(before=b, after=a) for name, (b, a) in changes.items()},
        request_id="req_1",
    )
    known = {"email": "jane@example.com", "identity_version": version, **(user or {})}
    return AccountEvent(entry, User(id="usr_1", created_at=START, updated_at=START, **known))


def letters(event: AccountEvent) -> list[str]:
    """The templates of the notifications."""
    return [rule.template.name for rule in RULES if rule.applies(event)]


@pytest.mark.parametrize("before", list(Status))
@pytest.mark.parametrize("after", list(Status))
def test_status_changes_with_a_notification(before: Status, after: Status) -> None:
    told = {
        (Status.ACTIVE, Status.INACTIVE): ["disabled"],
        (Status.ACTIVE, Status.SUSPENDED): ["suspended"],
        **{(each, Status.DELETED): ["deleted"] for each in KNOWN},
    }
    event = make_event(user={"status": after}, status=(before.value, after.value))
    assert letters(event) == told.get((before, after), [])


@pytest.mark.parametrize("status", list(Status))
def test_user_who_can_sign_in_is_welcomed_if_requested(status: Status) -> None:
    asked = make_event(1, {"status": status, "welcomed_with": "given"}, status=(None, status.value))
    quiet = make_event(1, {"status": status}, status=(None, status.value))
    open_to_them = status in {Status.ACTIVE, Status.INVITED, Status.PENDING_VERIFICATION}
    assert letters(asked) == (["welcome"] if open_to_them else [])
    assert letters(quiet) == []


def test_notification_is_settled_when_the_account_is_in_sync_with_the_entry() -> None:
    assert make_event(2).settled
    assert not make_event(2, {"identity_version": 1}).settled
    pending = {"pending_credential": "password"}
    assert not make_event(2, pending, passwordSetAt=(None, "2026-01-05T09:00:00.000Z")).settled
    assert make_event(2, pending, name=("A", "B")).settled


def test_recipient_of_an_erased_user_is_the_user_before_the_deletion() -> None:
    event = make_event(
        user={"erased": True, "email": None},
        email=("old@example.com", None),
        username=("jane", None),
        profile=({"locale": "de"}, {}),
    )
    assert event.recipient == Recipient("old@example.com", "jane", "de")
    assert make_event(user={"erased": True, "email": None}).recipient.email == ""


def test_each_template_has_one_rule() -> None:
    names = [rule.template.name for rule in RULES]
    assert len(names) == len(set(names))
