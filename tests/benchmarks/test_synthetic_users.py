"""The benchmark's users are the same in each run and resemble a real directory."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise

import pytest

from rollcall.directory.rows import StoredRow
from rollcall.users.statuses import Status
from tests.benchmarks.directory.synthetic_users import GROUPS, NOW, SINCE, make_users


@pytest.fixture(scope="module")
def users() -> list[StoredRow]:
    """Enough users to check the shares."""
    return list(make_users(2_000))


def share(found: int, users: list[StoredRow]) -> float:
    return found / len(users)


def test_each_run_generates_the_same_users(users: list[StoredRow]) -> None:
    assert list(islice(make_users(2_000), 20)) == users[:20]


def test_ids_usernames_and_emails_are_unique(users: list[StoredRow]) -> None:
    for own in ("id", "username"):
        assert len({getattr(each, own) for each in users}) == len(users)
    emails = [each.email for each in users if each.email]
    assert len(set(emails)) == len(emails)


def test_growth_accelerates_and_ids_follow_the_order_of_creation(users: list[StoredRow]) -> None:
    assert all(NOW - SINCE <= each.created_at < NOW for each in users)
    assert all(one.id[:14] <= other.id[:14] for one, other in pairwise(users))
    late = sum(each.created_at > NOW - SINCE / 2 for each in users)
    assert 0.7 < share(late, users) < 0.8


def test_shares_resemble_a_real_directory(users: list[StoredRow]) -> None:
    statuses = Counter(each.status for each in users)
    assert statuses.keys() == set(Status)
    assert 0.7 < share(statuses[Status.ACTIVE], users) < 0.85
    assert 0.17 < share(sum(each.last_login_at is None for each in users), users) < 0.23
    assert 0.28 < share(sum(bool(each.facts) for each in users), users) < 0.38
    groups = Counter(group for each in users for group in each.groups)
    assert groups.keys() <= set(GROUPS)
    assert {each.group_count for each in users} == {0, 1, 2, 3}
    assert any(not each.name.isascii() for each in users if each.name)
    assert any(each.email is None and each.phone for each in users)
