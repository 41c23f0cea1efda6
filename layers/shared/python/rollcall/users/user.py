"""Users: what is kept about one, and the steps that lead from one version to the next."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from pydantic.alias_generators import to_camel

from rollcall.grants.built_in_roles import SYSTEM
from rollcall.grants.grant import (
    HOLDERS,
    MEMBERS,
    USER_PARTITION,
    Grant,
    GroupRole,
    Membership,
    OrganizationMembership,
    Period,
    PermissionGrant,
    RoleGrant,
)
from rollcall.grants.holders import GROUP, ORGANIZATION, ROLE
from rollcall.kit.entity import (
    Claim,
    ClaimKind,
    Counter,
    Entity,
    Floor,
    Item,
    Key,
)
from rollcall.kit.errors import Conflict
from rollcall.kit.identity import Account
from rollcall.kit.ids import ALPHABET, derive_id
from rollcall.kit.journal import SHARDS
from rollcall.kit.model import Time, format_time
from rollcall.kit.table import Table
from rollcall.users.fact_set import FACTS, FactSet
from rollcall.users.fields import RESERVED, Profile
from rollcall.users.owned import OWNED_SORT_KEY, Owned
from rollcall.users.sort_keys import INACTIVITY_SORT_KEY, SIGN_INS_SORT_KEY
from rollcall.users.statuses import STATUS_RULES, Status

EMAIL = ClaimKind("email", "email", "Email already exists")
PHONE = ClaimKind("phone", "phone", "Phone number already exists")
USERNAME = ClaimKind("username", "username", "Username already exists")
UNIQUE_ID = ClaimKind("unique-id", "uniqueId", "Unique id already exists")
ADMINS = Counter.named(
    "admins",
    Floor(1, "last_admin", "This is the last active platform admin; make another one first."),
)
OUT_OF_STEP = "OUT_OF_STEP"
"""GSI1 partition of the users whose account is not yet as the table says."""
ALL_USERS = "USERS#"
"""GSI2 partitions that list all other users. Behind the # stands a number that the last letter of
the id decides, which is random, so that no partition takes every write; of an adopted account's id,
a letter that is derived from it."""
SOFT_DELETED = "SOFT_DELETED"
"""GSI2 partition of the users who can still be restored, by the time of their deletion."""
LISTED = (*(f"{ALL_USERS}{number}" for number in range(SHARDS)), SOFT_DELETED)
"""The GSI2 partitions that together list every user but the tombstones: as many as share the
journal's entries, of which each change of a user has one."""
GRANTS_END_AT = "grantsEndAt"
"""When the first of a user's grants ends: beside the fields of the item, for whoever goes through
all users and reads no rows."""

type PendingCredential = Literal["invitation", "password", "reset"]
type FirstPassword = Literal["mailed", "given"]
"""How a new user comes by the first password: in a mail of the identity provider, or from an admin
who has chosen it."""


