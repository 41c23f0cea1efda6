"""Building blocks of scenarios: requests, background work, and states that faults leave."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rollcall.kit.operation import Operation
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User
from tests.api.examples import Example
from tests.faults.invariants import accounts
from tests.faults.scenario import Plan, Scenario, nothing_more
from tests.faults.stored import NEWER
from tests.world.gateway import Reply
from tests.world.world import World

PASSWORD = "Open-Sesame-7"
type Verify = Callable[[Reply], Iterable[str]]


def scenario(
    covers: str, expected: int = 200, **options: Any
) -> Callable[[Callable[[World], Plan]], Scenario]:
    """Turn a function that arranges a world and returns a plan into a scenario."""

    def declare(arrange: Callable[[World], Plan]) -> Scenario:
        return Scenario(arrange.__name__.replace("_", " "), covers, arrange, expected, **options)

    return declare


def ask(
    world: World,
    operation: Operation[Any, Any],
    example: Example,
    verify: Verify = nothing_more,
    headers: dict[str, str] | None = None,
) -> Plan:
    """The plan of a client that sends a request."""

    def send(key: str | None, reason: str | None) -> Reply:
        given = {"reason": reason} if reason else {}
        in_body = operation.has_body
        body = {**(example.body or {}), **given} if in_body else None
        query = {**example.query, **(given if not in_body else {})}
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
    """The plan of a function without a caller."""

    def send(_: str | None, __: str | None) -> Reply:
        try:
            run()
        except Exception as error:  # noqa: BLE001 (Lambda retries after any error)
            return Reply(500, {"error": repr(error)}, {})
        return Reply(200, {}, {})

    return Plan(send, verify)


def leave_behind(world: World, before: User | None, after: User) -> User:
    """Change a user only in the table, as an operation does while Cognito is down."""
    world.call("leave_behind").commit(Change(before, after), answer=UserAnswer.of)
    return world.user(after.id)


def a_new_user(world: World) -> User:
    """A user who is not stored yet."""
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
    """Create an account in the user pool without a user in the table."""
    attributes = {"email": email, "email_verified": "true"}
    world.cognito.admin_create_user(
        UserPoolId=world.runtime.settings.user_pool_id,
        Username="somebody-else",
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )


def choose_password(world: World, user: User) -> None:
    """Set a permanent password for a user."""
    world.runtime.identity.set_password(user.id, "Chosen-Before-1", permanent=True)


def change(user: User, **fields: Any) -> User:
    """The user with other values."""
    return user.model_copy(update=fields)


def has_password(world: World, status: str) -> Verify:
    """The account in the answer has the scenario's password."""

    def verify(reply: Reply) -> Iterable[str]:
        account = accounts(world)[reply.body["id"]]
        if (account.password, account.status) != (PASSWORD, status):
            yield f"the password was not set: {account.status}"

    return verify


def keeps_newer_attributes(world: World, user: User) -> Verify:
    """Attributes that a newer version of the code has stored with the user are still stored."""
    paths = ((NEWER,), ("profile", NEWER))
    for path in paths:
        world.plant(user.key(), path, "kept")

    def verify(_: Reply) -> Iterable[str]:
        item = world.runtime.table.get_item(user.key()) or {}
        if (item.get(NEWER), item["profile"].get(NEWER)) != ("kept", "kept"):
            yield f"attributes of a newer version are lost: {sorted(item)}"

    return verify


def last_entry(world: World, user_id: str) -> dict[str, Any]:
    """The latest journal entry about a user, as the stream delivers it."""
    entries = [item for item in world.items() if item.get("target", {}).get("id") == user_id]
    return max(entries, key=lambda item: int(item["target"]["version"]))
