"""Restoring from a backup: entities become again what they were, in the table that is in use.

A backup is another table, because DynamoDB restores only to new tables. Each entity is one
transaction of the write path: its claims stay unique, the counters are right, and it becomes a new
version with a journal entry, so no version has two contents. Nothing that was written since is
removed. The next run finds only what is left, so a run can be interrupted at any point.

What protects people is never taken back: users who were permanently deleted stay deleted, ended
sessions stay ended, and changed credentials stay changed.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, partial
from itertools import batched
from typing import Any, NamedTuple

from pydantic import ValidationError

from rollcall.access.policy import POLICY_ID, AccessPolicy, change_granted, change_policy
from rollcall.grants.grant import Grant
from rollcall.grants.organization import Organization
from rollcall.grants.role import Role
from rollcall.invitations.activation import Activation
from rollcall.invitations.invitation import Invitation
from rollcall.invitations.registration import Registration
from rollcall.kit.call import Call
from rollcall.kit.condition_check import REVISION, ConditionCheck
from rollcall.kit.entity import COUNTERS, Entity, Item, Key, Taken
from rollcall.kit.errors import Conflict, NotFound, Problem, Unavailable
from rollcall.kit.history import read_newest_first
from rollcall.kit.journal import JournalEntry, compare_facts
from rollcall.kit.listed_entity import GrantingEntity
from rollcall.kit.model import Model
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import MAX_ACTIONS, Change, is_effective
from rollcall.resources.resource import OWNER, Resource, without_deleted_groups
from rollcall.users.owned import OWNED_SORT_KEY
from rollcall.users.statuses import Status
from rollcall.users.user import User
from rollcall_infra.restorable import (
    KINDS,
    RECORDS,
    Unreadable,
    WholeTable,
    find_kind,
    is_copied,
    read_entity,
)

OTHER_ACTIONS = 12
"""The actions of a user's transaction besides the grants: the item, the entry, and the claims."""
_COUNTS = ("memberCount", "hiddenMemberCount", "activeWorkspaceCount", "holderCount")
_KEPT_CREDENTIALS = ("credentials_changed_at", "password_set_at")


