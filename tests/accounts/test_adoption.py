"""Users are created for the existing accounts of a user pool (L3)."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from functions.jobs.reconcile_identities import reconcile_identities
from functions.users.create_user import create_user
from functions.users.get_user import get_user
from functions.users.update_user import update_user
from rollcall.accounts.adoptable import AdoptionRules
from rollcall.accounts.adoption import AdoptionRow, Outcome, adopt_accounts, plan_adoption
from rollcall.invitations.invitation import Invitation
from rollcall.kit.account import FEDERATED_STATUS
from rollcall.kit.job import make_call
from rollcall.users.statuses import Status
from rollcall_infra.adopt import ACTION
from tests.faults.injection import Crash, Injection, Kind, choose_sites, variants_of
from tests.faults.invariants import check_always, check_settled
from tests.faults.races import meanwhile
from tests.faults.state import describe_state
from tests.world.aws_edge import watched
from tests.world.snapshot import Snapshot
from tests.world.strict_aws import Interception, find_pool, let_through
from tests.world.world import World

PASSWORD = "Chosen-Before-1"
CLEAN = AdoptionRules()


def add_account(
    world: World, account_id: str, /, *, status: str = "CONFIRMED", **attributes: str
) -> None:
    """An account that somebody has made without Rollcall; addresses are confirmed unless told."""
    for address in ("email", "phone_number"):
        if address in attributes:
            attributes.setdefault(f"{address}_verified", "true")
    pool_id = world.runtime.identity.user_pool_id
    world.cognito.admin_create_user(
        UserPoolId=pool_id,
        Username=account_id,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )
    account = find_pool(pool_id).users[account_id]
    account.password, account.status = PASSWORD, status


def plan(world: World, rules: AdoptionRules = CLEAN) -> dict[str, AdoptionRow]:
    call = make_call(ACTION, world.runtime)
    return {row.id: row for row in plan_adoption(call, rules)}


def adopt(world: World, rules: AdoptionRules = CLEAN) -> dict[str, AdoptionRow]:
    call = make_call(ACTION, world.runtime, reason="Moving in")
    return {row.id: row for row in adopt_accounts(call, rules)}


def settle(world: World) -> None:
    """Run the reactions, then a reconciliation, which finds no differences and no orphans."""
    world.drain()
    world.clock.advance(minutes=16)
    report = reconcile_identities.run(world.runtime)
    assert (report.mended, report.failed, report.orphans) == (0, 0, 0)
    assert check_settled(world) == []


def test_account_becomes_a_user_that_is_in_sync(world: World) -> None:
    add_account(
        world,
        "Ada.Lovelace",
        email="Ada@Example.com",
        phone_number="+4915112345678",
        preferred_username="ada",
        name="Ada Lovelace",
    )
    made_at = world.clock.now
    world.clock.advance(days=400)
    assert plan(world)["Ada.Lovelace"].outcome is Outcome.ADOPTED

    row = adopt(world)["Ada.Lovelace"]

    assert (row.outcome, row.code) == (Outcome.ADOPTED, None)
    user = world.user("Ada.Lovelace")
    assert (user.email, user.phone) == ("ada@example.com", "+4915112345678")
    assert (user.username, user.name, user.status) == ("ada", "Ada Lovelace", Status.ACTIVE)
    assert (user.created_at, user.updated_at) == (made_at, world.clock.now)
    assert user.in_step
    settle(world)
    assert world.invoke(get_user, path={"user_id": user.id}).body["email"] == "ada@example.com"


def test_password_and_sessions_stay_and_no_mail_is_sent(world: World) -> None:
    add_account(world, "ada", email="ada@example.com")

    with watched(world.aws) as seen:
        adopt(world)
        world.drain()

    asked = {call.operation for call in seen if call.service == "cognito-idp"}
    assert asked <= {
        "ListUsers",
        "ListUsersInGroup",
        "AdminGetUser",
        "AdminListGroupsForUser",
        "AdminUpdateUserAttributes",
    }
    account = find_pool(world.runtime.identity.user_pool_id).users["ada"]
    assert (account.password, account.status) == (PASSWORD, "CONFIRMED")
    assert world.mails() == []


def test_each_adopted_user_has_one_journal_entry(world: World) -> None:
    for name in ("ada", "grace"):
        add_account(world, name, email=f"{name}@example.com")
    adopt(world)

    for name in ("ada", "grace"):
        (entry,) = world.journal(name)
        assert (entry.action, entry.actor.kind, entry.reason) == (ACTION, "system", "Moving in")
        assert entry.changes["email"].after == f"{name}@example.com"


STATES: dict[str, tuple[dict[str, str], bool, Status]] = {
    "confirmed": ({}, True, Status.ACTIVE),
    "invited by somebody": ({"status": "FORCE_CHANGE_PASSWORD"}, True, Status.ACTIVE),
    "signs in elsewhere": ({"status": FEDERATED_STATUS}, True, Status.ACTIVE),
    "disabled": ({}, False, Status.INACTIVE),
    "registered and no more": (
        {"status": "UNCONFIRMED", "email_verified": "false"},
        True,
        Status.PENDING_VERIFICATION,
    ),
    "address not confirmed": ({"email_verified": "false"}, True, Status.PENDING_VERIFICATION),
}


@pytest.mark.parametrize(("state", "enabled", "status"), STATES.values(), ids=list(STATES))
def test_status_follows_from_the_account(
    world: World, state: dict[str, str], enabled: bool, status: Status
) -> None:
    add_account(world, "ada", email="ada@example.com", preferred_username="countess", **state)
    world.runtime.identity.set_enabled("ada", enabled)
    before = world.account("ada")

    adopt(world)

    assert world.user("ada").status is status
    assert world.account("ada") == before
    settle(world)


def test_trusted_addresses_count_as_confirmed(world: World) -> None:
    add_account(world, "ada", email="ada@example.com", email_verified="false")
    adopt(world, AdoptionRules(trust_addresses=True))
    assert world.user("ada").status is Status.ACTIVE
    assert (world.account("ada") or {})["email_verified"] == "true"
    settle(world)


def test_account_that_no_user_could_have_is_refused_with_the_reason(world: World) -> None:
    add_account(world, "ada", name="Ada")
    add_account(world, "export", email="ada@example.com")
    rules = AdoptionRules(reserved={"export"})

    for rows in (plan(world, rules), adopt(world, rules)):
        assert {row.outcome for row in rows.values()} == {Outcome.REFUSED, Outcome.KNOWN}
        assert (rows["ada"].code, rows["export"].code) == ("address_needed", "id_unusable")

    assert {user.id for user in world.users()} == {world.admin_id}
    assert world.account("ada")


@pytest.mark.parametrize("taken", ["email", "username", "phone", "id"])
def test_taken_value_is_a_conflict_and_nothing_is_written(world: World, taken: str) -> None:
    held = {"email": "ada@example.com", "username": "countess", "phone": "+4915112345678"}
    name = "ada"
    world.write(
        None,
        world.user(world.admin_id).model_copy(
            update={
                "id": "usr_of_somebody",
                "is_admin": False,
                "email": held["email"] if taken == "email" else "other@example.com",
                "phone": held["phone"] if taken == "phone" else None,
                "username": {"username": "countess", "id": name}.get(taken, "other"),
                "identity_version": 1,
            }
        ),
    )
    add_account(
        world,
        name,
        email=held["email"],
        phone_number=held["phone"],
        preferred_username=held["username"],
    )
    code = f"{'username' if taken == 'id' else taken}_taken"

    for rows in (plan(world), adopt(world)):
        assert (rows[name].outcome, rows[name].code) == (Outcome.REFUSED, code)

    assert name not in {user.id for user in world.users()}
    assert world.account(name)
    assert check_always(world) == []


def test_address_of_two_accounts_goes_to_the_one_that_has_confirmed_it(world: World) -> None:
    add_account(world, "aaa", email="ada@example.com", email_verified="false")
    add_account(world, "zzz", email="ada@example.com")

    planned, done = plan(world), adopt(world)

    for rows in (planned, done):
        assert {row.id: row.code for row in rows.values()}["aaa"] == "email_taken"
        assert rows["zzz"].outcome is Outcome.ADOPTED
    assert world.user("zzz").email == "ada@example.com"


def test_missing_username_is_generated_and_differs_from_those_of_all_accounts(world: World) -> None:
    add_account(world, "0f0c", email="ada@example.com")
    add_account(world, "ada", email="grace@example.com", preferred_username="grace")

    adopt(world)

    assert world.user("0f0c").username == "ada2"
    settle(world)
    reply = world.invoke(update_user, path={"user_id": world.admin_id}, body={"username": "0f0c"})
    assert reply.code == "username_taken"


def test_no_user_becomes_an_admin_and_the_plan_names_removed_group_members(world: World) -> None:
    add_account(world, "ada", email="ada@example.com")
    world.runtime.identity.set_admin("ada", True)

    assert plan(world)["ada"].leaves_admins
    adopt(world)

    assert not world.user("ada").is_admin
    assert (world.account("ada") or {})["admin"] is False
    settle(world)


def test_plan_and_second_adoption_change_nothing(world: World) -> None:
    add_account(world, "ada", email="ada@example.com")
    before = world.items()
    plan(world)
    assert world.items() == before

    adopt(world)
    before = world.items()
    again = adopt(world)

    assert {row.outcome for row in again.values()} == {Outcome.KNOWN}
    assert world.items() == before


def test_account_that_was_deleted_meanwhile_is_not_adopted(world: World) -> None:
    add_account(world, "ada", email="ada@example.com")
    delete = partial(world.runtime.identity.delete, "ada")
    with meanwhile(world, "AdminGetUser", delete):
        rows = adopt(world)
    assert rows["ada"].code == "account_gone"
    assert check_always(world) == []


def test_adopted_user_is_listed_and_has_an_activation_of_its_own(world: World) -> None:
    names = ["ada-", "ada", "Google_123", "Facebook_123"]
    for number, name in enumerate(names):
        add_account(world, name, email=f"{number}@example.com", preferred_username=f"name{number}")
    adopt(world)
    world.build_directory()

    assert len({Invitation.id_for(name) for name in names}) == len(names)
    letters = {world.user(name).index()["gsi2pk"] for name in names}
    assert all(letter.startswith("USERS#") and len(letter) == 7 for letter in letters)
    settle(world)


def test_email_taken_meanwhile_by_an_admins_user_stays_there(world: World) -> None:
    add_account(world, "0f0c", email="ada@example.com", email_verified="false")

    def create() -> None:
        reply = world.invoke(create_user, body={"email": "ada@example.com", "sendInvite": False})
        assert reply.status == 201

    with meanwhile(world, "TransactWriteItems", create):
        rows = adopt(world)

    assert rows["0f0c"].code == "email_taken"
    assert len(world.users_with_email("ada@example.com")) == 1
    assert world.account("0f0c")
    world.drain()
    assert check_always(world) == []


def test_concurrent_user_with_the_same_email_is_refused_and_adoption_continues(
    world: World,
) -> None:
    """The account has the address, so that the identity provider refuses the admin's user."""
    add_account(world, "ada", email="ada@example.com")

    def create() -> None:
        reply = world.invoke(create_user, body={"email": "ada@example.com", "sendInvite": False})
        assert (reply.status, reply.code) == (422, "unknown_account_holds_alias")

    with meanwhile(world, "TransactWriteItems", create):
        rows = adopt(world)

    assert rows["ada"].outcome is Outcome.ADOPTED
    settle(world)


