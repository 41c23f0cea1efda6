"""The detail of a user shows the rows that are stored with the user (U6)."""

from __future__ import annotations

from datetime import UTC, datetime

from rollcall.grants.permissions import Permission
from rollcall.users.details import LastWorkspace, UserDetail
from rollcall.users.fact_set import FactSet
from rollcall.users.owned import Owned
from rollcall.users.user import User

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_user(owned: Owned) -> User:
    facts = FactSet.none_of("usr_1", "learning", NOW).model_copy(update={"values": {"level": 3}})
    return User(
        id="usr_1", created_at=NOW, updated_at=NOW, version=1, owned=owned, fact_sets=(facts,)
    )


def test_detail_shows_facts_by_their_source_and_how_much_is_owned() -> None:
    owned = Owned(
        by_type={"workspace": 2, "persona": 1},
        last_workspace_id="wsp_1",
        last_workspace_accessed_at=NOW,
    )

    detail = UserDetail.describe(
        make_user(owned), [Permission.USER_VIEW, Permission.USER_LIST]
    ).model_dump(mode="json", by_alias=True)

    assert detail["facts"] == {"learning": {"level": 3}}
    assert (detail["workspaceCount"], detail["resources"]) == (2, {"workspace": 2, "persona": 1})
    assert detail["lastWorkspace"] == {"id": "wsp_1", "accessedAt": "2026-01-05T09:00:00.000Z"}
    assert detail["effectivePermissions"] == ["user.list", "user.view"]
    assert detail["identity"] == {"inStep": False, "pending": None}


def test_user_who_opened_no_workspace_has_no_last_one() -> None:
    assert LastWorkspace.of(Owned()) is None
    assert UserDetail.describe(make_user(Owned()), []).last_workspace is None