class Outcome(StrEnum):
    """What happens to an entity, or would happen."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """It is not in the backup, so it stays."""
    ERASED = "erased"
    """It belongs to a user who was permanently deleted since, so it stays deleted."""
    COPIED = "copied"
    """Items that are no entities."""
    CORRECTED = "corrected"
    """A counter or a claim that did not match the entities."""
    REFUSED = "refused"


class RestoredRow(Model):
    """One entity, and what happens to it, or would happen."""

    kind: str
    id: str
    outcome: Outcome
    code: str | None = None
    """The code of the reason why it is not restored."""
    detail: str | None = None
    fields: tuple[str, ...] = ()
    """The fields that change; of grants, with the id of what is granted."""
    status_before: Status | None = None
    """The status of a user, if it changes; None: there is no such user now."""
    status_after: Status | None = None
    becomes_admin: bool | None = None
    dropped: tuple[str, ...] = ()
    """Grants that do not come back, because the group, organization or role is deleted."""
    number: int = 1


class _Step(NamedTuple):
    """The next transaction for an entity."""

    row: RestoredRow
    changes: tuple[Change[Any], ...] = ()
    requires: tuple[ConditionCheck, ...] = ()
    complete: bool = True
    """Whether nothing is left after it."""


class _Found(NamedTuple):
    """An entity as the table has it, or had it last."""

    entity: Entity
    lost: bool
    """Whether it is not stored any more."""
    recorded: bool
    """Whether the journal has a later version than the backup."""


@dataclass
class Restoration:
    """One restore. Without ``apply`` it changes nothing and says what it would do."""

    call: Call
    backup: WholeTable
    table: WholeTable
    """The table in use, the same as the call's."""
    apply: bool = False
    include_erased: bool = False
    """Whether users who were permanently deleted since come back too."""
    _planned: set[Key] = field(default_factory=set)
    """The entities that the plan creates."""

    def restore_all(self) -> Iterator[RestoredRow]:
        """Restore every entity, copy the missing entries of the journal, and count again."""
        found: dict[type[Entity], dict[Key, None]] = defaultdict(dict)
        yield from self._copy(self._sort(self.backup.scan(), found))
        for kind in KINDS:
            yield from self._restore_each(kind, found[kind])
        known = {key for keys in found.values() for key in keys}
        yield from self._check(known)

    def restore_user(self, user_id: str) -> Iterator[RestoredRow]:
        """Restore one user with everything that belongs to the user. Raises NotFound."""
        key = User.key_of(user_id)
        items = self.backup.query_partition(key.pk)
        keys = [Key(item["pk"], item["sk"]) for item in items]
        if key not in keys:
            raise NotFound("user_not_in_backup", f"The backup has no user {user_id}.")
        owned = self.backup.query_index("gsi1", f"{OWNER}{user_id}")
        keys += [Key(item["pk"], item["sk"]) for item in owned]
        links: tuple[type[Activation], ...] = (Invitation, Registration)
        keys += [kind.key_of(kind.id_for(user_id)) for kind in links]
        for kind in KINDS:
            yield from self._restore_each(kind, [each for each in keys if find_kind(each) is kind])

    def _sort(
        self, items: Iterable[Item], found: dict[type[Entity], dict[Key, None]]
    ) -> Iterator[Item]:
        """Note the keys of the entities; yield the items that are copied."""
        for item in items:
            key = Key(item["pk"], item["sk"])
            if kind := find_kind(key):
                found[kind][key] = None
            elif is_copied(item, self.call.now):
                yield item

    def _copy(self, items: Iterable[Item]) -> Iterator[RestoredRow]:
        for some in batched(items, 100, strict=False):
            if number := self.table.copy_missing(some, apply=self.apply):
                yield RestoredRow(kind="record", id="", outcome=Outcome.COPIED, number=number)

    def _restore_each(self, kind: type[Entity], keys: Iterable[Key]) -> Iterator[RestoredRow]:
        """Restore entities of one kind. Those whose unique values are taken come last, because
        others may release them meanwhile.
        """
        again: list[Key] = []
        for key in keys:
            row = self._restore(kind, key)
            if row.outcome is Outcome.REFUSED and str(row.code).endswith("_taken") and self.apply:
                again.append(key)
            else:
                yield row
        yield from (self._restore(kind, key) for key in again)

    def _restore(self, kind: type[Entity], key: Key) -> RestoredRow:
        shown: RestoredRow | None = None
        try:
            while True:
                step = retry_contended(partial(self._attempt, kind, key))
                shown = shown or step.row  # the first step describes all of it
                if step.complete or not self.apply:
                    return shown
        except Unavailable:  # the others would fail too; the next run continues here
            raise
        except Problem as problem:
            return _refused(kind, key, problem.code, problem.detail)
        except Unreadable:
            return _refused(kind, key, "unreadable", "The backup has a damaged item.")

    def _attempt(self, kind: type[Entity], key: Key) -> _Step:
        part = replace(self, call=self.call.part())
        step = part._plan(kind, key)
        if step.changes and self.apply:
            first, *others = step.changes
            part.call.commit(first, *others, answer=_itself, requires=step.requires)
        elif step.changes:
            part._check_claims(step.changes[0])
            self._planned.add(key)
        return step

    def _plan(self, kind: type[Entity], key: Key) -> _Step:
        then = read_entity(self.backup, kind, key)
        if then is None or not then.exists:
            return _Step(_row(kind, key, Outcome.UNCHANGED))
        found = self._find(kind, key, then)
        if self._stays_erased(then, found):
            return _Step(_row(kind, key, Outcome.ERASED, code="user_erased"))
        if kind in RECORDS and not found.lost and not _is_anonymous(found.entity):
            return _Step(_row(kind, key, Outcome.UNCHANGED))
        match then:
            case User():
                return self._plan_user(then, found)
            case Resource():
                return self._plan_resource(then, found)
            case AccessPolicy():  # no grants of deleted groups and organizations come back
                then = then.model_copy(update={"ended": ()})
        return self._plan_other(then, found)

    def _find(self, kind: type[Entity], key: Key, then: Entity) -> _Found:
        """The entity as stored, or as the journal and the backup know it."""
        try:
            stored = read_entity(self.call.table, kind, key)
        except Unreadable:
            stored = None
        if stored is not None:
            return _Found(stored, lost=False, recorded=stored.version > then.version)
        item = self.call.table.get_item(key) or {}
        known = item.get("version")
        later = {
            entry.target.version: entry
            for entry in read_newest_first(self.call.table, then.id)
            if entry.target.version > then.version
        }
        version = max(then.version, *later, known if isinstance(known, int) else 0)
        last = _replay(then, [later[each] for each in sorted(later)])
        last = last.model_copy(update={"version": version})
        return _Found(last, lost=True, recorded=bool(later))

    def _stays_erased(self, then: Entity, found: _Found) -> bool:
        """Whether a user was permanently deleted since, or the user that an entity is about. If the
        journal was lost too, an account that is missing in the user pool is the only sign.
        """
        if isinstance(then, User):
            gone = not found.entity.exists or (
                found.lost and not found.recorded and self.call.identity.find(then.id) is None
            )
            return gone and not self.include_erased
        user_id = getattr(then, "user_id", None)
        if user_id is None or isinstance(then, Resource):
            return False
        return not self._is_there(User.key_of(user_id))

    def _is_there(self, key: Key) -> bool:
        if key in self._planned:
            return True
        item = self.call.table.get_item(key)
        return item is not None and not item.get("erased")

    def _plan_other(self, then: Entity, found: _Found) -> _Step:
        before, others = found.entity, list[Change[Any]]()
        wanted = then.model_copy(update=_keep_unversioned(found))
        if isinstance(wanted, GrantingEntity) and isinstance(before, GrantingEntity):
            wanted = wanted.model_copy(update={"policy_version": before.policy_version})
            wanted, others, _ = change_granted(self.call, wanted, partial(self._regrant, wanted))
        elif isinstance(wanted, Organization):
            others = change_policy(self.call, lambda policy: policy.without_ended(wanted.id))
        user_id = getattr(then, "user_id", None)
        requires = [ConditionCheck.exists(User, user_id)] if user_id else []
        return _step(Change(before, wanted, found.lost), *others, requires=requires)

    @cached_property
    def _policy_then(self) -> AccessPolicy:
        found = self.backup.find(AccessPolicy, POLICY_ID)
        return found or AccessPolicy.empty(self.call.now)

    def _regrant(self, entity: GrantingEntity, policy: AccessPolicy) -> AccessPolicy:
        if isinstance(entity, Role):
            return policy.with_role(entity.id, self._policy_then.roles.get(entity.id, ()))
        granted = policy.with_group(entity.id, self._policy_then.of_group(entity.id))
        return granted.without_ended(entity.id)

    def _plan_resource(self, then: Resource, found: _Found) -> _Step:
        """A resource goes back to its owner, or is orphaned if the owner is deleted."""
        owner = self.call.table.find(User, then.user_id)
        planned = not self.apply and User.key_of(then.user_id) in self._planned
        gone = not planned and (owner is None or not owner.exists)
        if gone and not found.lost:
            return _Step(_row(Resource, then.key(), Outcome.UNCHANGED))
        wanted = then.model_copy(update={**_keep_unversioned(found), "orphaned": gone})
        if planned:
            return _step(Change(found.entity, wanted, found.lost))
        (wanted,) = without_deleted_groups(self.call.table, [wanted])
        if wanted.group_id and owner and not gone and not owner.find_membership(wanted.group_id):
            wanted = wanted.model_copy(update={"group_id": None})
        requires = wanted.require_placed(None if gone else owner)
        before = _counted_as(found, wanted)
        return _step(Change(before, wanted, found.lost), requires=requires)

    def _plan_user(self, then: User, found: _Found) -> _Step:
        before = found.entity
        if not isinstance(before, User):
            raise TypeError(f"{before.id} is no user.")
        if before.erased and not found.lost and (before.things_left or not before.in_step):
            detail = "The deletion of this user has not finished yet. Try again in some minutes."
            raise Conflict("deletion_unfinished", detail)
        wanted, dropped = self._without_lost_grants(then)
        before = before if not found.lost or before.erased else _with_grants_of(before, wanted)
        kept = {} if before.erased else {name: getattr(before, name) for name in _KEPT_CREDENTIALS}
        epoch = max(before.auth_epoch, then.auth_epoch)
        kept |= {**_keep_unversioned(found), "auth_epoch": epoch}
        wanted = wanted.model_copy(update=kept)
        change = Change(before, wanted, found.lost)
        if not is_effective(change):
            return _Step(_row(User, then.key(), Outcome.UNCHANGED))
        wanted = wanted.with_sessions_ended(self.call.now)
        if found.lost or before.erased:
            wanted = self._with_new_account(wanted)
        part = _in_one_transaction(before, wanted)
        step = _step(Change(before, part, found.lost), complete=part is wanted)
        row = step.row.model_copy(update={"dropped": dropped, **_describe_access(found, wanted)})
        return step._replace(row=row)

    def _without_lost_grants(self, user: User) -> tuple[User, tuple[str, ...]]:
        """The user without grants from groups, organizations and roles that are deleted."""
        dropped = [
            grant
            for grant in user.grants
            if not all(self._is_there(each.key) for each in grant.counts() if each.holder)
        ]
        for grant in dropped:
            user = user.without_grant(grant)
        return user, tuple(f"{each.facts_name}.{each.subject}" for each in dropped)

    def _with_new_account(self, user: User) -> User:
        """The user with a new password by mail, if the account has to be created again. Invited and
        registered users choose one with their link.
        """
        waits = user.status in (Status.INVITED, Status.PENDING_VERIFICATION)
        if waits or not user.address or self.call.identity.find(user.id) is not None:
            return user
        return user.with_credential("reset", self.call.now)

    def _check_claims(self, change: Change[Any]) -> None:
        """Raise Taken if another entity has a unique value. A transaction finds it too."""
        held = change.before.claims() if change.before and not change.lost else frozenset()
        claims = {claim.key: claim for claim in change.after.claims() - held}
        for key, item in self.call.table.get_items(list(claims)).items():
            if item["owner"] != change.after.id:
                raise Taken(claims[key], type(change.after))

    def _check(self, known: set[Key]) -> Iterator[RestoredRow]:
        """Name what is not in the backup. With ``apply``, also compare claims and counters."""
        counted, stored = Tally[tuple[Key, str]](), dict[tuple[Key, str], int]()
        for items in batched(self.table.scan(), 100, strict=False):
            claimed: dict[Key, Entity] = {}
            for item in items:
                key = Key(item["pk"], item["sk"])
                stored |= {(key, name): int(item[name]) for name in _find_counters(item)}
                kind = find_kind(key)
                if kind is None:
                    continue
                if key not in known and not item.get("erased"):
                    yield _row(kind, key, Outcome.KEPT)
                entity = self._read(kind, key) if self.apply else None
                if entity is not None:
                    claimed |= {claim.key: entity for claim in entity.claims()}
                    for counter, number in entity.counts().items():
                        counted[counter.key, counter.attribute] += number
            yield from self._correct_claims(claimed)
        if self.apply:
            yield from self._correct_counters(counted, stored)

    def _read(self, kind: type[Entity], key: Key) -> Entity | None:
        try:
            return read_entity(self.table, kind, key)
        except Unreadable:
            return None

    def _correct_claims(self, claimed: Mapping[Key, Entity]) -> Iterator[RestoredRow]:
        held = self.table.get_items(list(claimed))
        for key, entity in claimed.items():
            row = RestoredRow(kind="claim", id=key.pk, outcome=Outcome.CORRECTED)
            if key not in held and self.table.put_once({**key._asdict(), "owner": entity.id}):
                yield row
            elif key in held and held[key]["owner"] != entity.id:
                detail = f"{entity.id} has this value, but {held[key]['owner']} has claimed it."
                refused = {"outcome": Outcome.REFUSED, "code": "claim_differs", "detail": detail}
                yield row.model_copy(update=refused)

    def _correct_counters(
        self, counted: Mapping[tuple[Key, str], int], stored: Mapping[tuple[Key, str], int]
    ) -> Iterator[RestoredRow]:
        """Set counters to what they count, unless a request has changed them meanwhile."""
        for key, name in sorted(counted.keys() | stored.keys()):
            seen, number = stored.get((key, name)), counted.get((key, name), 0)
            if (seen or 0) == number:
                continue
            if seen is None and self.table.get_item(key) is None:
                done = self.table.put_once({**key._asdict(), name: number, **_stamp(key, {})})
            else:
                stamp = _stamp(key, self.table.get_item(key) or {})
                when = {} if seen is None else {name: seen}
                done = self.table.update_unversioned(key, {name: number, **stamp}, when=when)
            yield RestoredRow(
                kind="counter",
                id=f"{key.pk} {name}",
                outcome=Outcome.CORRECTED if done else Outcome.REFUSED,
                code=None if done else "changed_meanwhile",
                detail=f"{seen or 0} instead of {number}.",
            )


