"""Users: what is kept about one, and the steps that lead from one version to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal, Self

from rollcall.fields import Profile
from rollcall.kit.entity import Claim, ClaimKind, Counter, Entity, Item, Key, Row
from rollcall.kit.errors import Conflict
from rollcall.kit.identity import Account
from rollcall.kit.model import Time, format_time
from rollcall.kit.table import Table
from rollcall.permissions import Permission
from rollcall.statuses import STATUS_RULES, Status


class GroupRole(StrEnum):
    """What a user is in a group."""

    MEMBER = "member"
    ADMIN = "admin"


USER_PARTITION = "USER#"


class Membership(Row):
    """A user's place in one group; GSI1 lists a group's members."""

    user_id: str
    group_id: str
    role: GroupRole

    partition: ClassVar[str] = USER_PARTITION

    def key(self) -> Key:
        """Beside the user's own item."""
        return Key(f"{self.partition}{self.user_id}", f"#GROUP#{self.group_id}")

    def index(self) -> Mapping[str, str]:
        """Found by group."""
        return {"gsi1pk": f"MEMBERS#{self.group_id}", "gsi1sk": self.user_id}


class LastSignIn(Row):
    """When a user last signed in; it changes without a new version of the user."""

    partition: ClassVar[str] = USER_PARTITION
    sort_key: ClassVar[str] = "#SIGN_IN"

    user_id: str
    last_login_at: Time

    def key(self) -> Key:
        """Beside the user's own item."""
        return Key(f"{self.partition}{self.user_id}", self.sort_key)


EMAIL = ClaimKind("email", "email", "Email already exists")
PHONE = ClaimKind("phone", "phone", "Phone number already exists")
USERNAME = ClaimKind("username", "username", "Username already exists")
ADMINS = Counter(
    name="admins",
    minimum=1,
    code="last_admin",
    refusal="This is the last active platform admin; make another one first.",
)
OUT_OF_STEP = "OUT_OF_STEP"
"""GSI1 partition of the users whose account is not yet as the table says."""
ALL_USERS = "USERS#"
"""GSI2 partitions that list all other users: behind the # the last letter of the id, which is
random, so that no partition takes every write."""
SOFT_DELETED = "SOFT_DELETED"
"""GSI2 partition of the users who can still be restored, by the time of their deletion."""

type PendingCredential = Literal["invitation", "password", "reset"]