def test_two_concurrent_adoptions_create_each_user_once(world: World) -> None:
    for name in ("ada", "grace", "jean"):
        add_account(world, name, email=f"{name}@example.com")

    with meanwhile(world, "TransactWriteItems", lambda: adopt(world)):
        rows = adopt(world)

    assert {row.outcome for row in rows.values()} == {Outcome.KNOWN}
    assert [len(world.journal(name)) for name in ("ada", "grace", "jean")] == [1, 1, 1]
    settle(world)


def test_interrupted_adoption_and_reconciliation_have_the_same_result(world: World) -> None:
    add_account(world, "ada", email="ada@example.com", name="Ada")
    start, undisturbed = Snapshot.of(world), Injection()
    run_with(world, undisturbed)
    wanted = _ends(world)
    known: set[str] = set()

    for site, call in choose_sites(undisturbed.calls):
        for variant in (each for each in variants_of(call) if each.kind is Kind.CRASH):
            start.restore(world)
            with suppress(Crash):
                run_with(world, Injection(site, variant))
            if (state := describe_state(world)) not in known:
                known.add(state)
                assert check_always(world) == [], f"{call} (#{site}), {variant}"
                run_with(world, let_through)
                settle(world)
                assert _ends(world) == wanted, f"{call} (#{site}), {variant}"
    assert len(known) >= 3, "with the user alone, with the account, in sync"


def run_with(world: World, interception: Interception) -> None:
    world.clock.advance(seconds=1)
    world.aws.intercept = interception
    try:
        adopt(world)
    finally:
        world.aws.intercept = let_through


def _ends(world: World) -> list[tuple[Any, ...]]:
    return [
        (each.id, each.email, each.username, each.created_at, world.account(each.id))
        for each in sorted(world.users(), key=lambda user: user.id)
    ]