def _itself(entity: Any) -> Any:
    return entity


def _row(kind: type[Entity], key: Key, outcome: Outcome, **fields: Any) -> RestoredRow:
    name = key.pk.removeprefix(kind.partition) or key.pk
    own = key.sk in (key.pk, User.key_of("").sk) or not kind.guest
    return RestoredRow(
        kind=kind.kind, id=name if own else f"{name}/{key.sk}", outcome=outcome, **fields
    )


def _refused(kind: type[Entity], key: Key, code: str, detail: str) -> RestoredRow:
    return _row(kind, key, Outcome.REFUSED, code=code, detail=detail)


def _step(
    change: Change[Any],
    *others: Change[Any],
    requires: Iterable[ConditionCheck] = (),
    complete: bool = True,
) -> _Step:
    """The step that commits a change, or nothing if it has no effect."""
    before, after = change.before, change.after
    effective = is_effective(change)
    if not effective and not others:
        return _Step(_row(type(after), after.key(), Outcome.UNCHANGED))
    row = _row(type(after), after.key(), Outcome.CREATED)
    if not change.lost and before is not None and before.exists:
        fields = tuple(compare_facts(before.facts(), after.facts()))
        row = row.model_copy(update={"outcome": Outcome.CHANGED, "fields": fields})
    return _Step(row, (change, *others), tuple(requires), complete)


