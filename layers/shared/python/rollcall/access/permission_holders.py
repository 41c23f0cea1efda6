"""Who holds a permission, and why: a walk through the indexes by the users' ids (R2)."""

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

_BEHIND = "$"
"""Sorts behind the # that parts a user's id from what follows it in a sort key."""


class Holder(NamedTuple):
    """Somebody who holds a permission at this moment."""

    user_id: str
    reasons: tuple[Reason, ...]


def read_holders(
    call: Call, permission: Permission, request: ListRequest
) -> tuple[list[Holder], Pagination]:
    """A page of those who hold a permission, and where it stands.

    How many they are is known when all have been read, as grants overlap and have their time: so
    a page costs that by its number, and by cursor only its own rows; the cursor knows the total.
    Raises Malformed for a cursor that is not one of this list for this caller.
    """
    position = read_position(call, request, [])
    if position.after:
        total = int(position.after["total"])
        later_than = f"{position.after['userId']}{_BEHIND}"
        walk = _walk(call, permission, later_than, request.limit + 1)
        found = list(islice(walk, request.limit + 1))
    else:
        everybody = list(_walk(call, permission))
        total = len(everybody)
        found = everybody[(position.page - 1) * request.limit :][: request.limit + 1]
    following = None
    if len(found) > request.limit:
        after = {"userId": found[request.limit - 1].user_id, "total": total}
        following = write_position(call, request, Position(position.page + 1, after), [])
    pagination = Pagination.of(position.page, request.limit, total, following)
    return found[: request.limit], pagination


def _walk(
    call: Call,
    permission: Permission,
    later_than: str | None = None,
    at_once: int | None = None,
) -> Iterator[Holder]:
    """The indexes know who has what; whether it counts is for the policy to say."""
    _, policy = find_policy(call.table, call.now)
    giving = {permission, Permission.ADMIN_ACCESS}
    ways = [
        _read_grants(call.table, index, pk, later_than, at_once)
        for index, pk in _partitions(policy, permission)
    ]
    grants = merge(*ways, key=lambda each: each.user_id)
    for user_id, held in groupby(grants, key=lambda each: each.user_id):
        # An admin's place in a group is found by the group and as that of an admin.
        distinct = {each.key(): each for each in held if each.period.covers(call.now)}
        reasons = tuple(
            Reason(grant, given.about)
            for grant in distinct.values()
            for given in policy.gives(grant)
            if given.permission in giving
        )
        if reasons:
            yield Holder(user_id, reasons)


def _partitions(policy: AccessPolicy, permission: Permission) -> Iterator[tuple[str, str]]:
    givers = policy.givers(permission)
    for subject in sorted({permission, Permission.ADMIN_ACCESS, *givers.roles}):
        yield "gsi2", f"{HOLDERS}{subject}"
    if permission in GROUP_ADMIN_PERMISSIONS:
        yield "gsi2", GROUP_ADMINS
    for group_id in givers.groups:
        yield "gsi1", f"{MEMBERS}{group_id}"


def _read_grants(
    table: Table, index: str, pk: str, later_than: str | None, at_once: int | None
) -> Iterator[Grant]:
    rows = table.query_index(index, pk, later_than=later_than, at_once=at_once)
    return map(read_grant, rows)