class User(Entity):
    """One user with all memberships. A permanently deleted one stays as a bare tombstone until
    the account is gone from the identity provider for certain.
    """

    kind: ClassVar[str] = "user"
    partition: ClassVar[str] = USER_PARTITION
    index_partitions: ClassVar[tuple[str, ...]] = (
        OUT_OF_STEP,
        ALL_USERS,
        SOFT_DELETED,
        MEMBERS,
        HOLDERS,
    )
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (EMAIL, PHONE, USERNAME, UNIQUE_ID)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        ADMINS.key.pk: ("count",),
        GROUP.partition: ("memberCount", "erased"),
        ORGANIZATION.partition: ("memberCount", "erased"),
        ROLE.partition: ("holderCount", "erased"),
    }
    grant_fields: ClassVar[Mapping[str, type[Grant]]] = {
        "memberships": Membership,
        "organization_memberships": OrganizationMembership,
        "role_grants": RoleGrant,
        "permission_grants": PermissionGrant,
    }
    row_fields: ClassVar[tuple[str, ...]] = (*grant_fields, "last_login_at", "owned", "fact_sets")
    unversioned_fields: ClassVar[tuple[str, ...]] = (
        "last_login_at",
        "owned",
        "fact_sets",
        "identity_version",
        "signed_out_epoch",
        "pending_credential",
        "welcomed_with",
    )

    email: str | None = None
    phone: str | None = None
    username: str | None = None
    unique_id: str | None = None
    name: str | None = None
    status: Status = Status.ACTIVE
    status_before_deletion: Status | None = None
    deleted_at: Time | None = None
    is_admin: bool = False
    user_types: tuple[str, ...] = ()
    profile: Profile = Profile()
    memberships: tuple[Membership, ...] = ()
    organization_memberships: tuple[OrganizationMembership, ...] = ()
    role_grants: tuple[RoleGrant, ...] = ()
    """Without the role System, which every platform admin has."""
    permission_grants: tuple[PermissionGrant, ...] = ()
    credentials_changed_at: Time | None = None
    password_set_at: Time | None = None
    """When an admin has last chosen a password, be it a temporary one."""
    auth_epoch: int = 0
    """Epoch seconds: sign-ins before it no longer count (I13)."""
    released: Mapping[str, int] | None = None
    """Of a tombstone: how many things of each type the user owned at the deletion."""
    things_left: int | None = None
    """Of a tombstone: how many of them have still to be orphaned or deleted. The stream goes on
    with them."""

    identity_version: int = 0
    """The version that the identity provider's account was last brought in step with."""
    signed_out_epoch: int = 0
    """The ``auth_epoch`` that the identity provider has ended older sessions for."""
    pending_credential: PendingCredential | None = None
    """What the identity provider has yet to be told about the password."""
    welcomed_with: FirstPassword | None = None
    """What the mail of welcome says about the first password; None: there is no such mail."""
    last_login_at: Time | None = None
    owned: Owned = Owned()
    """How much the user owns; it changes with what is owned."""
    fact_sets: tuple[FactSet, ...] = ()
    """What other services say about the user."""

    tombstone_waits: ClassVar[bool] = True

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The user's item leads its partition; sessions and notes follow with other letters."""
        return Key(f"{cls.partition}{entity_id}", "#USER")

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The user from the item and the rows beside it."""
        user: Item | None = None
        rows: dict[str, Any] = {name: [] for name in (*cls.grant_fields, "fact_sets")}
        for item in items:
            sort_key = str(item["sk"])
            if sort_key == "#USER":
                user = item
            elif sort_key == SIGN_INS_SORT_KEY:
                rows["last_login_at"] = item.get("lastLoginAt")
            elif sort_key == OWNED_SORT_KEY:
                rows["owned"] = Owned.of_item(item)
            elif sort_key.startswith(FACTS):
                rows["fact_sets"].append(item)
            elif sort_key not in _NOT_OF_THE_USER:
                kind = sort_key[: sort_key.index("#", 1) + 1]
                rows[_FIELD_OF_KIND[kind]].append(item)
        return cls.model_validate({**user, **rows}) if user else None

    @property
    def grants(self) -> Iterator[Grant]:
        """Everything that the user has been given."""
        for name in self.grant_fields:
            yield from getattr(self, name)

    @property
    def group_ids(self) -> tuple[str, ...]:
        """The groups that the user is in."""
        return tuple(membership.group_id for membership in self.memberships)

    @property
    def needs_policy(self) -> bool:
        """Whether what the user may do depends on what groups and roles grant."""
        return bool(self.memberships or self.organization_memberships or self.role_grants)

    @property
    def in_step(self) -> bool:
        """Whether the identity provider's account is as the table says."""
        return self.identity_version == self.version and self.pending_credential is None

    def claims(self) -> frozenset[Claim]:
        """Email, phone, username, unique id whatever its case; also while the user can still be
        restored. And the id of an adopted account, with which one may sign in as with a username.
        """
        held = {
            EMAIL: self.email,
            PHONE: self.phone,
            USERNAME: self.username,
            UNIQUE_ID: self.unique_id and self.unique_id.casefold(),
        }
        claims = frozenset(Claim(kind, value) for kind, value in held.items() if value)
        if self.erased or self.id.startswith(RESERVED):
            return claims
        return claims | {Claim(USERNAME, self.id.casefold())}

    def counts(self) -> Mapping[Counter, int]:
        """One usable platform admin, or none; and what the grants count for. Those of a tombstone
        count until their rows are gone.
        """
        tally: Tally[Counter] = Tally()
        if self.is_admin and self.status is Status.ACTIVE:
            tally[ADMINS] = 1
        for row in self.rows():
            tally.update(row.counts())
        return tally

    def rows(self) -> tuple[Grant, ...]:
        """The grants, with the role System of a platform admin."""
        system = [RoleGrant(user_id=self.id, role_id=SYSTEM.id)] if self.is_admin else []
        return (*self.grants, *system)

    def item(self) -> Item:
        """The user as stored, with GRANTS_END_AT while one of the grants has an end."""
        item = super().item()
        ends = [each.ends_at for each in self.grants if each.ends_at]
        if ends and not self.erased:
            item[GRANTS_END_AT] = format_time(min(ends))
        return item

    def facts(self) -> Item:
        """Each grant by itself, so that the journal holds what changed and no more. A tombstone's
        only wait to be removed, and are none any more.
        """
        facts = super().facts()
        for name in self.grant_fields:
            facts.pop(to_camel(name))
        if not self.erased:
            facts |= {f"{each.facts_name}.{each.subject}": each.fact() for each in self.grants}
        return facts

    def with_facts(self, facts: Item, version: int) -> Self:
        """The user as at another version, with the grants of that time."""
        plain: Item = {}
        grants: dict[str, list[Grant]] = {name: [] for name in self.grant_fields}
        for fact, value in facts.items():
            name, _, subject = fact.partition(".")
            if subject:
                field = _FIELD_OF_FACT[name]
                grants[field].append(self.grant_fields[field].of_fact(self.id, subject, value))
            else:
                plain[fact] = value
        return super().with_facts({**plain, **grants}, version)

    def index(self) -> Mapping[str, str]:
        """Found among all users, among the soft-deleted ones instead, and while out of step."""
        found: dict[str, str] = {}
        if not self.in_step:
            found |= {"gsi1pk": OUT_OF_STEP, "gsi1sk": f"{format_time(self.updated_at)}#{self.id}"}
        if self.status is not Status.DELETED:
            letter = self.id[-1] if self.id[-1] in ALPHABET else derive_id("usr", self.id)[-1]
            number = ALPHABET.index(letter) % SHARDS
            found |= {"gsi2pk": f"{ALL_USERS}{number}", "gsi2sk": self.id}
        elif self.deleted_at and not self.erased:
            moment = format_time(self.deleted_at)
            found |= {"gsi2pk": SOFT_DELETED, "gsi2sk": f"{moment}#{self.id}"}
        return found

    def succeed(self, before: Self | None, now: datetime) -> Self:
        """The next version; in step at once when the account need not change for it."""
        after = super().succeed(before, now)
        if before is not None and before.in_step and self.leaves_account(before):
            return after.model_copy(update={"identity_version": after.version})
        return after

    def leaves_account(self, before: Self | None) -> bool:
        """Whether the identity provider has nothing to do for the step from ``before``."""
        if before is None:
            return False
        if before.erased:
            return True
        told = (self.auth_epoch, self.pending_credential, self.credentials_changed_at)
        known = (before.auth_epoch, before.pending_credential, before.credentials_changed_at)
        return self.exists and told == known and self.account() == before.account()

    def account(self) -> Account:
        """The account that there should be at the identity provider."""
        return Account(
            id=self.id,
            email=self.email,
            phone=self.phone,
            username=self.username,
            name=self.name,
            verified=self.status is not Status.PENDING_VERIFICATION,
            enabled=STATUS_RULES[self.status].sign_in,
            admin=self.is_admin,
        )

    def with_status(self, status: Status, now: datetime) -> Self:
        """The user in another status; setting the present one is fine. Whoever loses the right to
        sign in loses all sessions too. Raises Conflict when STATUS_RULES do not allow the step.
        """
        if status is self.status:
            return self
        if status not in STATUS_RULES[self.status].followed_by:
            detail = f"A user who is {self.status.value} cannot become {status.value}."
            raise Conflict("status_change_refused", detail)
        changed = self.model_copy(update={"status": status})
        return changed if STATUS_RULES[status].sign_in else changed.with_sessions_ended(now)

    def with_sessions_ended(self, now: datetime) -> Self:
        """The user whose sign-ins up to this second count no more."""
        return self.model_copy(update={"auth_epoch": int(now.timestamp()) + 1})

    def with_credential(self, pending: PendingCredential, now: datetime) -> Self:
        """The user whose password the identity provider has to be told about."""
        changed = {"credentials_changed_at": now, "pending_credential": pending}
        if pending == "password":
            changed["password_set_at"] = now
        return self.model_copy(update=changed)

    def with_grants(self, name: str, grants: Iterable[Grant]) -> Self:
        """The user with these grants in the place of all of a field, as ``role_grants``."""
        ordered = tuple(sorted(grants, key=lambda each: each.subject))
        return self.model_copy(update={name: ordered})

    def with_membership(
        self, group_id: str, role: GroupRole | None = None, period: Period | None = None
    ) -> Self:
        """The user in this group; what is not said stays as it is there, and is otherwise a
        member for ever.
        """
        held = self.find_membership(group_id)
        others = [each for each in self.memberships if each is not held]
        added = Membership(
            user_id=self.id,
            group_id=group_id,
            role=role or (held.role if held else GroupRole.MEMBER),
            **dict(period or (held.period if held else Period())),
        )
        return self.with_grants("memberships", [*others, added])

    def find_membership(self, group_id: str) -> Membership | None:
        """The user's place in a group."""
        return next((each for each in self.memberships if each.group_id == group_id), None)

    def without_membership(self, group_id: str) -> Self:
        """The user without this group."""
        remaining = [each for each in self.memberships if each.group_id != group_id]
        return self.with_grants("memberships", remaining)

    def without_grant(self, grant: Grant) -> Self:
        """The user without one of the grants."""
        name = next(name for name, kind in self.grant_fields.items() if isinstance(grant, kind))
        held: tuple[Grant, ...] = getattr(self, name)
        return self.with_grants(name, [each for each in held if each.subject != grant.subject])

    def as_deleted(self, now: datetime) -> Self:
        """The user soft-deleted: restorable, signed out, the email still claimed."""
        deleted = self.with_status(Status.DELETED, now)
        marks = {"status_before_deletion": self.status, "deleted_at": now}
        return deleted.model_copy(update=marks)

    def as_restored(self, now: datetime) -> Self:
        """The user as before the soft deletion."""
        restored = self.with_status(self.status_before_deletion or Status.ACTIVE, now)
        return restored.model_copy(update={"status_before_deletion": None, "deleted_at": None})

    def as_erased(self, now: datetime) -> Self:
        """Nothing but a tombstone: no claim, no right, no personal data."""
        return type(self)(
            id=self.id,
            version=self.version,
            created_at=self.created_at,
            updated_at=now,
            status=Status.DELETED,
            auth_epoch=int(now.timestamp()) + 1,
            erased=True,
            identity_version=self.identity_version,
            is_admin=False,
            owned=self.owned,
            released=self.owned.by_type,
            things_left=self.owned.total,
            **{name: getattr(self, name) for name in self.grant_fields},
        )


_FIELD_OF_KIND = {kind.kind: name for name, kind in User.grant_fields.items()}
_FIELD_OF_FACT = {kind.facts_name: name for name, kind in User.grant_fields.items()}
_NOT_OF_THE_USER = {f"{RoleGrant.kind}{SYSTEM.id}", INACTIVITY_SORT_KEY}


def load_modifiable(table: Table, user_id: str) -> User:
    """A user who may be changed. Raises NotFound, or Conflict for one who is soft-deleted."""
    user = table.load(User, user_id)
    if not STATUS_RULES[user.status].be_modified:
        raise Conflict("user_deleted", "A deleted user cannot be changed; restore it first.")
    return user
