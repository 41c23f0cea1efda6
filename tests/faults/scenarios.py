"""Every way to use what is declared below ``functions/`` that writes: the harness's input.

Each operation's example is a scenario; further ones follow for what an operation can do besides,
for the jobs, the reactions and the trigger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.create_group import create_group
from functions.jobs.purge_deleted_users import KEPT, purge_deleted_users
from functions.jobs.reconcile_identities import reconcile_identities
from functions.reactions.admit_sign_in import admit_sign_in
from functions.reactions.converge_identity import converge_identity
from functions.reactions.create_first_admin import create_first_admin
from functions.reactions.tell_old_address import tell_old_address
from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.enable_user import enable_user
from functions.users.reset_password import reset_password
from functions.users.restore_user import restore_user
from functions.users.update_user import update_user
from infra.catalog import read_catalog
from rollcall.accounts import Credential
from rollcall.first_admin import ensure_first_admin
from rollcall.kit.job import make_call
from rollcall.kit.operation import Operation
from rollcall.kit.transaction import Change
from rollcall.permissions import Permission
from rollcall.statuses import Status
from rollcall.user_answers import UserAnswer
from rollcall.users import GroupRole, User
from tests.examples import EXAMPLES, Example, set_scene
from tests.faults.harness import Plan, Scenario, nothing_more
from tests.faults.invariants import accounts
from tests.faults.snapshot import sent_mails
from tests.world import ADMIN_EMAIL, Reply, World

PASSWORD = "Open-Sesame-7"
SCENARIOS: list[Scenario] = []
type Verify = Callable[[Reply], Iterable[str]]


def scenario(
    covers: str, expected: int = 200, **options: Any
) -> Callable[[Callable[[World], Plan]], Callable[[World], Plan]]:
    """Add a function that arranges a world, and says what happens in it, to the scenarios."""

    def add(arrange: Callable[[World], Plan]) -> Callable[[World], Plan]:
        name = arrange.__name__.replace("_", " ")
        SCENARIOS.append(Scenario(name, covers, arrange, expected, **options))
        return arrange

    return add


def ask(
    world: World,
    operation: Operation[Any, Any],
    example: Example,
    verify: Verify = nothing_more,
    headers: dict[str, str] | None = None,
) -> Plan:
    """The plan of a client who sends a request."""

    def send(key: str | None, reason: str | None) -> Reply:
        said = {"reason": reason} if reason else {}
        in_body = operation.has_body
        body = {**(example.body or {}), **said} if in_body else None
        query = {**example.query, **(said if not in_body else {})}
        keyed = {"Idempotency-Key": key} if key else {}
        return world.invoke(
            operation,
            path=example.path,
            query=query,
            headers={**(headers or {}), **keyed},
            body=body,
        )

    return Plan(send, verify)


def about(user_id: str, **body: Any) -> Example:
    """A request about one user."""
    return Example(path={"user_id": user_id}, body=body)


def work(run: Callable[[], object], verify: Verify = nothing_more) -> Plan:
    """The plan of something that Lambda runs by itself."""

    def send(_: str | None, __: str | None) -> Reply:
        try:
            run()
        except Exception as error:  # noqa: BLE001 (Lambda retries whatever it is)
            return Reply(500, {"error": repr(error)}, {})
        return Reply(200, {}, {})

    return Plan(send, verify)


def leave_behind(world: World, before: User | None, after: User) -> User:
    """Change a user in the table alone, as it is while Cognito does not answer."""
    world.call("leave_behind").commit(Change(before, after), answer=UserAnswer.of)
    return world.user(after.id)


def a_new_user(world: World) -> User:
    """A user who is in no store yet."""
    call = world.call()
    return User(
        id=call.new_id("usr"),
        created_at=call.now,
        updated_at=call.now,
        email="unmade@example.com",
        username="unmade",
        pending_credential="invitation",
    )


def make_foreign_account(world: World, email: str) -> None:
    """An account in the user pool that the table does not know."""
    attributes = {"email": email, "email_verified": "true"}
    world.cognito.admin_create_user(
        UserPoolId=world.runtime.settings.user_pool_id,
        Username="somebody-else",
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )


def choose_password(world: World, user: User) -> None:
    """Let a user have chosen a password."""
    world.runtime.identity.set_password(user.id, "Chosen-Before-1", permanent=True)


def change(user: User, **fields: Any) -> User:
    """The user with other values."""
    return user.model_copy(update=fields)


def has_password(world: World, status: str) -> Verify:
    """The account that the answer is about has the scenario's password."""

    def verify(reply: Reply) -> Iterable[str]:
        account = accounts(world)[reply.body["id"]]
        if (account.password, account.status) != (PASSWORD, status):
            yield f"the password was not set: {account.status}"

    return verify


