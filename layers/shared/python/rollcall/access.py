"""The access policy (which roles and groups grant what) and who is calling under it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar, Self

from rollcall.kit.actor import Actor
from rollcall.kit.call import Runtime
from rollcall.kit.entity import Entity, Item, Key
from rollcall.kit.errors import Conflict, Forbidden, NotFound, Unauthenticated
from rollcall.kit.http import GatewayEvent
from rollcall.kit.table import Table
from rollcall.permissions import Permission
from rollcall.statuses import Status
from rollcall.users import User

POLICY_ID = "ACCESS"
ENTRIES_AT_MOST = 1_000
"""Groups that grant something: far below the 400 KB that an item may have."""


class AccessPolicy(Entity):
    """One item that says what every role and every group grants, so that a caller's permissions
    take one read beyond the caller's own record. Groups and roles that grant nothing are not in it.
    """

    kind: ClassVar[str] = "access_policy"
    partition: ClassVar[str] = POLICY_ID

    groups: Mapping[str, tuple[Permission, ...]] = {}
    roles: Mapping[str, tuple[Permission, ...]] = {}

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """There is one policy, under one key."""
        return Key(POLICY_ID, POLICY_ID)

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The policy, when one has been written."""
        return next((cls.model_validate(item) for item in items), None)

    def granted_by_groups(self, group_ids: Iterable[str]) -> frozenset[Permission]:
        """What membership in these groups gives."""
        return frozenset(each for group in group_ids for each in self.groups.get(group, ()))

    def granted_by_roles(self, role_ids: Iterable[str]) -> frozenset[Permission]:
        """What these roles give. Raises NotFound ("Role not found") for one that is not there."""
        granted: set[Permission] = set()
        for role_id in role_ids:
            if role_id not in self.roles:
                raise NotFound("role_not_found", "Role not found")
            granted.update(self.roles[role_id])
        return frozenset(granted)

    def granted_to(self, user: User) -> frozenset[Permission]:
        """What the user's roles and groups give; a role that is gone gives nothing."""
        present = [role_id for role_id in user.roles if role_id in self.roles]
        return self.granted_by_groups(user.group_ids) | self.granted_by_roles(present)

    def facts(self) -> Item:
        """Each group and role by itself, so that the journal holds what changed and no more."""
        return {
            f"{kind}.{name}": list(permissions)
            for kind, grants in (("groups", self.groups), ("roles", self.roles))
            for name, permissions in grants.items()
        }

    def with_group(self, group_id: str, permissions: tuple[Permission, ...]) -> Self:
        """The policy in which this group grants these permissions. Raises Conflict when full."""
        if group_id not in self.groups and len(self.groups) >= ENTRIES_AT_MOST:
            detail = f"At most {ENTRIES_AT_MOST} groups can grant permissions."
            raise Conflict("access_policy_full", detail)
        return self.model_copy(update={"groups": {**self.groups, group_id: permissions}})


def find_policy(table: Table, now: datetime) -> tuple[AccessPolicy | None, AccessPolicy]:
    """The policy as it is stored (None before the first one), and as it counts."""
    stored = table.find(AccessPolicy, POLICY_ID)
    return stored, stored or AccessPolicy(id=POLICY_ID, created_at=now, updated_at=now)


def effective_permissions(user: User, table: Table, now: datetime) -> frozenset[Permission]:
    """The union of what a user holds directly, as admin, by roles and by groups (R2).

    Reads the policy only for a user who has roles or groups.
    """
    if user.roles or user.memberships:
        return user.own_permissions | find_policy(table, now)[1].granted_to(user)
    return user.own_permissions


def authorize_caller(event: GatewayEvent, runtime: Runtime, now: datetime) -> Actor:
    """Find out who is calling, from the table and not from the token (I3, I13).

    The token says which account; the account's own record, read strongly consistent, says
    whether it is active, whether the sign-in still counts, and what it may do. Raises
    Unauthenticated or Forbidden.
    """
    clients = runtime.settings.client_ids.split(",")
    if clients != [""] and event.claims.get("client_id") not in clients:
        raise Unauthenticated("token_invalid", "This token was issued for another application.")
    user_id = event.claims.get("username", "")
    user = runtime.table.find(User, user_id) if user_id else None
    if user is None or not user.exists:
        raise Unauthenticated("unknown_account", "This token belongs to no account.")
    if user.status is not Status.ACTIVE:
        raise Forbidden("account_not_active", f"Your account is {user.status.value}.")
    # "auth_time" stays what it was when a token is refreshed, so a refresh revives nothing.
    if int(event.claims.get("auth_time", "0")) < user.auth_epoch:
        raise Unauthenticated("session_ended", "This session has ended; sign in again.")
    permissions: frozenset[str] = user.own_permissions
    witnesses = {user.key(): user.version}
    if not user.is_admin and (user.roles or user.memberships):
        stored, policy = find_policy(runtime.table, now)
        permissions |= policy.granted_to(user)
        if stored:
            witnesses[stored.key()] = stored.version
    return Actor(
        kind="user",
        id=user.id,
        permissions=permissions,
        principal=user,
        witnesses=witnesses,
        ip_address=event.source_ip,
        user_agent=event.user_agent,
    )
