"""Arranging a world: users, groups and all else that a test begins with."""

from __future__ import annotations

from datetime import datetime
from itertools import batched
from typing import Any

from functions.jobs.compact_directory import compact_directory
from rollcall.access.policy import change_policy
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
    """A world in which tests put what they begin with, past the operations."""

    def add_user(
        self, email: str = "", *, permissions: tuple[Permission, ...] = (), **fields: Any
    ) -> User:
        """Put a user into the table, with claims, counters and journal, and drain."""
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
        """Write a user's next version, drain, and return what is then stored."""
        self.call("change_user").commit(Change(user, after), answer=UserAnswer.of)
        self.drain()
        return self.user(user.id)

    def write(self, before: User | None, after: User) -> None:
        """Write a user's next version and no more, as an operation does that dies right then."""
        self.call("write").commit(Change(before, after), answer=UserAnswer.of)

    def add_group(self, name: str, *permissions: Permission) -> str:
        """Put a group that grants these permissions into the table; returns its id."""
        now = self.clock.now
        group = Group(id=new_id("grp", now), created_at=now, updated_at=now, name=name)
        self._commit("add_group", Change(None, group))
        self.grant_to_group(group.id, permissions)
        return group.id

    def join_group(
        self, user_id: str, group_id: str, role: GroupRole | None = None, **period: datetime
    ) -> User:
        """Let a user be in a group."""
        user = self.user(user_id)
        when = Period(**period) if period else None
        return self.change_user(user, user.with_membership(group_id, role, when))

    def add_role(self, name: str, *permissions: Permission) -> str:
        """Put a role that grants these permissions into the table; returns its id."""
        now = self.clock.now
        role = Role(id=new_id("rol", now), created_at=now, updated_at=now, name=name)
        self._commit("add_role", Change(None, role))
        self.grant_to_role(role.id, permissions)
        return role.id

    def give_role(self, user_id: str, role_id: str, **period: datetime) -> User:
        """Let a user have a role everywhere."""
        user = self.user(user_id)
        given = RoleGrant(user_id=user_id, role_id=role_id, **period)
        return self.change_user(user, user.with_grants("role_grants", [*user.role_grants, given]))

    def add_organization(self, name: str, default_role_id: str = built_in_roles.USER.id) -> str:
        """Put an organization into the table; returns its id."""
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
        """Put a user into an organization; returns the user as then stored."""
        user = self.user(user_id)
        place = OrganizationMembership(
            user_id=user_id, organization_id=organization_id, role_id=role_id, **period
        )
        places = [*user.organization_memberships, place]
        return self.change_user(user, user.with_grants("organization_memberships", places))

    def add_thing(self, user_id: str, thing_type: str = WORKSPACE, **fields: Any) -> Resource:
        """Put something that a user owns into the table."""
        return self.add_things(1, user_id, thing_type, **fields)[0]

    def add_things(
        self, number: int, user_id: str, thing_type: str = WORKSPACE, **fields: Any
    ) -> list[Resource]:
        """Put many things that a user owns into the table, 20 a transaction."""
        now, prefix = self.clock.now, "wsp" if thing_type == WORKSPACE else "res"
        fields |= {"created_at": now, "updated_at": now, "type": thing_type, "user_id": user_id}
        made = [Resource(id=new_id(prefix, now), **fields) for _ in range(number)]
        for batch in batched(made, 20, strict=False):
            first, *others = (Change(None, each) for each in batch)
            self.call("add_thing").commit(first, *others, answer=lambda written: written)
        return [self.thing(each.id) for each in made]

    def change_thing(self, thing: Resource, after: Resource) -> Resource:
        """Write the next version of something that a user owns, and return it."""
        self._commit("change_thing", Change(thing, after))
        return self.thing(thing.id)

    def add_note(self, user_id: str, text: str) -> str:
        """Put an admin's note on a user into the table; returns its id."""
        now = self.clock.now
        note_id = new_id("not", now)
        note = Note(id=note_id, created_at=now, updated_at=now, user_id=user_id, text=text)
        self._commit("add_note", Change(None, note))
        return note_id

    def add_segment(self, name: str, text: str, owner_id: str = "") -> Segment:
        """Put a segment, the admin's unless told otherwise, into the table."""
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
        """Invite somebody, whose mail has then gone out; ``fields`` are those of the user."""
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
            self.call(), email, read_lifecycle_policy(self.runtime.table, now).invitations_last
        )
        self._commit("add_invitation", Change(None, invitation), Change(None, user))
        self.drain()
        return self.invitation(invitation.id)

    def add_registration(self, email: str = "") -> Registration:
        """Somebody who has registered, and not confirmed the address yet."""
        now, user_id = self.clock.now, new_id("usr", self.clock.now)
        email = email or f"{user_id[-12:]}@example.com"
        user = User(
            id=user_id,
            created_at=now,
            updated_at=now,
            email=email,
            username=user_id[-12:],
            status=Status.PENDING_VERIFICATION,
        )
        registration = Registration.attempt(self.call(), user_id, email, None)
        self._commit("add_registration", Change(None, registration), Change(None, user))
        self.drain()
        return self.registration(user_id)

    def commit[E: Entity](self, before: E, after: E) -> None:
        """Write an entity's next version and no more."""
        self._commit("commit", Change(before, after))

    def _commit(self, action: str, change: Change[Any], *others: Change[Any]) -> None:
        self.call(action).commit(change, *others, answer=lambda written: written)

    def put_claim(self, claim: Claim) -> None:
        """Let nobody in particular hold a unique value."""
        self.runtime.table.put_once({**claim.key._asdict(), "owner": "usr_somebody"})

    def grant_to_group(self, group_id: str, permissions: tuple[Permission, ...]) -> None:
        """Let a group grant permissions."""
        for change in change_policy(
            self.call(), lambda policy: policy.with_group(group_id, permissions)
        ):
            self._commit("grant", change)

    def grant_to_role(self, role_id: str, permissions: tuple[Permission, ...]) -> None:
        """Let a role grant permissions."""
        for change in change_policy(
            self.call(), lambda policy: policy.with_role(role_id, permissions)
        ):
            self._commit("grant", change)

    def sign_in(self, user_id: str, *methods: str) -> None:
        """Let a user sign in."""
        held = self._find_sign_ins(user_id)
        known = held or SignIns.none_of(user_id, self.clock.now)
        self._commit(
            "sign_in", Change(held, known.with_sign_in(self.clock.now, methods or (BY_PASSWORD,)))
        )

    def build_directory(self) -> None:
        """Let there be a snapshot, over which what changes from now on is laid."""
        with acting_as(compact_directory):
            compact_directory.run(self.runtime)

    def push_facts(self, user_id: str, source: str, **facts: Any) -> None:
        """Let a source say this about a user, and nothing else."""
        held = find_facts(self.runtime.table, user_id, source)
        known = held or FactSet.none_of(user_id, source, self.clock.now)
        said = {"values": facts, "pushed_at": self.clock.now}
        after = FactSet.model_validate({**dict(known), **said})
        self._commit("push_facts", Change(held, after))

    def federate(self, account_id: str) -> None:
        """Let an account be one that signs in with another provider."""
        pool = find_pool(self.runtime.identity.user_pool_id)
        pool.users[account_id].status = FEDERATED_STATUS