def example_of(name: str) -> Callable[[World], Plan]:
    """The plan of an operation's example."""
    operation = next(each for each in read_catalog().operations if each.name == name)
    return lambda world: ask(world, operation, EXAMPLES[name](set_scene(world)))


ONCE_ONLY = {
    "create_user": {409},
    "create_group": {409},
    "delete_user": {404},
    "remove_user_from_group": {404},
    "restore_user": {409},
}
"""What a second request without a key meets when the first one had its effect."""
SCENARIOS += [
    Scenario(
        "as in its example",
        each.name,
        example_of(each.name),
        each.status,
        again=frozenset(ONCE_ONLY.get(each.name, ())),
    )
    for each in read_catalog().operations
    if each.writes
]


@scenario("create_user", 201, again=frozenset({409}))
def a_user_with_a_temporary_password(world: World) -> Plan:
    body = {"email": "new@example.com", "temporaryPassword": PASSWORD}
    return ask(world, create_user, Example(body=body), has_password(world, "FORCE_CHANGE_PASSWORD"))


@scenario("create_user", 201, again=frozenset({409}))
def an_invited_admin_in_a_group(world: World) -> Plan:
    group = world.add_group("Editors", Permission.USER_VIEW)
    body = {"email": "new@example.com", "isAdmin": True, "groups": [group], "username": "newest"}
    return ask(world, create_user, Example(body={**body, "status": "invited"}))


@scenario("create_user", 201, again=frozenset({409}))
def a_disabled_user_with_a_phone_and_no_invitation(world: World) -> Plan:
    body = {"phone": "+4915112345678", "status": "inactive", "sendInvite": False}
    return ask(world, create_user, Example(body=body))


@scenario("create_user", 201, again=frozenset({409}))
def an_unverified_user_whose_username_is_taken(world: World) -> Plan:
    world.add_user(username="new")
    body = {"email": "new@example.com", "status": "pending_verification"}
    return ask(world, create_user, Example(body=body))


@scenario("create_user", 201, again=frozenset({409}))
def a_user_with_the_email_of_one_deleted_while_cognito_was_down(world: World) -> Plan:
    gone = world.add_user("same@example.com")
    leave_behind(world, gone, gone.as_erased(world.clock.now))
    return ask(world, create_user, Example(body={"email": "same@example.com"}))


@scenario("create_user", 409)
def a_user_with_a_taken_email(world: World) -> Plan:
    world.add_user("taken@example.com")
    return ask(world, create_user, Example(body={"email": "taken@example.com"}))


@scenario("create_user", 422, again=frozenset({409}), refused_for_good=True)
def a_user_whose_email_belongs_to_an_account_nobody_knows(world: World) -> Plan:
    make_foreign_account(world, "foreign@example.com")

    def verify(_: Reply) -> Iterable[str]:
        if world.users_with_email("foreign@example.com"):
            yield "a refused user is there"

    return ask(world, create_user, Example(body={"email": "foreign@example.com"}), verify)


@scenario("update_user")
def a_password(world: World) -> Plan:
    verify = has_password(world, "CONFIRMED")
    return ask(world, update_user, about(world.add_user().id, password=PASSWORD), verify)


@scenario("update_user")
def everything_at_once(world: World) -> Plan:
    user = world.add_user(phone="+4915100000000")
    fields = {"phone": None, "username": "another", "email": "moved@example.com"}
    more = {"password": PASSWORD, "status": "suspended", "profile": {"city": "Bonn"}}
    return ask(world, update_user, about(user.id, **fields, **more))


@scenario("update_user", again=frozenset({412}))
def a_name_under_a_condition(world: World) -> Plan:
    user = world.add_user()
    headers = {"If-Match": f'"{user.version}"'}
    return ask(world, update_user, about(user.id, name="Ada"), headers=headers)


