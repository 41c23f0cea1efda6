"""POST /register/verify (U16, I14)."""

from __future__ import annotations

from functions.registration.verify_registration import verify_registration
from functions.users.disable_user import disable_user
from functions.users.get_me import get_me
from rollcall.invitations.registration import Registration
from rollcall.users.statuses import Status
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import World

PASSWORD = "TempPass123!"


def verify(world: World, registration: Registration, key: str = "", **chosen: str) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    body = {
        "token": world.token_of(registration),
        "name": "New User",
        "password": PASSWORD,
        **chosen,
    }
    return world.invoke(verify_registration, body=body, headers=headers)


def test_confirming_the_address_activates_an_ordinary_user(world: World) -> None:
    registration = world.add_registration("new@example.com")

    reply = verify(world, registration, name="New Person")

    assert (reply.status, reply.body["status"]) == (200, "active")
    user = world.user(registration.user_id)
    assert (user.name, user.username) == ("New Person", "new")
    assert (user.status, list(user.rows())) == (Status.ACTIVE, [])
    account = world.account(user.id)
    assert account is not None
    assert (account["status"], account["email_verified"]) == ("CONFIRMED", "true")
    assert world.invoke(get_me, caller=user.id).status == 200
    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.actor.id) == ("verify_registration", user.id)


def test_name_is_required(world: World) -> None:
    registration = world.add_registration()
    body = {"token": world.token_of(registration), "password": PASSWORD}

    assert world.invoke(verify_registration, body=body).fields == ["name"]
    assert world.user(registration.user_id).status is Status.PENDING_VERIFICATION


def test_generated_username_gets_a_number_and_a_chosen_one_is_refused_if_taken(
    world: World,
) -> None:
    world.add_user(username="new")
    registration = world.add_registration("new@example.com")

    refused = verify(world, registration, username="new")
    reply = verify(world, registration)

    assert (refused.status, refused.code) == (409, "username_taken")
    assert (reply.status, reply.body["username"]) == (200, "new2")


def test_username_that_an_admin_has_given_remains(world: World) -> None:
    registration = world.add_registration("new@example.com")
    user = world.user(registration.user_id)
    world.change_user(user, user.model_copy(update={"username": "given"}))

    assert verify(world, registration).body["username"] == "given"


def test_session_from_before_the_confirmation_has_ended(world: World) -> None:
    registration = world.add_registration()
    before = world.clock.now
    world.clock.advance(minutes=1)

    assert verify(world, registration).status == 200

    old = world.invoke(get_me, caller=registration.user_id, signed_in_at=before)
    assert (old.status, old.code) == (401, "session_ended")


def test_link_works_once(world: World) -> None:
    registration = world.add_registration()
    assert verify(world, registration).status == 200

    reply = verify(world, registration)

    assert (reply.status, reply.code) == (410, "registration_verified")


def test_link_expires_after_a_day(world: World) -> None:
    registration = world.add_registration()
    world.clock.now = registration.ends_at

    assert verify(world, registration).code == "registration_expired"
    world.clock.advance(milliseconds=-1)
    assert verify(world, registration).status == 200


def test_link_does_not_activate_a_user_disabled_by_an_admin(world: World) -> None:
    registration = world.add_registration()
    world.invoke(disable_user, path={"user_id": registration.user_id})

    assert verify(world, registration).code == "registration_expired"
    assert world.user(registration.user_id).status is Status.INACTIVE


def test_weak_password_is_refused_and_the_link_still_works(world: World) -> None:
    registration = world.add_registration()

    assert verify(world, registration, password="short").fields == ["password"]
    assert verify(world, registration).status == 200


def test_password_that_cognito_refuses_leaves_the_registration_as_it_was(world: World) -> None:
    registration = world.add_registration()
    code = "InvalidPasswordException"
    with failing(world.aws, "cognito-idp", "AdminSetUserPassword", code=code):
        assert verify(world, registration).code == "password_refused"

    assert world.user(registration.user_id).status is Status.PENDING_VERIFICATION
    assert verify(world, registration).status == 200


def test_token_of_an_invitation_is_refused(world: World) -> None:
    token = world.token_of(world.add_invitation())

    body = {"token": token, "name": "New User", "password": PASSWORD}
    reply = world.invoke(verify_registration, body=body)

    assert (reply.status, reply.code) == (404, "link_not_found")


def test_confirmation_during_an_outage_of_cognito_is_finished_by_the_same_request(
    world: World,
) -> None:
    registration = world.add_registration()
    with failing(world.aws, "cognito-idp"):
        assert verify(world, registration, "once").code == "identity_unavailable"

    assert verify(world, registration, "once").status == 200

    assert world.user(registration.user_id).in_step
