"""Who holds a permission, and why: the indexes are merged by the users' ids (R2)."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import groupby, islice
from typing import NamedTuple

from rollcall.access.policy import AccessPolicy, find_policy
from rollcall.grants.grant import GROUP_ADMINS, HOLDERS, MEMBERS, Grant, Reason, read_grant
from rollcall.grants.permissions import GROUP_ADMIN_PERMISSIONS, Permission
from rollcall.kit.call import Call
from rollcall.kit.cursor import Position
from rollcall.kit.paging import ListRequest, Pagination, read_position, write_position
from rollcall.kit.table import Table

_AFTER_SEPARATOR = "$"
"""Sorts after the # that separates a user's id from the rest of a sort key."""


class Holder(NamedTuple):
    """A user who holds a permission at this time."""

    user_id: str
    reasons: tuple[Reason, ...]


def read_holders(
    call: Call, permission: Permission, request: ListRequest
) -> tuple[list[Holder], Pagination]:
    """A page of the holders of a permission, and its pagination.

    The total is known only when all grants have been read, because they overlap and have periods.
    So a page by number reads all of them. A page by cursor reads only its own rows, because the
    cursor has the total. Raises Malformed for a cursor of another list or caller.
    """
    position = read_position(call, request, [])
    if position.after:
        total = int(position.after["total"])
        later_than = f"{position.after['userId']}{_AFTER_SEPARATOR}"
        holders = _iterate_holders(call, permission, later_than, request.limit + 1)
        found = list(islice(holders, request.limit + 1))
    else:
        everyone = list(_iterate_holders(call, permission))
        total = len(everyone)
        found = everyone[(position.page - 1) * request.limit :][: request.limit + 1]
    following = None
    if len(found) > request.limit:
        after = {"userId": found[request.limit - 1].user_id, "total": total}
        following = write_position(call, request, Position(position.page + 1, after), [])
    pagination = Pagination.of(position.page, request.limit, total, following)
    return found[: request.limit], pagination


def _iterate_holders(
    call: Call,
    permission: Permission,
    later_than: str | None = None,
    at_once: int | None = None,
) -> Iterator[Holder]:
    """The holders by id. The indexes have the grants; the policy says what they grant."""
    _, policy = find_policy(call.table, call.now)
    wanted = {permission, Permission.ADMIN_ACCESS}
    partitions = [
        _read_grants(call.table, index, pk, later_than, at_once)
        for index, pk in _partitions(policy, permission)
    ]
    grants = merge(*partitions, key=lambda each: each.user_id)
    for user_id, held in groupby(grants, key=lambda each: each.user_id):
        # The membership of a group admin is in two partitions: the group's, and that of all admins.
        distinct = {each.key(): each for each in held if each.period.covers(call.now)}
        reasons = tuple(
            Reason(grant, granted.about)
            for grant in distinct.values()
            for granted in policy.permissions_of(grant)
            if granted.permission in wanted
        )
        if reasons:
            yield Holder(user_id, reasons)


def _partitions(policy: AccessPolicy, permission: Permission) -> Iterator[tuple[str, str]]:
    sources = policy.sources_of(permission)
    for subject in sorted({permission, Permission.ADMIN_ACCESS, *sources.roles}):
        yield "gsi2", f"{HOLDERS}{subject}"
    if permission in GROUP_ADMIN_PERMISSIONS:
        yield "gsi2", GROUP_ADMINS
    for group_id in sources.groups:
        yield "gsi1", f"{MEMBERS}{group_id}"


def _read_grants(
    table: Table, index: str, pk: str, later_than: str | None, at_once: int | None
) -> Iterator[Grant]:
    rows = table.query_index(index, pk, later_than=later_than, at_once=at_once)
    return map(read_grant, rows)