def _keep_unversioned(found: _Found) -> dict[str, Any]:
    """The bookkeeping fields, which a restore does not change. The counters of a lost entity are
    counted again.
    """
    entity, kind = found.entity, type(found.entity)
    names = [name for name in kind.unversioned_fields if name in kind.model_fields]
    if found.lost:
        return {name: kind.model_fields[name].default for name in names if name.endswith("_count")}
    return {name: getattr(entity, name) for name in names}


def _replay[E: Entity](then: E, later: Sequence[JournalEntry]) -> E:
    """The entity after later versions, as the journal has recorded them."""
    facts = then.facts()
    for entry in later:
        facts |= {name: change.after for name, change in entry.changes.items()}
    known = {name: value for name, value in sorted(facts.items()) if value is not None}
    try:
        return then.with_facts(known, then.version) if later else then
    except ValidationError:  # it has a required field that is not recorded
        return then


def _is_anonymous(entity: Entity) -> bool:
    """Whether the personal data of an invitation or registration was erased with the user."""
    return entity.erased or getattr(entity, "anonymized_at", None) is not None


def _with_grants_of(user: User, other: User) -> User:
    """The lost user with the grants that come back: only these are counted."""
    return user.model_copy(update={name: getattr(other, name) for name in user.grant_fields})


