"""Groups (G1)."""

from __future__ import annotations

from datetime import UTC, datetime

from rollcall.groups import GROUP_NAME, Group
from rollcall.kit.entity import Claim

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_group(name: str) -> Group:
    return Group(id="grp_1", created_at=NOW, updated_at=NOW, name=name)


def test_names_are_unique_whatever_their_case() -> None:
    assert make_group("Straße").claims() == make_group("STRASSE").claims()
    assert make_group("Editors").claims() == {Claim(GROUP_NAME, "editors")}


def test_groups_are_listed_by_name_whatever_its_case() -> None:
    keys = [make_group(name).index()["gsi1sk"] for name in ("beta", "Alpha", "GAMMA")]
    assert sorted(keys) == ["alpha#grp_1", "beta#grp_1", "gamma#grp_1"]
