"""Users: their fields, what follows from these, and the steps from one version to the next."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal, Self

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
from rollcall.grants.holders import GROUP, HIDDEN, ORGANIZATION, ROLE
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account
from rollcall.kit.entity import Claim, ClaimKind, Counter, Entity, Floor, Item, Key
from rollcall.kit.errors import Conflict
from rollcall.kit.model import Time, camel_case, format_time
from rollcall.kit.table import Table
from rollcall.users.fact_set import FactSet
from rollcall.users.fields import RESERVED, Profile
from rollcall.users.owned import Owned
from rollcall.users.statuses import STATUS_RULES, Status
from rollcall.users.storage import (
    ALL_USERS,
    GRANT_FIELDS,
    GRANTS_END_AT,
    OUT_OF_STEP,
    SOFT_DELETED,
    USER_SORT_KEY,
    find_list,
    read_grant_facts,
    split_items,
    warning_applies,
    write_grant_facts,
)

EMAIL = ClaimKind("email", "email", "Email already exists")
PHONE = ClaimKind("phone", "phone", "Phone number already exists")
USERNAME = ClaimKind("username", "username", "Username already exists")
UNIQUE_ID = ClaimKind("unique-id", "uniqueId", "Unique id already exists")
ADMINS = Counter.named(
    "admins",
    Floor(1, "last_admin", "This is the last active platform admin. Promote another user first."),
)

HIDDEN_AT_MOST = 40
"""The most memberships of a soft-deleted user that are hidden. Each takes two actions of a
transaction, which has a hundred: the row, and the counter. With more, all stay in lists and counts.
"""

type PendingCredential = Literal["invitation", "password", "reset"]
type FirstPassword = Literal["mailed", "given"]
"""How a new user gets the first password: by mail from the identity provider, or from the admin who
chose it."""


_ADVICE = {
    Status.DELETED: "The user who has it is soft-deleted: restore the user, or delete the user "
    "permanently.",
    Status.INVITED: "The user who has it is invited: resend the invitation, or cancel it.",
    Status.PENDING_VERIFICATION: "The user who has it has registered, but not confirmed the "
    "address yet.",
}
"""What callers can do who need a unique value of another user, by the user's status."""

_OTHER_ROWS = (
    "last_login_at",
    "second_factor_after",
    "warned_at",
    "promised_until",
    "owned",
    "fact_sets",
)
"""The fields that other rows of the user's partition hold, whose changes are no version of the
user."""


