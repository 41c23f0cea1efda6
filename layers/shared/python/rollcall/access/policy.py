"""The access policy: which permissions each role and each group grants (R2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from rollcall.grants.built_in_roles import SYSTEM
from rollcall.grants.grant import (
    Grant,
    Membership,
    OrganizationMembership,
    PermissionGrant,
    Reason,
    RoleGrant,
)
from rollcall.grants.permissions import GROUP_ADMIN_PERMISSIONS, GrantedPermission, Permission
from rollcall.kit.call import Call
from rollcall.kit.entity import Entity, Item, Key
from rollcall.kit.errors import Conflict
from rollcall.kit.table import Table
from rollcall.kit.transaction import Change
from rollcall.users.user import User

if TYPE_CHECKING:
    from rollcall.kit.listed_entity import GrantingEntity

POLICY_ID = "ACCESS"
BYTES_AT_MOST = 300_000
"""The size of the policy as JSON. An item can have 400 KB, and every call of a non-admin reads
it."""


class Sources(NamedTuple):
    """The roles and groups that grant a permission."""

    roles: tuple[str, ...]
    groups: tuple[str, ...]


class AccessPolicy(Entity):
    """One item with the permissions that every role and group grants. So a caller's permissions
    need one read besides the user. Groups and roles that grant nothing are not in it.
    """

    kind: ClassVar[str] = "access_policy"
    partition: ClassVar[str] = POLICY_ID

    groups: Mapping[str, tuple[Permission, ...]] = {}
    roles: Mapping[str, tuple[Permission, ...]] = {}
    ended: tuple[str, ...] = ()
    """Deleted groups and organizations that still have memberships. These grant nothing."""

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The key of the one policy."""
        return Key(POLICY_ID, POLICY_ID)

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The policy; None before the first version."""
        return next((cls.model_validate(item) for item in items), None)

    @classmethod
    def empty(cls, now: datetime) -> Self:
        """The policy before the first version: it grants nothing."""
        return cls(id=POLICY_ID, created_at=now, updated_at=now)

    def of_role(self, role_id: str) -> tuple[Permission, ...]:
        """What a role grants. The role System grants everything by definition."""
        return (Permission.ADMIN_ACCESS,) if role_id == SYSTEM.id else self.roles.get(role_id, ())

    def of_group(self, group_id: str) -> tuple[Permission, ...]:
        """What a group grants to its members."""
        return self.groups.get(group_id, ())

    def of_grant(self, grant: Grant) -> tuple[Permission, ...]:
        """What one grant grants globally while it is in force."""
        match grant:
            case PermissionGrant():
                return (grant.permission,)
            case Membership():
                return self.of_group(grant.group_id)
            case OrganizationMembership() if grant.organization_id in self.ended:
                return ()
            case RoleGrant() | OrganizationMembership():
                return self.of_role(grant.role_id)
            case _:
                raise TypeError(f"{type(grant).__name__} is an unknown kind of grant.")

    def permissions_of(self, grant: Grant) -> Iterator[GrantedPermission]:
        """The permissions of one grant, globally or for one group, with their expiry."""
        for each in self.of_grant(grant):
            yield GrantedPermission(each, None, grant.ends_at)
        if isinstance(grant, Membership) and grant.makes_admin and grant.group_id not in self.ended:
            for each in GROUP_ADMIN_PERMISSIONS:
                yield GrantedPermission(each, grant.group_id, grant.ends_at)

    def held_by(self, user: User, now: datetime) -> list[GrantedPermission]:
        """The permissions of the user's grants that have not expired, at this time or later."""
        lasting = (each for each in user.rows() if each.ends_at is None or each.ends_at > now)
        return [granted for grant in lasting for granted in self.permissions_of(grant)]

    def explain(self, user: User, now: datetime) -> Mapping[Permission, tuple[Reason, ...]]:
        """The permissions that the user holds at this time, globally or for one group, and the
        grants that they come from (R2).
        """
        found: dict[Permission, tuple[Reason, ...]] = {}
        for grant in user.rows():
            if grant.period.covers(now):
                for each in self.permissions_of(grant):
                    name = Permission(each.permission)
                    found[name] = (*found.get(name, ()), Reason(grant, each.about))
        return found

    def granted_to(self, user: User, now: datetime) -> frozenset[Permission]:
        """The permissions that the user holds globally at this time (R2)."""
        return _global(self.explain(user, now))

    def sources_of(self, permission: Permission) -> Sources:
        """The roles and groups that grant a permission, or everything."""
        wanted = {permission, Permission.ADMIN_ACCESS}
        roles, groups = (
            [name for name, held in granting.items() if wanted.intersection(held)]
            for granting in (self.roles, self.groups)
        )
        return Sources(roles=(SYSTEM.id, *roles), groups=tuple(groups))

    def facts(self) -> Item:
        """One fact for each group and role, so that a journal entry holds only what changed."""
        granted = {
            f"{kind}.{name}": list(permissions)
            for kind, grants in (("groups", self.groups), ("roles", self.roles))
            for name, permissions in grants.items()
        }
        return {**granted, **{f"ended.{each}": True for each in self.ended}}

    def with_facts(self, facts: Item, version: int) -> Self:
        """The policy at another version."""
        fields: dict[str, dict[str, Any]] = {"groups": {}, "roles": {}, "ended": {}}
        for fact, permissions in facts.items():
            kind, _, name = fact.partition(".")
            fields[kind][name] = permissions
        known = {"id": self.id, **fields, "ended": list(fields["ended"])}
        return super().with_facts(known, version)

    def with_ended(self, subject: str) -> Self:
        """The policy in which memberships of this group or organization grant nothing."""
        return self.model_copy(update={"ended": tuple(sorted({*self.ended, subject}))})

    def without_ended(self, subject: str) -> Self:
        """The policy without this group or organization, whose memberships are removed."""
        remaining = (each for each in self.ended if each != subject)
        return self.model_copy(update={"ended": tuple(remaining)})

    def with_group(self, group_id: str, permissions: tuple[Permission, ...]) -> Self:
        """The policy in which this group grants these permissions. Raises Conflict when full."""
        return self._with("groups", group_id, permissions)

    def with_role(self, role_id: str, permissions: tuple[Permission, ...]) -> Self:
        """The policy in which this role grants these permissions. Raises Conflict when full."""
        return self._with("roles", role_id, permissions)

    def _with(self, kind: str, name: str, permissions: tuple[Permission, ...]) -> Self:
        others = {each: held for each, held in getattr(self, kind).items() if each != name}
        granting = {name: permissions} if permissions else {}
        changed = self.model_copy(update={kind: {**others, **granting}})
        if permissions and len(changed.model_dump_json()) > BYTES_AT_MOST:
            detail = "The access policy is full. Remove permissions from groups or roles first."
            raise Conflict("access_policy_full", detail)
        return changed


