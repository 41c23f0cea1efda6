"""The answers of operations on groups (G1)."""

from __future__ import annotations

from datetime import UTC, datetime

from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.members.group_answers import (
    GroupAnswer,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
GROUP = Group(id="grp_1", created_at=NOW, updated_at=NOW, name="Editors", member_count=2, version=4)


def test_answer_has_the_permissions_and_the_number_of_members() -> None:
    answer = GroupAnswer.of(GROUP, (Permission.USER_VIEW,))
    assert (answer.name, answer.permissions) == ("Editors", (Permission.USER_VIEW,))
    assert (answer.version, answer.member_count, answer.active_workspace_count) == (4, 2, 0)


def test_answer_shows_no_bookkeeping() -> None:
    shown = GroupAnswer.of(GROUP, ()).model_dump(by_alias=True)
    assert shown.keys().isdisjoint({"erased", "membersLeft", "policyVersion"})
