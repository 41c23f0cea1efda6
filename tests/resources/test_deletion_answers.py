"""The answers of deletions (U11)."""

from __future__ import annotations

import pytest

from rollcall.resources.deletion_answers import Deletion, MembersDeletion, UserDeletion


@pytest.mark.parametrize("answer", [Deletion(message="Gone."), UserDeletion(message="Gone.")])
def test_deletion_without_counts_has_the_documented_answer(answer: Deletion) -> None:
    shown = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert shown == {"success": True, "message": "Gone."}


def test_answers_count_the_remaining_work() -> None:
    members = MembersDeletion(message="Gone.", memberships_pending=3)
    user = UserDeletion(message="Gone.", workspaces_orphaned=0, resources={}, resources_pending=2)

    assert members.model_dump(by_alias=True)["membershipsPending"] == 3
    assert user.model_dump(by_alias=True) == {
        "success": True,
        "message": "Gone.",
        "workspacesOrphaned": 0,
        "resources": {},
        "resourcesPending": 2,
    }
