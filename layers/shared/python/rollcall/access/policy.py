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
from rollcall.grants.permissions import GROUP_ADMIN_PERMISSIONS, Given, Permission
from rollcall.kit.call import Call
from rollcall.kit.entity import Entity, Item, Key
from rollcall.kit.errors import Conflict
from rollcall.kit.table import Table
from rollcall.kit.transaction import Change
from rollcall.users.user import User

if TYPE_CHECKING:
    from rollcall.kit.listed import Granting

POLICY_ID = "ACCESS"
BYTES_AT_MOST = 300_000
"""Of the policy as JSON: an item may have 400 KB, and is read at each call of a non-admin."""


class Givers(NamedTuple):
    """Whose holders and members have a permission."""

    roles: tuple[str, ...]
    groups: tuple[str, ...]


class AccessPolicy(Entity):
    """One item that says what every role and every group grants, so that a caller's permissions
    take one read beyond the caller's own record. Groups and roles that grant nothing are not in it.
    """

    kind: ClassVar[str] = "access_policy"
    partition: ClassVar[str] = POLICY_ID

    groups: Mapping[str, tuple[Permission, ...]] = {}
    roles: Mapping[str, tuple[Permission, ...]] = {}
    ended: tuple[str, ...] = ()
    """Deleted groups and organizations some of whose memberships have still to be ended: they give
    nothing."""

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """There is one policy, under one key."""
        return Key(POLICY_ID, POLICY_ID)

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The policy, when one has been written."""
        return next((cls.model_validate(item) for item in items), None)

    @classmethod
    def empty(cls, now: datetime) -> Self:
        """The policy before the first one is written: it grants nothing."""
        return cls(id=POLICY_ID, created_at=now, updated_at=now)

    def of_role(self, role_id: str) -> tuple[Permission, ...]:
        """What a role grants; the role System is by definition the one that grants everything."""
        return (Permission.ADMIN_ACCESS,) if role_id == SYSTEM.id else self.roles.get(role_id, ())

    def of_group(self, group_id: str) -> tuple[Permission, ...]:
        """What a group grants to its members."""
        return self.groups.get(group_id, ())

    def of_grant(self, grant: Grant) -> tuple[Permission, ...]:
        """What one grant gives while it is in force."""
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
                raise TypeError(f"A {type(grant).__name__} gives nothing that is known.")

    def gives(self, grant: Grant) -> Iterator[Given]:
        """What one grant gives, everywhere or for one group, and until when."""
        for each in self.of_grant(grant):
            yield Given(each, None, grant.ends_at)
        if isinstance(grant, Membership) and grant.makes_admin and grant.group_id not in self.ended:
            for each in GROUP_ADMIN_PERMISSIONS:
                yield Given(each, grant.group_id, grant.ends_at)

    def given_to(self, user: User, now: datetime) -> list[Given]:
        """What the user's grants give at this moment or will give later."""
        lasting = (each for each in user.rows() if each.ends_at is None or each.ends_at > now)
        return [given for grant in lasting for given in self.gives(grant)]

    def explain(self, user: User, now: datetime) -> Mapping[Permission, tuple[Reason, ...]]:
        """What the user may do at this moment, everywhere or for one group, and which grants give
        it (R2).
        """
        found: dict[Permission, tuple[Reason, ...]] = {}
        for grant in user.rows():
            if grant.period.covers(now):
                for each in self.gives(grant):
                    name = Permission(each.permission)
                    found[name] = (*found.get(name, ()), Reason(grant, each.about))
        return found

    def granted_to(self, user: User, now: datetime) -> frozenset[Permission]:
        """The union of what all the user's grants give everywhere at this moment (R2)."""
        return _everywhere(self.explain(user, now))

    def givers(self, permission: Permission) -> Givers:
        """The roles and groups that grant a permission, or everything."""
        wanted = {permission, Permission.ADMIN_ACCESS}
        roles, groups = (
            [name for name, held in granting.items() if wanted.intersection(held)]
            for granting in (self.roles, self.groups)
        )
        return Givers(roles=(SYSTEM.id, *roles), groups=tuple(groups))

    def facts(self) -> Item:
        """Each group and role by itself, so that the journal holds what changed and no more."""
        granted = {
            f"{kind}.{name}": list(permissions)
            for kind, grants in (("groups", self.groups), ("roles", self.roles))
            for name, permissions in grants.items()
        }
        return {**granted, **{f"ended.{each}": True for each in self.ended}}

    def with_facts(self, facts: Item, version: int) -> Self:
        """The policy as at another version."""
        fields: dict[str, dict[str, Any]] = {"groups": {}, "roles": {}, "ended": {}}
        for fact, permissions in facts.items():
            kind, _, name = fact.partition(".")
            fields[kind][name] = permissions
        known = {"id": self.id, **fields, "ended": list(fields["ended"])}
        return super().with_facts(known, version)

    def with_ended(self, subject: str) -> Self:
        """The policy in which memberships of this group or organization give nothing."""
        return self.model_copy(update={"ended": tuple(sorted({*self.ended, subject}))})

    def without_ended(self, subject: str) -> Self:
        """The policy that need not speak of this group or organization any more."""
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
            detail = "So many groups and roles grant permissions that there is no room for more."
            raise Conflict("access_policy_full", detail)
        return changed


def find_policy(table: Table, now: datetime) -> tuple[AccessPolicy | None, AccessPolicy]:
    """The policy as it is stored (None before the first one), and as it counts."""
    stored = table.find(AccessPolicy, POLICY_ID)
    return stored, stored or AccessPolicy.empty(now)


def change_policy(
    call: Call, change: Callable[[AccessPolicy], AccessPolicy]
) -> list[Change[AccessPolicy]]:
    """The change of the policy to commit beside another one; none when it stays as it is."""
    stored, policy = find_policy(call.table, call.now)
    changed = change(policy)
    return [Change(stored, changed)] if changed.facts() != policy.facts() else []


def change_granted[E: Granting](
    call: Call, entity: E, change: Callable[[AccessPolicy], AccessPolicy]
) -> tuple[E, list[Change[AccessPolicy]], AccessPolicy]:
    """The group or role after a change of what it grants, the change of the policy to commit
    beside it (none when nothing changes), and the policy that then counts.
    """
    stored, policy = find_policy(call.table, call.now)
    changed = change(policy)
    if changed.facts() == policy.facts():
        return entity, [], policy
    following = stored.version + 1 if stored else 1
    entity = entity.model_copy(update={"policy_version": following})
    return entity, [Change(stored, changed)], changed


def policy_about(user: User, table: Table, now: datetime) -> AccessPolicy:
    """The policy as far as it counts for a user: it is read only when something depends on it."""
    return find_policy(table, now)[1] if user.needs_policy else AccessPolicy.empty(now)


def explain_permissions(
    user: User, table: Table, now: datetime
) -> Mapping[Permission, tuple[Reason, ...]]:
    """What a user may do at this moment: directly, as admin, by roles, groups and organizations;
    and which grants give it.
    """
    return policy_about(user, table, now).explain(user, now)


def effective_permissions(user: User, table: Table, now: datetime) -> frozenset[Permission]:
    """The union of all that a user may do everywhere at this moment (R2)."""
    return _everywhere(explain_permissions(user, table, now))


def _everywhere(explained: Mapping[Permission, tuple[Reason, ...]]) -> frozenset[Permission]:
    return frozenset(
        permission
        for permission, reasons in explained.items()
        if any(each.about is None for each in reasons)
    )
