"""Permissions (R3)."""

from __future__ import annotations

import re

from rollcall.grants.permissions import Permission
from rollcall_infra.catalog import read_catalog


def test_names_follow_one_pattern() -> None:
    others = [each for each in Permission if each is not Permission.ADMIN_ACCESS]
    assert Permission.ADMIN_ACCESS.value == "admin:access"
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", each.value) for each in others)


def test_every_permission_is_required_by_an_operation() -> None:
    needed = {operation.permission for operation in read_catalog().operations}
    assert set(Permission) - needed == {Permission.ADMIN_ACCESS}