@scenario("update_user")
def a_profile_that_cognito_does_not_know_of(world: World) -> Plan:
    return ask(world, update_user, about(world.add_user().id, profile={"bio": "Likes maps"}))


@scenario("update_user")
def two_emails_swapped_while_cognito_was_down(world: World) -> Plan:
    one, two = world.add_user("one@example.com"), world.add_user("two@example.com")
    parked = leave_behind(world, one, change(one, email="parked@example.com"))
    leave_behind(world, two, change(two, email="one@example.com"))
    return ask(world, update_user, about(parked.id, email="two@example.com"))


@scenario("update_user")
def three_usernames_moved_round_while_cognito_was_down(world: World) -> Plan:
    a, b, c = (world.add_user(username=name) for name in ("anna", "berta", "clara"))
    parked = leave_behind(world, a, change(a, username="parked"))
    leave_behind(world, c, change(c, username="anna"))
    leave_behind(world, b, change(b, username="clara"))
    return ask(world, update_user, about(parked.id, username="berta"))


@scenario("enable_user")
def one_who_was_disabled(world: World) -> Plan:
    user = world.add_user()
    world.clock.advance(hours=1)
    world.change_user(user, user.with_status(Status.INACTIVE, world.clock.now))
    world.clock.advance(hours=1)
    return ask(world, enable_user, about(user.id))


@scenario("delete_user")
def soft_deletion(world: World) -> Plan:
    example = Example(path={"user_id": world.add_user().id}, query={"mode": "soft"})
    return ask(world, delete_user, example)


@scenario("delete_user", again=frozenset({404}))
def deletion_of_an_admin_in_groups(world: World) -> Plan:
    user = world.add_user(is_admin=True)
    for name in ("Readers", "Writers"):
        group_id = world.add_group(name)
        user = world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))
    return ask(world, delete_user, Example(path={"user_id": user.id}))


@scenario("delete_user", again=frozenset({404}))
def deletion_of_a_soft_deleted_user_whose_account_is_gone(world: World) -> Plan:
    user = world.add_user()
    world.runtime.identity.delete(user.id)
    leave_behind(world, user, user.as_deleted(world.clock.now))
    return ask(world, delete_user, Example(path={"user_id": user.id}))


@scenario("restore_user", again=frozenset({409}))
def restoring_one_deleted_while_cognito_was_down(world: World) -> Plan:
    user = world.add_user()
    leave_behind(world, user, user.as_deleted(world.clock.now))
    return ask(world, restore_user, about(user.id))


@scenario("reset_password")
def a_permanent_password_with_sessions_ended(world: World) -> Plan:
    body = {"newPassword": PASSWORD, "permanent": True, "endSessions": True}
    verify = has_password(world, "CONFIRMED")
    return ask(world, reset_password, about(world.add_user().id, **body), verify)


@scenario("reset_password")
def a_reset_by_mail(world: World) -> Plan:
    user = world.add_user()
    choose_password(world, user)

    def verify(_: Reply) -> Iterable[str]:
        if accounts(world)[user.id].status != "RESET_REQUIRED":
            yield "no reset was sent"

    return ask(world, reset_password, about(user.id), verify)


@scenario("reset_password")
def the_invitation_again(world: World) -> Plan:
    return ask(world, reset_password, about(world.add_user().id))


@scenario("create_group", 201, again=frozenset({409}))
def a_group_that_grants(world: World) -> Plan:
    world.add_group("Older", Permission.USER_VIEW)
    body = {"name": "Support", "permissions": ["user.view", "user.update"]}
    return ask(world, create_group, Example(body=body))


@scenario("add_user_to_group", 201)
def another_role_in_a_group(world: World) -> Plan:
    group_id, user = world.add_group("Readers"), world.add_user()
    world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))
    return ask(world, add_user_to_group, about(user.id, groupId=group_id, role="admin"))


@scenario("purge_deleted_users", by_client=False)
def a_purge_of_two_users_but_not_the_third(world: World) -> Plan:
    due = [world.add_user(), world.add_user()]
    for user in due:
        world.change_user(user, user.as_deleted(world.clock.now))
    world.clock.now += KEPT
    kept = world.add_user()
    world.change_user(kept, kept.as_deleted(world.clock.now))

    def verify(_: Reply) -> Iterable[str]:
        if not all(world.user(user.id).erased for user in due) or world.user(kept.id).erased:
            yield "not those were purged who were due"

    return work(lambda: purge_deleted_users.run(world.runtime), verify)


