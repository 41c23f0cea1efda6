"""Arranges a world: users, groups and other data that a test starts with."""

from __future__ import annotations

from datetime import datetime
from itertools import batched
from typing import Any

from functions.jobs.compact_directory import compact_directory
from rollcall.access.policy import change_policy
from rollcall.accounts.convergence import converge_account
from rollcall.directory.segment import Segment
from rollcall.grants import built_in_roles
from rollcall.grants.grant import (
    GroupRole,
    OrganizationMembership,
    Period,
    PermissionGrant,
    RoleGrant,
)
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization, suggest_slug
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.invitations.invitation import Invitation
from rollcall.invitations.registration import Registration
from rollcall.kit.account import FEDERATED_STATUS
from rollcall.kit.entity import Claim, Entity
from rollcall.kit.ids import new_id
from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import read_lifecycle_policy
from rollcall.resources.resource import Resource
from rollcall.users.answers import UserAnswer
from rollcall.users.fact_set import FactSet, find_facts
from rollcall.users.note import Note
from rollcall.users.resource_types import WORKSPACE
from rollcall.users.sign_ins import BY_PASSWORD, SignIns
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.iam import acting_as
from tests.world.stored_world import StoredWorld
from tests.world.strict_aws import find_pool


class ArrangedWorld(StoredWorld):
    """A world with methods that write test data directly, without the operations."""

    def add_user(
        self, email: str = "", *, permissions: tuple[Permission, ...] = (), **fields: Any
    ) -> User:
        """Add a user with claims, counters and journal, and drain."""
        user_id = new_id("usr", self.clock.now)
        user = User(
            id=user_id,
            created_at=self.clock.now,
            updated_at=self.clock.now,
            email=email or f"{user_id[-12:]}@example.com",
            permission_grants=tuple(
                PermissionGrant(user_id=user_id, permission=each) for each in permissions
            ),
            **{"username": user_id[-12:], **fields},
        )
        self.call("add_user").commit(Change(None, user), answer=UserAnswer.of)
        self.drain()
        return self.user(user_id)

    def change_user(self, user: User, after: User) -> User:
        """Write a user's next version, drain, and return the user as stored."""
        self.call("change_user").commit(Change(user, after), answer=UserAnswer.of)
        self.drain()
        return self.user(user.id)

    def write(self, before: User | None, after: User) -> None:
        """Write only a user's next version, like an operation that crashes after its commit."""
        self.call("write").commit(Change(before, after), answer=UserAnswer.of)

    def add_group(self, name: str, *permissions: Permission) -> str:
        """Add a group that grants these permissions; returns its id."""
        now = self.clock.now
        group = Group(id=new_id("grp", now), created_at=now, updated_at=now, name=name)
        self._commit("add_group", Change(None, group))
        self.grant_to_group(group.id, permissions)
        return group.id

    def join_group(
        self, user_id: str, group_id: str, role: GroupRole | None = None, **period: datetime
    ) -> User:
        """Add a user to a group."""
        user = self.user(user_id)
        when = Period(**period) if period else None
        return self.change_user(user, user.with_membership(group_id, role, when))

    def add_role(self, name: str, *permissions: Permission) -> str:
        """Add a role that grants these permissions; returns its id."""
        now = self.clock.now
        role = Role(id=new_id("rol", now), created_at=now, updated_at=now, name=name)
        self._commit("add_role", Change(None, role))
        self.grant_to_role(role.id, permissions)
        return role.id

    def give_role(self, user_id: str, role_id: str, **period: Any) -> User:
        """Assign a global role to a user."""
        user = self.user(user_id)
        grant = RoleGrant(user_id=user_id, role_id=role_id, **period)
        return self.change_user(user, user.with_grants("role_grants", [*user.role_grants, grant]))

    def add_organization(self, name: str, default_role_id: str = built_in_roles.USER.id) -> str:
        """Add an organization; returns its id."""
        now = self.clock.now
        organization = Organization(
            id=new_id("org", now),
            created_at=now,
            updated_at=now,
            name=name,
            slug=suggest_slug(name),
            default_role_id=default_role_id,
        )
        self._commit("add_organization", Change(None, organization))
        return organization.id

    def join_organization(
        self,
        user_id: str,
        organization_id: str,
        role_id: str = built_in_roles.USER.id,
        **period: Any,
    ) -> User:
        """Add a user to an organization; returns the user as stored."""
        user = self.user(user_id)
        joined = OrganizationMembership(
            user_id=user_id, organization_id=organization_id, role_id=role_id, **period
        )
        memberships = [*user.organization_memberships, joined]
        return self.change_user(user, user.with_grants("organization_memberships", memberships))

    def add_resource(self, user_id: str, resource_type: str = WORKSPACE, **fields: Any) -> Resource:
        """Add a resource of a user."""
        return self.add_resources(1, user_id, resource_type, **fields)[0]

    def add_resources(
        self, number: int, user_id: str, resource_type: str = WORKSPACE, **fields: Any
    ) -> list[Resource]:
        """Add many resources of a user, 20 per transaction."""
        now, prefix = self.clock.now, "wsp" if resource_type == WORKSPACE else "res"
        fields |= {"created_at": now, "updated_at": now, "type": resource_type, "user_id": user_id}
        made = [Resource(id=new_id(prefix, now), **fields) for _ in range(number)]
        for batch in batched(made, 20, strict=False):
            first, *others = (Change(None, each) for each in batch)
            self.call("add_resource").commit(first, *others, answer=lambda written: written)
        return [self.resource(each.id) for each in made]

    def change_resource(self, resource: Resource, after: Resource) -> Resource:
        """Write a resource's next version and return it."""
        self._commit("change_resource", Change(resource, after))
        return self.resource(resource.id)

    def add_note(self, user_id: str, text: str) -> str:
        """Add an admin's note on a user; returns its id."""
        now = self.clock.now
        note_id = new_id("not", now)
        note = Note(id=note_id, created_at=now, updated_at=now, user_id=user_id, text=text)
        self._commit("add_note", Change(None, note))
        return note_id

    def add_segment(self, name: str, text: str, owner_id: str = "") -> Segment:
        """Add a segment, owned by the admin by default."""
        now = self.clock.now
        segment = Segment(
            id=new_id("seg", now),
            created_at=now,
            updated_at=now,
            name=name,
            filter=text,
            owner_id=owner_id or self.admin_id,
        )
        self._commit("add_segment", Change(None, segment))
        return self.segment(segment.id)

    def add_invitation(self, email: str = "", **fields: Any) -> Invitation:
        """Invite a user and send the mail; ``fields`` are those of the user."""
        now, user_id = self.clock.now, new_id("usr", self.clock.now)
        email = email or f"{user_id[-12:]}@example.com"
        known: dict[str, Any] = {"created_at": now, "updated_at": now, "email": email}
        named = {"username": user_id[-12:], **known, **fields}
        user = User(id=user_id, status=Status.INVITED, **named)
        invitation = Invitation(
            id=Invitation.id_for(user_id),
            user_id=user_id,
            invited_by=self.admin_id,
            ends_at=now,
            **known,
        ).with_link(
            self.call(), email, read_lifecycle_policy(self.runtime.table, now).invitation_validity
        )
        self._commit("add_invitation", Change(None, invitation), Change(None, user))
        converge_account(self.call(), user_id)
        self.drain()
        return self.invitation(invitation.id)

    def add_registration(self, email: str = "") -> Registration:
        """Add a user who has registered and not confirmed the address yet."""
        now, user_id = self.clock.now, new_id("usr", self.clock.now)
        email = email or f"{user_id[-12:]}@example.com"
        user = User(
            id=user_id,
            created_at=now,
            updated_at=now,
            email=email,
            status=Status.PENDING_VERIFICATION,
        )
        registration = Registration.attempt(self.call(), user_id, email, None)
        self._commit("add_registration", Change(None, registration), Change(None, user))
        converge_account(self.call(), user_id)
        self.drain()
        return self.registration(user_id)

    def commit[E: Entity](self, before: E, after: E) -> None:
        """Write only an entity's next version."""
        self._commit("commit", Change(before, after))

    def _commit(self, action: str, change: Change[Any], *others: Change[Any]) -> None:
        self.call(action).commit(change, *others, answer=lambda written: written)

    def put_claim(self, claim: Claim) -> None:
        """Store a claim of a unique value for an unknown user."""
        self.runtime.table.put_once({**claim.key._asdict(), "owner": "usr_somebody"})

    def grant_to_group(self, group_id: str, permissions: tuple[Permission, ...]) -> None:
        """Set the permissions that a group grants."""
        for change in change_policy(
            self.call(), lambda policy: policy.with_group(group_id, permissions)
        ):
            self._commit("grant", change)

    def grant_to_role(self, role_id: str, permissions: tuple[Permission, ...]) -> None:
        """Set the permissions that a role grants."""
        for change in change_policy(
            self.call(), lambda policy: policy.with_role(role_id, permissions)
        ):
            self._commit("grant", change)

    def sign_in(self, user_id: str, *methods: str) -> None:
        """Record a sign-in of a user."""
        held = self._find_sign_ins(user_id)
        known = held or SignIns.none_of(user_id, self.clock.now)
        self._commit(
            "sign_in", Change(held, known.with_sign_in(self.clock.now, methods or (BY_PASSWORD,)))
        )

    def build_directory(self) -> None:
        """Write a snapshot of the directory; later changes are applied on top of it."""
        with acting_as(compact_directory):
            compact_directory.run(self.runtime)

    def push_facts(self, user_id: str, source: str, **facts: Any) -> None:
        """Set a source's facts about a user; they replace its earlier facts."""
        held = find_facts(self.runtime.table, user_id, source)
        known = held or FactSet.none_of(user_id, source, self.clock.now)
        pushed = {"values": facts, "pushed_at": self.clock.now}
        after = FactSet.model_validate({**dict(known), **pushed})
        self._commit("push_facts", Change(held, after))

    def set_up_second_factor(self, account_id: str, *, enabled: bool = True) -> None:
        """Set up an authenticator app for an account, as its owner does at Cognito."""
        pool = find_pool(self.runtime.identity.user_pool_id)
        pool.users[account_id].software_token_mfa_enabled = enabled

    def federate(self, account_id: str) -> None:
        """Turn an account into one of an external identity provider."""
        pool = find_pool(self.runtime.identity.user_pool_id)
        pool.users[account_id].status = FEDERATED_STATUS
