"""After a permanent deletion, only the journal holds personal data of the user (U11).

The journal is the audit record, and its entries are never changed. In S3, a snapshot of the
directory is replaced within an hour and deleted an hour later; exports are deleted after a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.cancel_invitation import cancel_invitation
from functions.invitations.invite_user import invite_user
from functions.invitations.resend_invitation import resend_invitation
from functions.jobs.end_registrations import end_registrations
from functions.jobs.purge_deleted_users import purge_deleted_users
from functions.registration.register_user import register_user
from functions.registration.verify_registration import verify_registration
from functions.system.register_resource import register_resource
from functions.system.replace_facts import replace_facts
from functions.users.add_note import add_note
from functions.users.assign_unique_id import assign_unique_id
from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.disable_user import disable_user
from functions.users.enable_user import enable_user
from functions.users.update_user import update_user
from rollcall.kit.journal import JournalEntry
from rollcall.resources.deletion import erase_user
from rollcall.users.email_bounce import BounceKind, EmailBounce
from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Scene
from tests.world.iam import acting_as
from tests.world.world import World

FORMER, EMAIL, PHONE = "jane@former.example", "jane@present.example", "+4915112345678"
NAME, USERNAME, UNIQUE_ID, REMARK = "Jane Q. Doe", "janeqdoe", "EMP-JANE", "Jane likes tea"
CATEGORY = "abuse-by-jane"
TRACES = (
    *(FORMER, EMAIL, PHONE, NAME, USERNAME, UNIQUE_ID, REMARK),
    *(UNIQUE_ID.casefold(), CATEGORY),
)
PASSWORD = "TempPass123!"


def find_traces(world: World) -> dict[str, str]:
    """The personal data outside the journal, by the key of the item."""
    return {
        item["pk"]: trace
        for item in world.items()
        if not item["pk"].startswith(JournalEntry.partition)
        for trace in TRACES
        if trace in repr(item)
    }


def ask(world: World, operation: Any, path: dict[str, str] | None = None, **body: Any) -> Any:
    """Send a request with an Idempotency-Key and return the body of the answer."""
    headers = {"Idempotency-Key": operation.name}
    in_body = operation.has_body
    reply = world.invoke(
        operation,
        path=path,
        headers=headers,
        body=body if in_body else None,
        query=None if in_body else body,
    )
    assert reply.status < 300, reply.body
    world.drain()
    return reply.body


def create(world: World) -> str:
    body = {"email": FORMER, "name": NAME, "phone": PHONE, "username": USERNAME}
    return str(ask(world, create_user, None, temporaryPassword=PASSWORD, **body)["id"])


def invite(world: World) -> dict[str, str]:
    invitation = ask(world, invite_user, email=FORMER, name=NAME, message=REMARK)
    ask(world, resend_invitation, {"invitation_id": invitation["id"]})
    return {name: str(invitation[name]) for name in ("id", "userId")}


def accept(world: World) -> str:
    invited = invite(world)
    token = world.token_of(world.invitation(invited["id"]))
    ask(world, accept_invitation, {"token": token}, name=NAME, password=PASSWORD)
    return invited["userId"]


def register(world: World) -> str:
    ask(world, register_user, email=FORMER)
    (user,) = world.users_with_email(FORMER)
    return user.id


def verify(world: World) -> str:
    user_id = register(world)
    token = world.token_of(world.registration(user_id))
    chosen = {"name": NAME, "username": USERNAME, "password": PASSWORD}
    ask(world, verify_registration, None, token=token, **chosen)
    return user_id


def use(world: World, user_id: str) -> None:
    """Let each kind of row hold personal data of the user."""
    path = {"user_id": user_id}
    ask(world, update_user, path, email=EMAIL, phone=PHONE, profile={"bio": REMARK})
    ask(world, assign_unique_id, path, uniqueId=UNIQUE_ID)
    ask(world, add_note, path, text=REMARK)
    ask(world, replace_facts, {**path, "source": "crm"}, facts={"remark": REMARK})
    ask(world, register_resource, userId=user_id, type="persona", name=NAME, externalId="1")
    ask(world, disable_user, path)
    ask(world, enable_user, path)
    world.sign_in(user_id)
    bounce = EmailBounce(at=world.clock.now, kind=BounceKind.COMPLAINT, category=CATEGORY)
    user = world.user(user_id)
    world.change_user(user, user.with_bounce(bounce, world.clock.now))


@pytest.mark.parametrize("begin", [create, accept, verify])
@pytest.mark.parametrize("purged", [False, True], ids=["at once", "by the purge"])
def test_only_the_journal_holds_data_of_a_deleted_user(
    world: World, begin: Any, purged: bool
) -> None:
    user_id = begin(world)
    use(world, user_id)
    assert set(find_traces(world).values()) >= {EMAIL, PHONE, REMARK}
    assert CATEGORY in repr(world.user(user_id).item())

    ask(world, delete_user, {"user_id": user_id}, mode="soft" if purged else "permanent")
    if purged:
        world.clock.advance(days=31)
        with acting_as(purge_deleted_users):
            assert purge_deleted_users.run(world.runtime).purged == 1
        world.drain()

    assert find_traces(world) == {}


def test_only_the_journal_holds_data_of_a_user_whose_invitation_is_cancelled(
    world: World,
) -> None:
    invited = invite(world)

    ask(world, cancel_invitation, {"invitation_id": invited["id"]})

    assert find_traces(world) == {}


def test_only_the_journal_holds_data_of_a_user_who_never_confirmed(world: World) -> None:
    register(world)
    world.clock.advance(days=40)

    with acting_as(end_registrations):
        assert end_registrations.run(world.runtime).ended == 1
    world.drain()

    assert find_traces(world) == {}


CHANGING = {each.name: each for each in read_catalog().operations if each.changes}


def stored_answers(world: World) -> Iterable[str]:
    """The answers that are stored for idempotency keys."""
    return [item["answer"] for item in world.items() if "answer" in item]


@pytest.mark.parametrize("name", CHANGING)
def test_stored_answer_with_an_address_is_erased_with_its_user(world: World, name: str) -> None:
    example = EXAMPLES[name](Scene(world))
    reply = world.invoke(
        CHANGING[name],
        path=example.path,
        body=example.body,
        query=example.query,
        headers={"Idempotency-Key": "1"},
    )
    assert reply.status == CHANGING[name].status
    if not any("@" in answer for answer in stored_answers(world)):
        return

    for user in world.users():
        if user.id != world.admin_id and user.exists:
            erase_user(world.call(), user, "Deleted")
    world.drain()

    assert not any("@" in answer for answer in stored_answers(world))