def _counted_as(found: _Found, wanted: Resource) -> Entity:
    """The lost resource in the place where it comes back: only there it is counted."""
    if not found.lost or found.entity.erased:
        return found.entity
    return wanted.model_copy(update={"version": found.entity.version})


def _in_one_transaction(before: User, wanted: User) -> User:
    """The user with as many of the new and removed grants as fit in one transaction."""
    held = {grant.key(): grant for grant in before.grants}
    target = {grant.key(): grant for grant in wanted.grants}
    shown = sum(target[key] != held[key] for key in target.keys() & held.keys())
    moved = sorted(target.keys() ^ held.keys())
    room = max(1, (MAX_ACTIONS - OTHER_ACTIONS - 2 * shown) // 3)
    if len(moved) <= room:
        return wanted
    waiting = set(moved[room:])
    remaining: list[Grant] = [grant for key, grant in target.items() if key not in waiting]
    remaining += [held[key] for key in held.keys() & waiting]
    for name, kind in wanted.grant_fields.items():
        wanted = wanted.with_grants(name, [each for each in remaining if isinstance(each, kind)])
    return wanted


def _describe_access(found: _Found, wanted: User) -> dict[str, Any]:
    """The status and the role System, if they change."""
    before = found.entity
    known = before if isinstance(before, User) and before.exists and not found.lost else None
    described: dict[str, Any] = {}
    if known is None or known.status is not wanted.status:
        described = {"status_before": known and known.status, "status_after": wanted.status}
    if (known is not None and known.is_admin) is not wanted.is_admin:
        described["becomes_admin"] = wanted.is_admin
    return described


def _find_counters(item: Item) -> list[str]:
    pk, sk = str(item["pk"]), str(item["sk"])
    if pk.startswith(COUNTERS):
        return ["count"] if "count" in item else []
    if sk == OWNED_SORT_KEY:
        return [name for name in item if "#" in name]
    return [name for name in _COUNTS if sk == pk and name in item]


def _stamp(key: Key, item: Item) -> Item:
    """The next revision of an item whose counters are stamped."""
    return {REVISION: int(item.get(REVISION, 0)) + 1} if key.sk == OWNED_SORT_KEY else {}