def find_policy(table: Table, now: datetime) -> tuple[AccessPolicy | None, AccessPolicy]:
    """The stored policy (None before the first version), and the one in force."""
    stored = table.find(AccessPolicy, POLICY_ID)
    return stored, stored or AccessPolicy.empty(now)


def change_policy(
    call: Call, change: Callable[[AccessPolicy], AccessPolicy]
) -> list[Change[AccessPolicy]]:
    """The change of the policy, to be committed with others; empty if nothing changes."""
    stored, policy = find_policy(call.table, call.now)
    changed = change(policy)
    return [Change(stored, changed)] if changed.facts() != policy.facts() else []


def change_granted[E: GrantingEntity](
    call: Call, entity: E, change: Callable[[AccessPolicy], AccessPolicy]
) -> tuple[E, list[Change[AccessPolicy]], AccessPolicy]:
    """The group or role after a change of what it grants, the change of the policy to commit with
    it (empty if nothing changes), and the policy after that.
    """
    stored, policy = find_policy(call.table, call.now)
    changed = change(policy)
    if changed.facts() == policy.facts():
        return entity, [], policy
    following = stored.version + 1 if stored else 1
    entity = entity.model_copy(update={"policy_version": following})
    return entity, [Change(stored, changed)], changed


def policy_about(user: User, table: Table, now: datetime) -> AccessPolicy:
    """The policy for a user. It is read only if the user's permissions depend on it."""
    return find_policy(table, now)[1] if user.needs_policy else AccessPolicy.empty(now)


def explain_permissions(
    user: User, table: Table, now: datetime
) -> Mapping[Permission, tuple[Reason, ...]]:
    """The permissions that a user holds at this time (directly, as admin, by roles, groups and
    organizations), and the grants that they come from.
    """
    return policy_about(user, table, now).explain(user, now)


def effective_permissions(user: User, table: Table, now: datetime) -> frozenset[Permission]:
    """The permissions that a user holds globally at this time (R2)."""
    return _global(explain_permissions(user, table, now))


def _global(explained: Mapping[Permission, tuple[Reason, ...]]) -> frozenset[Permission]:
    return frozenset(
        permission
        for permission, reasons in explained.items()
        if any(each.about is None for each in reasons)
    )