class User(Entity):
    """One user with all grants. A permanently deleted user stays as a tombstone until the Cognito
    account is certain to be deleted.
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
        GROUP.partition: ("memberCount", HIDDEN, "erased"),
        ORGANIZATION.partition: ("memberCount", HIDDEN, "erased"),
        ROLE.partition: ("holderCount", "erased"),
    }
    grant_fields: ClassVar[Mapping[str, type[Grant]]] = GRANT_FIELDS
    row_fields: ClassVar[tuple[str, ...]] = (
        *GRANT_FIELDS,
        "is_admin",
        *_OTHER_ROWS,
    )
    derived_attributes: ClassVar[tuple[str, ...]] = (GRANTS_END_AT,)
    unversioned_fields: ClassVar[tuple[str, ...]] = (
        *_OTHER_ROWS,
        "identity_version",
        "signed_out_epoch",
        "pending_credential",
        "credential_sent_to",
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
    """Whether the user has the role System, whose grant is a row like any other."""
    user_types: tuple[str, ...] = ()
    profile: Profile = Profile()
    memberships: tuple[Membership, ...] = ()
    organization_memberships: tuple[OrganizationMembership, ...] = ()
    role_grants: tuple[RoleGrant, ...] = ()
    """All roles except System, which every platform admin has."""
    permission_grants: tuple[PermissionGrant, ...] = ()
    credentials_changed_at: Time | None = None
    password_set_at: Time | None = None
    """When an admin last chose a password, even a temporary one."""
    auth_epoch: int = 0
    """Epoch seconds. Sign-ins before this time are no longer valid (I13)."""
    released: Mapping[str, int] | None = None
    """Of a tombstone: how many resources of each type the user owned at the deletion."""
    things_left: int | None = None
    """Of a tombstone: how many of them are not yet orphaned or deleted. A reaction continues with
    them."""

    identity_version: int = 0
    """The version with which the Cognito account was last synchronized."""
    signed_out_epoch: int = 0
    """The ``auth_epoch`` for which the identity provider has ended the older sessions."""
    pending_credential: PendingCredential | None = None
    """What the identity provider has still to do about the password."""
    credential_sent_to: str | None = None
    """The address that the identity provider has last sent a temporary password or a reset code to.
    None: it has sent none, or an admin has chosen another password since."""
    welcomed_with: FirstPassword | None = None
    """What the welcome mail says about the first password. None: no welcome mail is sent."""
    last_login_at: Time | None = None
    second_factor_after: int | None = None
    """Epoch seconds. The sign-ins after this time had a second factor. None: the last one had none,
    or was not checked."""
    owned: Owned = Owned()
    """How much the user owns. It changes with the resources."""
    fact_sets: tuple[FactSet, ...] = ()
    """The facts that other services have pushed."""

    warned_at: Time | None = None
    promised_until: Time | None = None
    """The last warning of the clean-up, and until when it promised not to disable the user."""

    keeps_tombstone: ClassVar[bool] = True
    seen_with: ClassVar[StrEnum | None] = Permission.USER_VIEW

    @property
    def disables_at(self) -> datetime | None:
        """The earliest time at which the clean-up disables the user; None without a warning that
        still applies.
        """
        warned_at, used_at = self.warned_at, self.last_login_at
        return self.promised_until if warning_applies(warned_at, used_at, self.auth_epoch) else None

    @property
    def advice_on_claims(self) -> str | None:
        """What a caller can do who needs the email, for example, of this user."""
        return _ADVICE.get(self.status)

    @property
    def shown_as_holder(self) -> Mapping[str, str]:
        """The user's id and status."""
        return {"existingUserId": self.id, "existingStatus": self.status.value}

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The user's own item comes first in its partition. Sessions and notes follow, because
        their sort keys begin with a letter.
        """
        return Key(f"{cls.partition}{entity_id}", USER_SORT_KEY)

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The user from the items of the partition; None when the user's own item is missing."""
        user, rows = split_items(items)
        return cls.model_validate({**user, **rows}) if user else None

    @property
    def person(self) -> str | None:
        """The user. A tombstone has no personal data."""
        return None if self.erased else self.id

    @property
    def grants(self) -> Iterator[Grant]:
        """All memberships, roles and permissions that are granted to the user."""
        for name in self.grant_fields:
            yield from getattr(self, name)

    @property
    def group_ids(self) -> tuple[str, ...]:
        """The groups that the user is in."""
        return tuple(membership.group_id for membership in self.memberships)

    @property
    def needs_policy(self) -> bool:
        """Whether the user's permissions depend on what groups and roles grant."""
        return bool(self.memberships or self.organization_memberships or self.role_grants)

    @property
    def address(self) -> str | None:
        """Where the identity provider sends passwords and codes to: the email, otherwise the phone
        number.
        """
        return self.email or self.phone

    @property
    def accepted(self) -> bool:
        """Whether Cognito has accepted this version, and so its addresses. A change that Cognito
        refuses is undone.
        """
        return self.identity_version == self.version

    @property
    def in_step(self) -> bool:
        """Whether the Cognito account is in sync with the table."""
        return self.accepted and self.pending_credential is None

    def claims(self) -> frozenset[Claim]:
        """Email, phone, username and unique id (in any case), also while a deleted user can be
        restored. The id of an adopted account is a claim too: it works like a username at sign-in.
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
        """One active platform admin, and what the grants count for. The grants of a tombstone count
        until their rows are removed.
        """
        tally: Tally[Counter] = Tally()
        if self.is_admin and self.status is Status.ACTIVE:
            tally[ADMINS] = 1
        for row in self.rows():
            tally.update(row.counts())
        return tally

    def rows(self) -> tuple[Grant, ...]:
        """The grants, including the role System of a platform admin."""
        system = [RoleGrant(user_id=self.id, role_id=SYSTEM.id)] if self.is_admin else []
        return (*self.grants, *system)

    def item(self) -> Item:
        """The user as stored, with GRANTS_END_AT if one of the grants expires."""
        item = super().item()
        ends = [each.ends_at for each in self.grants if each.ends_at]
        if ends and not self.erased:
            item[GRANTS_END_AT] = format_time(min(ends))
        return item

    def facts(self) -> Item:
        """The facts of the user and of each grant. The grants of a tombstone are about to be
        removed, so they are not facts.
        """
        facts = super().facts()
        for name in self.grant_fields:
            facts.pop(camel_case(name))
        return facts if self.erased else facts | write_grant_facts(self.grants)

    def with_facts(self, facts: Item, version: int) -> Self:
        """The user at another version, with the grants of that version."""
        own, grants = read_grant_facts(self.id, facts)
        return super().with_facts({**own, **grants}, version)

    def index(self) -> Mapping[str, str]:
        """Listed with all users, or with the soft-deleted ones, and while out of sync."""
        found: dict[str, str] = {}
        if not self.in_step:
            found |= {"gsi1pk": OUT_OF_STEP, "gsi1sk": f"{format_time(self.updated_at)}#{self.id}"}
        if self.status is not Status.DELETED:
            found |= {"gsi2pk": find_list(self.id), "gsi2sk": self.id}
        elif self.deleted_at and not self.erased:
            deleted_at = format_time(self.deleted_at)
            found |= {"gsi2pk": SOFT_DELETED, "gsi2sk": f"{deleted_at}#{self.id}"}
        return found

    def succeed(self, before: Self | None, now: datetime) -> Self:
        """The next version. It is in sync immediately if the account does not change with it."""
        after = super().succeed(before, now)
        if before is not None and before.in_step and self.leaves_account(before):
            return after.model_copy(update={"identity_version": after.version})
        return after

    def leaves_account(self, before: Self | None) -> bool:
        """Whether the change from ``before`` requires no update of the Cognito account."""
        if before is None:
            return False
        if before.erased:  # its account is deleted; only a restore brings the user back
            return self.erased
        wanted = (self.auth_epoch, self.pending_credential, self.credentials_changed_at)
        known = (before.auth_epoch, before.pending_credential, before.credentials_changed_at)
        return self.exists and wanted == known and self.account() == before.account()

    def account(self) -> Account:
        """The Cognito account that this user should have."""
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
        """The user in another status, or unchanged in the present one. A status that does not allow
        signing in ends all sessions. An activation ends the earlier ones: before the address was
        proved, another person can have signed in (I26). Raises Conflict if STATUS_RULES do not
        allow the change.
        """
        if status is self.status:
            return self
        if status not in STATUS_RULES[self.status].followed_by:
            detail = f"A user who is {self.status.value} cannot become {status.value}."
            raise Conflict("status_change_refused", detail)
        changed = self.model_copy(update={"status": status})
        if not STATUS_RULES[status].sign_in:
            return changed.with_sessions_ended(now)
        activated = status is Status.ACTIVE and STATUS_RULES[self.status].sign_in
        return changed.with_earlier_sessions_ended(now) if activated else changed

    def with_sessions_ended(self, now: datetime) -> Self:
        """The user with all sign-ins up to this second invalidated, for a user who must not sign in
        any more.
        """
        return self.model_copy(update={"auth_epoch": max(self.auth_epoch, _second(now) + 1)})

    def with_earlier_sessions_ended(self, now: datetime) -> Self:
        """The user with the earlier sign-ins invalidated, who can sign in immediately with the new
        credentials (I26). Tokens have no fractions of seconds. So sign-ins of this second stay
        valid, unless the user is known to have signed in or to have lost sessions in it before.
        """
        signed_in = _second(self.last_login_at) if self.last_login_at else 0
        ended = max(self.auth_epoch, self.signed_out_epoch)
        ended += ended == _second(now)  # sessions that are newer than that end too
        return self.model_copy(update={"auth_epoch": max(_second(now), signed_in + 1, ended)})

    def with_credential(self, pending: PendingCredential, now: datetime) -> Self:
        """The user with a credential that the identity provider still has to process."""
        changed: dict[str, Any] = {"credentials_changed_at": now, "pending_credential": pending}
        changed["credential_sent_to"] = None if pending == "password" else self.address
        if pending == "password":
            changed["password_set_at"] = now
        return self.model_copy(update=changed)

    def with_grants(self, name: str, grants: Iterable[Grant]) -> Self:
        """The user with these grants instead of all grants in a field, such as ``role_grants``."""
        ordered = tuple(sorted(grants, key=lambda each: each.subject))
        return self.model_copy(update={name: ordered})

    def with_membership(
        self, group_id: str, role: GroupRole | None = None, period: Period | None = None
    ) -> Self:
        """The user in this group. Without a role or period, a present membership keeps its own; a
        new one has the role member and no expiry.
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
        """The user's membership in a group, if there is one."""
        return next((each for each in self.memberships if each.group_id == group_id), None)

    def without_membership(self, group_id: str) -> Self:
        """The user without the membership in this group."""
        remaining = [each for each in self.memberships if each.group_id != group_id]
        return self.with_grants("memberships", remaining)

    def without_grant(self, grant: Grant) -> Self:
        """The user without one of the grants."""
        name = next(name for name, kind in self.grant_fields.items() if isinstance(grant, kind))
        held: tuple[Grant, ...] = getattr(self, name)
        return self.with_grants(name, [each for each in held if each.subject != grant.subject])

    def as_deleted(self, now: datetime) -> Self:
        """The user soft-deleted: it can be restored, is signed out, and still claims its email."""
        deleted = self.with_status(Status.DELETED, now)
        marks = {"status_before_deletion": self.status, "deleted_at": now}
        few = len(self.memberships) + len(self.organization_memberships) <= HIDDEN_AT_MOST
        return deleted._with_hidden(few or None).model_copy(update=marks)

    def as_restored(self, now: datetime) -> Self:
        """The user restored, with the status from before the soft deletion."""
        restored = self.with_status(self.status_before_deletion or Status.ACTIVE, now)
        marks = {"status_before_deletion": None, "deleted_at": None}
        return restored._with_hidden(None).model_copy(update=marks)

    def _with_hidden(self, hidden: bool | None) -> Self:
        """The user with all memberships in lists and counts, or in none."""
        names = ("memberships", "organization_memberships")
        changed = {
            name: tuple(each.model_copy(update={"hidden": hidden}) for each in getattr(self, name))
            for name in names
        }
        return self.model_copy(update=changed)

    def as_erased(self, now: datetime) -> Self:
        """A tombstone without claims, permissions and personal data."""
        return type(self)(
            id=self.id,
            version=self.version,
            created_at=self.created_at,
            updated_at=now,
            status=Status.DELETED,
            auth_epoch=max(self.auth_epoch, _second(now) + 1),
            erased=True,
            identity_version=self.identity_version,
            is_admin=False,
            owned=self.owned,
            released=self.owned.by_type,
            things_left=self.owned.total,
            **{name: getattr(self, name) for name in self.grant_fields},
        )


def _second(time: datetime) -> int:
    return int(time.timestamp())


def load_modifiable(table: Table, user_id: str) -> User:
    """A user who can be changed. Raises NotFound, or Conflict for a soft-deleted user."""
    user = table.load(User, user_id)
    if not STATUS_RULES[user.status].be_modified:
        raise Conflict("user_deleted", "A deleted user cannot be changed. Restore the user first.")
    return user