@scenario("reconcile_identities", by_client=False)
def a_reconciliation_of_what_cognito_was_not_told(world: World) -> Plan:
    disabled, erased = world.add_user(), world.add_user()
    leave_behind(world, disabled, disabled.with_status(Status.INACTIVE, world.clock.now))
    leave_behind(world, erased, erased.as_erased(world.clock.now))
    world.clock.advance(minutes=2)
    return work(lambda: reconcile_identities.run(world.runtime))


@scenario("reconcile_identities", by_client=False)
def a_reconciliation_of_an_admin_moved_and_a_user_never_made(world: World) -> Plan:
    moved = world.add_user()
    leave_behind(world, moved, change(moved, email="moved@example.com", is_admin=True))
    leave_behind(world, None, a_new_user(world))
    world.clock.advance(minutes=2)
    return work(lambda: reconcile_identities.run(world.runtime))


@scenario("reconcile_identities", by_client=False)
def a_reconciliation_of_what_was_changed_behind_our_back(world: World) -> Plan:
    closed, renamed = world.add_user(), world.add_user()
    world.runtime.identity.set_enabled(closed.id, False)
    account = change(renamed, username="meddled").account()
    found = world.runtime.identity.find(renamed.id)
    assert found is not None
    world.runtime.identity.update_attributes(account, found)
    return work(lambda: reconcile_identities.run(world.runtime))


@scenario("converge_identity", by_client=False)
def a_stream_record_about_a_change_that_cognito_missed(world: World) -> Plan:
    user = world.add_user()
    moved = change(user, email="moved@example.com", phone="+4915112345678", is_admin=True)
    leave_behind(world, user, moved.with_status(Status.SUSPENDED, world.clock.now))
    return work(lambda: converge_identity.react(last_entry(world, user.id), world.runtime))


@scenario("converge_identity", by_client=False)
def a_stream_record_about_a_user_who_has_no_account_yet(world: World) -> Plan:
    user = leave_behind(world, None, a_new_user(world))
    return work(lambda: converge_identity.react(last_entry(world, user.id), world.runtime))


@scenario("converge_identity", by_client=False)
def a_stream_record_about_an_erased_user(world: World) -> Plan:
    user = world.add_user()
    group_id = world.add_group("Readers")
    user = world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))
    leave_behind(world, user, user.as_erased(world.clock.now))
    return work(lambda: converge_identity.react(last_entry(world, user.id), world.runtime))


@scenario("tell_old_address", by_client=False)
def a_mail_to_the_old_address(world: World) -> Plan:
    user = world.add_user("old@example.com")
    leave_behind(world, user, change(user, email="moved@example.com"))

    def verify(_: Reply) -> Iterable[str]:
        if not sent_mails(world):
            yield "the old address was never told"

    return work(lambda: tell_old_address.react(last_entry(world, user.id), world.runtime), verify)


@scenario("admit_sign_in", by_client=False)
def a_sign_in(world: World) -> Plan:
    user = world.add_user()
    event = {"userName": user.id, "triggerSource": "TokenGeneration_Authentication"}
    return work(lambda: admit_sign_in.react(event, world.runtime))


@scenario("create_first_admin", by_client=False, founded=False)
def the_first_admin_of_a_deployment(world: World) -> Plan:
    settings = world.runtime.settings.model_copy(update={"first_admin_email": ADMIN_EMAIL})
    world.runtime = replace(world.runtime, settings=settings)
    return work(lambda: create_first_admin.run(world.runtime))


@scenario("create_first_admin", by_client=False, founded=False)
def the_first_admin_with_a_password(world: World) -> Plan:
    def run() -> None:
        credential = Credential(SecretStr(PASSWORD), permanent=True)
        ensure_first_admin(make_call("create_first_admin", world.runtime), ADMIN_EMAIL, credential)

    return work(run)


def last_entry(world: World, user_id: str) -> dict[str, Any]:
    """The newest stored journal entry about a user, as the stream brings it."""
    entries = [item for item in world.items() if item.get("target", {}).get("id") == user_id]
    return max(entries, key=lambda item: int(item["target"]["version"]))
