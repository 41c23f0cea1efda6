"""The harness and the races detect planted bugs.

These are the only tests that replace parts of the code under test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.delete_group import delete_group
from functions.groups.remove_user_from_group import remove_user_from_group
from functions.reactions import finish_deletion as finish_deletion_module
from functions.system.register_resource import register_resource
from functions.users.create_user import CreateUser, create_user
from functions.users.delete_user import delete_user
from functions.users.demote_user import demote_user
from functions.users.update_user import update_user
from rollcall.access.policy import AccessPolicy
from rollcall.accounts import convergence as accounts_module
from rollcall.grants.grant import Membership
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit import transaction as transaction_module
from rollcall.kit.account import Account, FoundAccount
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.entity import Counter, Entity, Item, Key
from rollcall.kit.idempotency import Idempotency
from rollcall.kit.identity import AliasHeld, Identity
from rollcall.kit.table import Table
from rollcall.kit.transaction import Transaction
from rollcall.members import removal as removal_module
from rollcall.resources import deletion as deletion_module
from rollcall.resources.resource import Resource
from rollcall.users.answers import UserAnswer
from rollcall.users.owned import Owned
from rollcall.users.user import ADMINS, User
from tests.api.examples import Example
from tests.faults.harness import explore
from tests.faults.invariants import accounts, check_settled
from tests.faults.races import COMMIT, meanwhile, race
from tests.faults.scenario import Scenario
from tests.faults.scenarios import SCENARIOS
from tests.faults.staging import PASSWORD, ask
from tests.world.world import World

CREATE = "a user with a temporary password"


def find_scenario(name: str) -> Scenario:
    """The scenario with this name."""
    return next(each for each in SCENARIOS if name in f"{each.covers}: {each.name}")


def caught(scenario: Scenario) -> str:
    """The first violations that the harness finds in the patched code."""
    return "\n".join(explore(scenario, enough=1).violations)


def do_nothing(*_: Any) -> None:
    """A removed part of the code."""


def test_account_made_before_the_transaction_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def create_account_first(request: CreateUser, call: Call) -> UserAnswer:
        def commit(self: Call, change: Any, *others: Any, **options: Any) -> Any:
            self.identity.create(change.after.account(), None, invite=False)
            return committing(self, change, *others, **options)

        committing = Call.commit
        with monkeypatch.context() as patched:
            patched.setattr(Call, "commit", commit)
            return create_user.function(request, call)

    naive = replace(create_user, function=create_account_first)
    example = Example(body={"email": "new@example.com"})
    scenario = Scenario("naive", "create_user", lambda world: ask(world, naive, example), 201)

    assert "I1" in caught(scenario)


def test_missing_condition_on_the_version_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(transaction_module, "as_read", lambda _: ("attribute_exists(pk)", {}))
    user = world.add_user()
    rename = partial(world.invoke, update_user, path={"user_id": user.id})

    race(world, [partial(rename, body={"name": name}) for name in ("Ada", "Eve")])

    assert any("I6" in violation for violation in check_settled(world))


@pytest.mark.parametrize("name", ["a permanent password", "accept_invitation"])
def test_sessions_that_outlive_the_credentials_are_caught(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(User, "with_earlier_sessions_ended", lambda user, _: user)

    assert "I26" in caught(find_scenario(name))


def test_missing_claim_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transaction, "_move_claims", do_nothing)

    assert "I5" in caught(find_scenario(CREATE))


def test_missing_witness_is_caught(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setattr(Transaction, "add_witnesses", do_nothing)
    actor, body = world.add_user(is_admin=True), {"email": "new@example.com"}
    demotion = partial(world.invoke, demote_user, path={"user_id": actor.id})

    with meanwhile(world, COMMIT, demotion):
        reply = world.invoke(create_user, caller=actor.id, body=body)

    assert reply.status == 201, (
        "the demoted actor's change was committed, which the interleaving tests detect"
    )


def test_missing_condition_on_the_counter_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    adjust = Transaction._adjust

    def adjust_freely(self: Transaction, key: Key, adjusted: Mapping[Counter, int]) -> None:
        adjust(self, key, {each._replace(floor=None): delta for each, delta in adjusted.items()})

    monkeypatch.setattr(Transaction, "_adjust", adjust_freely)
    monkeypatch.setattr(Transaction, "add_witnesses", do_nothing)
    other = world.add_user(is_admin=True).id
    pairs = [(world.admin_id, other), (other, world.admin_id)]
    demote = [
        partial(world.invoke, demote_user, caller=actor, path={"user_id": target})
        for actor, target in pairs
    ]

    race(world, demote)

    assert world.count(ADMINS) == 0
    assert "I4: no active admin is left" in check_settled(world)


def test_missing_counter_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transaction, "add_counts", do_nothing)

    assert "I4" in caught(find_scenario("promote_user: as in its example"))


def test_journal_entry_outside_of_the_transaction_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = Transaction.send

    def send_apart(self: Transaction) -> None:
        apart = [action for action in self._actions if _is_journal(action.write)]
        self._actions = [action for action in self._actions if action not in apart]
        send(self)
        for action in apart:
            self._table._client.put_item(
                TableName=self._table.name, Item=action.write["Put"]["Item"]
            )

    monkeypatch.setattr(Transaction, "send", send_apart)

    assert "I6" in caught(find_scenario("promote_user: as in its example"))


def test_missing_membership_rows_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transaction, "_replace_rows", do_nothing)

    assert "I6" in caught(find_scenario("add_user_to_group: as in its example"))


def test_missing_idempotency_row_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Call, "_remember", do_nothing)

    assert "I7" in caught(find_scenario(CREATE))


def test_idempotency_row_written_after_the_transaction_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commit = Call.commit

    def commit_then_remember(self: Call, change: Any, *others: Any, **options: Any) -> Any:
        answer = commit(replace(self, idempotency=None), change, *others, **options)
        if self.idempotency is not None:
            text = answer.model_dump_json(by_alias=True, exclude_none=True)
            secret = self.idempotency.new_secret
            rows = self.idempotency.items(text, None, self.now)
            for item in [*rows, *([secret] if secret else [])]:
                self.table.put_once(item)
        return answer

    monkeypatch.setattr(Call, "commit", commit_then_remember)

    assert "I7" in caught(find_scenario("reset_password: the invitation again"))


def test_tombstone_removed_before_the_account_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def erase(call: Call, user: User) -> None:
        call.table.delete_items([user.key()])
        call.identity.delete(user.id)

    monkeypatch.setattr(accounts_module, "_erase", erase)

    violations = explore(find_scenario("delete_user: as in its example")).violations
    assert any("I1" in violation for violation in violations)


def test_success_assumed_because_the_username_exists_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    create = Identity.create

    def assume(
        self: Identity, account: Account, password: str | None, invite: bool
    ) -> FoundAccount:
        try:
            return create(self, account, password, invite)
        except AliasHeld:
            return FoundAccount(account.id, account.attributes(), enabled=True, status="")

    monkeypatch.setattr(Identity, "create", assume)
    body = {"email": "new@example.com", "temporaryPassword": PASSWORD}

    with meanwhile(world, "AdminCreateUser", world.drain):
        reply = world.invoke(create_user, body=body)

    assert world.user(reply.body["id"]).in_step
    assert accounts(world)[reply.body["id"]].password != PASSWORD, (
        "the password is lost without a trace"
    )


def test_unconditional_mark_as_in_sync_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    update = Table.update_unversioned

    def update_anyway(self: Table, *args: Any, **options: Any) -> bool:
        return update(self, *args, **{**options, "when": None})

    monkeypatch.setattr(Table, "update_unversioned", update_anyway)
    user = world.add_user()
    rename = partial(world.invoke, update_user, path={"user_id": user.id})

    with meanwhile(world, "AdminUpdateUserAttributes", partial(rename, body={"name": "Newer"})):
        rename(body={"name": "Older"})

    assert any("I2" in violation for violation in check_settled(world))


def test_bookkeeping_overwritten_by_a_later_version_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    def version_alone(entity: Entity) -> tuple[str, Item]:
        return "version = :version", {":version": entity.version}

    monkeypatch.setattr(transaction_module, "as_read", version_alone)
    user = world.add_user()
    renamed = user.model_copy(update={"name": "Ada", "pending_credential": "reset"})
    world.write(user, renamed)

    with meanwhile(world, COMMIT, world.drain):
        world.invoke(update_user, path={"user_id": user.id}, body={"profile": {"city": "Bonn"}})

    assert any("still waits" in violation for violation in check_settled(world))


def test_item_that_is_replaced_whole_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def put(self: Transaction, _: Entity, after: Entity, *condition: Any) -> None:
        self._put(after.item(), *condition)

    monkeypatch.setattr(Transaction, "_update", put)

    assert "attributes of a newer version are lost" in caught(find_scenario("everything at once"))


def test_sessions_that_survive_a_disabling_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "with_sessions_ended", lambda self, _: self)

    assert "I13" in caught(find_scenario("enable_user: a disabled user"))


def test_password_that_is_stored_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Idempotency.read

    def remember_all(table: Table, header: str, **request: str) -> Idempotency:
        return replace(read(table, header, **request), fingerprint=request["sent"])

    monkeypatch.setattr(Idempotency, "read", remember_all)

    assert "I17" in caught(find_scenario(CREATE))


def test_account_that_is_never_disabled_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Identity, "set_enabled", do_nothing)

    assert "I2" in caught(find_scenario("disable_user: as in its example"))


def test_group_that_can_be_joined_after_its_deletion_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    def count_anywhere(self: Membership) -> dict[Counter, int]:
        return {Counter(Group.key_of(self.group_id), "memberCount"): 1}

    monkeypatch.setattr(Membership, "counts", count_anywhere)
    group_id, user = world.add_group("Readers"), world.add_user()
    join = partial(
        world.invoke,
        add_user_to_group,
        path={"user_id": user.id},
        body={"groupId": group_id},
    )

    with meanwhile(world, COMMIT, partial(world.invoke, delete_group, path={"group_id": group_id})):
        assert join().status == 201

    assert any("G1" in violation for violation in check_settled(world))


def test_deletion_of_a_group_that_stops_half_way_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(removal_module, "_write_progress", do_nothing)

    assert "G1" in caught(find_scenario("finish_deletion: a step for some members"))


def test_permissions_that_a_deleted_group_still_grants_are_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_group = AccessPolicy.with_group

    def keep(
        self: AccessPolicy, group_id: str, permissions: tuple[Permission, ...]
    ) -> AccessPolicy:
        return with_group(self, group_id, permissions) if permissions else self

    monkeypatch.setattr(AccessPolicy, "with_group", keep)

    assert "grants permissions" in caught(find_scenario("delete_group: a group with members"))


def _is_journal(write: Any) -> bool:
    return "Put" in write and write["Put"]["Item"]["pk"]["S"].startswith("JOURNAL#")


def test_registration_without_a_condition_on_the_owner_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(Resource, "require_placed", lambda *_: [])
    group_id, user = world.add_group("Writers"), world.add_user()
    world.change_user(user, user.with_membership(group_id))
    body = {"type": "workspace", "userId": user.id, "groupId": group_id}
    path = {"user_id": user.id, "group_id": group_id}

    with meanwhile(world, COMMIT, partial(world.invoke, remove_user_from_group, path=path)):
        world.invoke(register_resource, body=body)

    assert any("its owner is not in" in violation for violation in check_settled(world))


def test_deletion_without_a_condition_on_owned_resources_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(Owned, "unchanged", lambda *_: ConditionCheck.exists(User, world.admin_id))
    user = world.add_user()

    with meanwhile(world, COMMIT, partial(world.add_resource, user.id)):
        world.invoke(delete_user, path={"user_id": user.id})

    assert any("W2: the tombstone" in violation for violation in check_settled(world))


def test_resources_that_are_never_released_are_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(deletion_module, "RESOURCES_AT_ONCE", 1)
    monkeypatch.setattr(finish_deletion_module, "release_resources", do_nothing)
    user = world.add_user()
    world.add_resources(2, user.id, "persona")

    world.invoke(delete_user, path={"user_id": user.id})
    world.drain()

    assert any("work left" in violation for violation in check_settled(world))
