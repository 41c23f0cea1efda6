"""The first platform admin (I4)."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from rollcall.accounts.convergence import Credential
from rollcall.accounts.first_admin import ensure_first_admin
from rollcall.kit.entity import Key
from rollcall.users.user import ADMINS
from tests.world.aws_edge import failing, watched
from tests.world.world import ADMIN_EMAIL, World

CREDENTIAL = Credential(SecretStr("Chosen-Pass-1"), permanent=True)


@pytest.fixture
def empty(world: World) -> World:
    """A world without users."""
    world.runtime.table.delete_items(Key(item["pk"], item["sk"]) for item in world.items())
    world.runtime.identity.delete(world.admin_id)
    return world


def test_password_of_the_first_admin_is_permanent(empty: World) -> None:
    ensure_first_admin(empty.call(), "first@example.com", CREDENTIAL)

    (admin,) = empty.users()
    account = empty.account(admin.id)
    assert account is not None
    assert (account["status"], account["admin"]) == ("CONFIRMED", True)
    assert (admin.in_step, empty.count(ADMINS)) == (True, 1)


def test_mailed_password_of_the_first_admin_is_replaced_when_the_email_changes(
    empty: World,
) -> None:
    empty.create_first_admin()
    admin = empty.user(empty.admin_id)
    assert admin.credential_sent_to == ADMIN_EMAIL

    with watched(empty.aws) as seen:
        empty.change_user(admin, admin.model_copy(update={"email": "other@example.com"}))

    (resent,) = (each for each in seen if each.operation == "AdminCreateUser")
    assert resent.parameters["MessageAction"] == "RESEND"


def test_repeating_it_changes_nothing(empty: World) -> None:
    ensure_first_admin(empty.call(), "first@example.com", CREDENTIAL)
    stored = empty.items()
    for email in ("first@example.com", "second@example.com"):
        ensure_first_admin(empty.call(), email, CREDENTIAL)
    assert empty.items() == stored


def test_interrupted_creation_is_finished_with_the_password(empty: World) -> None:
    with failing(empty.aws, "cognito-idp"), pytest.raises(Exception, match="did not answer"):
        ensure_first_admin(empty.call(), "first@example.com", CREDENTIAL)
    assert empty.users()[0].pending_credential == "password"

    ensure_first_admin(empty.call(), "first@example.com", CREDENTIAL)

    (admin,) = empty.users()
    account = empty.account(admin.id)
    assert account is not None
    assert (account["status"], admin.in_step) == ("CONFIRMED", True)


def test_password_is_renewed_only_when_asked_for(world: World) -> None:
    with watched(world.aws) as seen:
        ensure_first_admin(world.call(), ADMIN_EMAIL, CREDENTIAL)
        assert "AdminSetUserPassword" not in {call.operation for call in seen}
        ensure_first_admin(world.call(), ADMIN_EMAIL, CREDENTIAL, renew=True)
    told = [call.parameters for call in seen if call.operation == "AdminSetUserPassword"]
    assert [(each["Password"], each["Permanent"]) for each in told] == [("Chosen-Pass-1", True)]
    assert world.user(world.admin_id).in_step


def test_existing_user_becomes_the_admin(empty: World) -> None:
    user = empty.add_user("first@example.com", name="Was Here First")
    ensure_first_admin(empty.call(), "First@Example.com")
    assert [(each.id, each.is_admin) for each in empty.users()] == [(user.id, True)]


def test_invalid_address_is_refused(empty: World) -> None:
    with pytest.raises(ValueError, match="email address"):
        ensure_first_admin(empty.call(), "nobody")
    assert empty.users() == []