class User(Entity):
    """One user with all memberships. A permanently deleted one stays as a bare tombstone until
    the account is gone from the identity provider for certain.
    """

    kind: ClassVar[str] = "user"
    partition: ClassVar[str] = USER_PARTITION
    index_partitions: ClassVar[tuple[str, ...]] = (OUT_OF_STEP, ALL_USERS, SOFT_DELETED)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (EMAIL, PHONE, USERNAME)
    counters: ClassVar[tuple[Counter, ...]] = (ADMINS,)
    row_fields: ClassVar[tuple[str, ...]] = ("memberships", "last_login_at")
    unversioned_fields: ClassVar[tuple[str, ...]] = (
        "last_login_at",
        "identity_version",
        "signed_out_epoch",
        "pending_credential",
    )

    email: str | None = None
    phone: str | None = None
    username: str | None = None
    name: str | None = None
    status: Status = Status.ACTIVE
    status_before_deletion: Status | None = None
    deleted_at: Time | None = None
    is_admin: bool = False
    user_types: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    profile: Profile = Profile()
    memberships: tuple[Membership, ...] = ()
    credentials_changed_at: Time | None = None
    auth_epoch: int = 0
    """Epoch seconds: sign-ins before it no longer count (I13)."""
    erased: bool = False
    """Whether this is only a tombstone."""

    identity_version: int = 0
    """The version that the identity provider's account was last brought in step with."""
    signed_out_epoch: int = 0
    """The ``auth_epoch`` that the identity provider has ended older sessions for."""
    pending_credential: PendingCredential | None = None
    """What the identity provider has yet to be told about the password."""
    last_login_at: Time | None = None

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The user's item leads its partition; sessions and notes follow with other letters."""
        return Key(f"{cls.partition}{entity_id}", "#USER")

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The user from item, memberships and last sign-in."""
        user: Item | None = None
        memberships: list[Item] = []
        last_login_at: str | None = None
        for item in items:
            if item["sk"] == "#USER":
                user = item
            elif item["sk"] == LastSignIn.sort_key:
                last_login_at = item["lastLoginAt"]
            elif item["sk"].startswith("#GROUP#"):
                memberships.append(item)
        if user is None:
            return None
        rows = {"memberships": memberships, "lastLoginAt": last_login_at}
        return cls.model_validate({**user, **rows})

    @property
    def exists(self) -> bool:
        """A tombstone does not count as a user."""
        return not self.erased

    @property
    def group_ids(self) -> tuple[str, ...]:
        """The groups that the user is in."""
        return tuple(membership.group_id for membership in self.memberships)

    @property
    def own_permissions(self) -> frozenset[Permission]:
        """What the user holds without any role or group."""
        extra = {Permission.ADMIN_ACCESS} if self.is_admin else set()
        return frozenset(self.permissions) | extra

    @property
    def in_step(self) -> bool:
        """Whether the identity provider's account is as the table says."""
        return self.identity_version == self.version and self.pending_credential is None

    def claims(self) -> frozenset[Claim]:
        """Email, phone and username; also while the user can still be restored."""
        held = {EMAIL: self.email, PHONE: self.phone, USERNAME: self.username}
        return frozenset(Claim(kind, value) for kind, value in held.items() if value)

    def counts(self) -> Mapping[Counter, int]:
        """One usable platform admin, or none."""
        return {ADMINS: 1} if self.is_admin and self.status is Status.ACTIVE else {}

    def rows(self) -> tuple[Row, ...]:
        """The memberships."""
        return self.memberships

    def facts(self) -> Item:
        """A tombstone's memberships only wait to be removed, and are none any more."""
        facts = super().facts()
        return {**facts, "memberships": []} if self.erased else facts

    def index(self) -> Mapping[str, str]:
        """Found among all users, among the soft-deleted ones instead, and while out of step."""
        found: dict[str, str] = {}
        if not self.in_step:
            found |= {"gsi1pk": OUT_OF_STEP, "gsi1sk": f"{format_time(self.updated_at)}#{self.id}"}
        if self.status is not Status.DELETED:
            found |= {"gsi2pk": ALL_USERS + self.id[-1], "gsi2sk": self.id}
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
        return self.model_copy(
            update={"credentials_changed_at": now, "pending_credential": pending}
        )

    def with_membership(self, group_id: str, role: GroupRole | None = None) -> Self:
        """The user in this group; without a role in the present one there, or as member."""
        held = {each.group_id: each.role for each in self.memberships}
        role = role or held.get(group_id, GroupRole.MEMBER)
        added = Membership(user_id=self.id, group_id=group_id, role=role)
        others = tuple(each for each in self.memberships if each.group_id != group_id)
        memberships = tuple(sorted((*others, added), key=lambda each: each.group_id))
        return self.model_copy(update={"memberships": memberships})

    def without_membership(self, group_id: str) -> Self:
        """The user without this group."""
        remaining = tuple(each for each in self.memberships if each.group_id != group_id)
        return self.model_copy(update={"memberships": remaining})

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
            memberships=self.memberships,
        )


def load_modifiable(table: Table, user_id: str) -> User:
    """A user who may be changed. Raises NotFound, or Conflict for one who is soft-deleted."""
    user = table.load(User, user_id)
    if not STATUS_RULES[user.status].be_modified:
        raise Conflict("user_deleted", "A deleted user cannot be changed; restore it first.")
    return user
