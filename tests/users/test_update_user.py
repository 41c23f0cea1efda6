"""PATCH /admin/users/{userId} (U7, U12, A1, I5, I6, I8, I17)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.users.get_me import get_me
from functions.users.get_user import get_user
from functions.users.update_user import update_user
from rollcall.grants.permissions import Permission
from rollcall.users.user import User
from tests.world.aws_edge import failing, watched
from tests.world.gateway import Reply
from tests.world.world import World

NEW_PASSWORD = "Brand-New-Pass-9"


def update(
    world: World,
    user: User,
    *,
    caller: str = "",
    if_match: str | None = None,
    **body: Any,
) -> Reply:
    headers = {"If-Match": if_match} if if_match is not None else {}
    return world.invoke(
        update_user, caller=caller, path={"user_id": user.id}, body=body, headers=headers
    )


def test_documented_request_changes_table_account_and_journal(world: World) -> None:
    user = world.add_user("old@example.com", name="Old Name")

    reply = update(world, user, name="Updated Name", email="newemail@example.com")

    assert reply.status == 200
    assert (reply.body["name"], reply.body["email"]) == ("Updated Name", "newemail@example.com")
    assert (reply.body["version"], reply.headers["ETag"]) == (2, '"2"')
    account = world.account(user.id)
    assert account is not None
    assert (account["name"], account["email"]) == ("Updated Name", "newemail@example.com")
    assert account["email_verified"] == "true", "or nobody could sign in with the new address"
    entry = world.journal(user.id)[-1]
    changes = {name: (change.before, change.after) for name, change in entry.changes.items()}
    assert changes == {
        "name": ("Old Name", "Updated Name"),
        "email": ("old@example.com", "newemail@example.com"),
        "authEpoch": (0, int(world.clock.now.timestamp())),
    }


def test_both_addresses_are_notified_once(world: World) -> None:
    user = world.add_user("old@example.com")

    update(world, user, email="newemail@example.com")
    world.drain()
    world.seen.clear()
    world.drain()

    new, old = world.mails()
    assert (new.to, old.to) == (["newemail@example.com"], ["old@example.com"])
    assert old.subject == "Your Rollcall email address was changed"
    assert "2026-01-05 09:00 UTC" in old.text


def test_old_email_is_free_again_and_the_new_one_is_taken(world: World) -> None:
    user, other = world.add_user("old@example.com"), world.add_user("other@example.com")
    update(world, user, email="newemail@example.com")

    refused = update(world, other, email="newemail@example.com")
    assert (refused.status, refused.code) == (409, "email_taken")
    assert refused.body["detail"] == "Email already exists"
    assert update(world, other, email="old@example.com").status == 200


def test_two_users_can_swap_addresses_by_way_of_a_third(world: World) -> None:
    one, two = world.add_user("one@example.com"), world.add_user("two@example.com")

    for user, email in (
        (one, "three@example.com"),
        (two, "one@example.com"),
        (one, "two@example.com"),
    ):
        assert update(world, user, email=email).status == 200

    emails = {u.id: (world.account(u.id) or {})["email"] for u in (one, two)}
    assert emails == {one.id: "two@example.com", two.id: "one@example.com"}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [("username", "taken", "username_taken"), ("phone", "+4915112345678", "phone_taken")],
)
def test_other_taken_names_are_refused(world: World, field: str, value: str, code: str) -> None:
    world.add_user(username="taken", phone="+4915112345678")
    user = world.add_user()

    reply = update(world, user, **{field: value})

    assert (reply.status, reply.code, reply.fields) == (409, code, [field])
    assert world.user(user.id) == user


def test_absent_fields_stay_and_null_clears(world: World) -> None:
    user = world.add_user(name="Old Name", phone="+4915112345678")

    reply = update(world, user, name=None, phone=None)

    assert reply.status == 200
    assert "name" not in reply.body
    assert "phone" not in reply.body
    assert reply.body["email"] == user.email
    account = world.account(user.id)
    assert account is not None
    assert account.keys().isdisjoint({"name", "phone_number"})
    assert world.user(user.id).in_step


def test_email_or_phone_must_remain(world: World) -> None:
    user = world.add_user()

    reply = update(world, user, email=None)

    assert (reply.status, reply.fields) == (422, ["email"])
    assert reply.body["errors"][0]["code"] == "address_needed"
    assert update(world, user, email=None, phone="+4915112345678").status == 200


def test_profile_is_merged_field_by_field(world: World) -> None:
    user = world.add_user()
    update(world, user, profile={"bio": "Tea", "city": "Bremen", "expertise": ["tea"]})

    reply = update(world, user, profile={"city": None, "country": "de"})

    assert reply.body["profile"] == {"bio": "Tea", "country": "DE", "expertise": ["tea"]}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"username": None}, ["username"]),
        ({"password": None, "profile": None}, ["password", "profile"]),
        ({"status": None}, ["status"]),
        ({"status": "deleted"}, ["status"]),
        ({"status": "retired"}, ["status"]),
        ({"email": "no-address", "phone": "1"}, ["email", "phone"]),
        ({"isAdmin": True, "permissions": ["user.view"]}, ["isAdmin", "permissions"]),
        ({"profile": {"country": "Germany"}}, ["profile.country"]),
        ({"profile": {"birthDate": "2026-01-07"}}, ["profile.birthDate"]),
        ({"password": "weak"}, ["password"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    user = world.add_user()

    reply = update(world, user, **body)

    assert (reply.status, sorted(reply.fields)) == (422, fields)
    assert world.user(user.id) == user


def test_change_without_effect_creates_no_version_and_no_entry(world: World) -> None:
    user = world.add_user(name="Same")
    stored = world.stored()

    reply = update(world, user, name="Same", email=user.email, status="active", profile={})

    assert (reply.status, reply.body["version"]) == (200, 1)
    assert world.stored() == stored


@pytest.mark.parametrize("if_match", ['"1"', '"7", "1"', "*", ' "1" ', ', "1",'])
def test_change_with_a_matching_if_match_is_accepted(world: World, if_match: str) -> None:
    assert update(world, world.add_user(), if_match=if_match, name="New").status == 200


@pytest.mark.parametrize(
    "if_match",
    ['"0"', '"2"', '"nonsense"', 'W/"1"', '"2", "3"', '"\u0661"', '"' + "9" * 5000 + '"'],
)
def test_stale_version_is_refused(world: World, if_match: str) -> None:
    user = world.add_user()

    reply = update(world, user, if_match=if_match, name="New")

    assert (reply.status, reply.code) == (412, "stale_version")
    assert "version 1" in reply.body["detail"]
    assert world.user(user.id) == user


def test_stale_version_is_refused_even_when_nothing_would_change(world: World) -> None:
    user = world.add_user(name="Same")
    assert update(world, user, if_match='"7"', name="Same").status == 412


def test_password_takes_effect_immediately_and_is_not_stored(world: World) -> None:
    user = world.add_user()

    with watched(world.aws) as seen:
        reply = update(world, user, password=NEW_PASSWORD)

    assert reply.status == 200
    (told,) = (call.parameters for call in seen if call.operation == "AdminSetUserPassword")
    assert (told["Password"], told["Permanent"]) == (NEW_PASSWORD, True)
    account = world.account(user.id)
    assert account is not None
    assert account["status"] == "CONFIRMED"
    changed = {"credentialsChangedAt", "passwordSetAt", "authEpoch"}
    assert world.journal(user.id)[-1].changes.keys() == changed
    assert NEW_PASSWORD not in str(world.items())
    assert world.user(user.id).in_step


CREDENTIALS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"password": NEW_PASSWORD}, {"password": NEW_PASSWORD}),
    ({"email": "new1@example.com"}, {"email": "new2@example.com"}),
    ({"phone": "+4915112345678"}, {"phone": "+4915112345679"}),
    ({"email": None}, {"email": None}),
    ({"phone": None}, {"phone": None}),
]


@pytest.mark.parametrize("bodies", CREDENTIALS)
def test_new_credentials_end_the_sessions_from_before_unless_told_otherwise(
    world: World, bodies: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    users = [world.add_user(phone=number) for number in ("+4915112345670", "+4915112345671")]
    before = world.clock.now
    world.clock.advance(seconds=1)

    with watched(world.aws) as seen:
        assert update(world, users[0], **bodies[0]).status == 200
        assert update(world, users[1], **bodies[1], endSessions=False).status == 200

    ended, kept = (world.invoke(get_me, caller=user.id, signed_in_at=before) for user in users)
    assert (ended.status, ended.code, kept.status) == (401, "session_ended", 200)
    assert world.invoke(get_me, caller=users[0].id).status == 200, "signed in again right after"
    assert [call.operation for call in seen].count("AdminUserGlobalSignOut") == 1
    assert world.user(users[0].id).in_step


@pytest.mark.parametrize(
    "body",
    [
        {"email": "SAME@example.com", "phone": "+49 151 12345670"},
        {"name": "New", "username": "newest", "profile": {"city": "Bremen"}},
        {"name": "New", "endSessions": True},
        {},
    ],
)
def test_change_that_leaves_the_credentials_ends_no_session(
    world: World, body: dict[str, Any]
) -> None:
    user = world.add_user("same@example.com", phone="+4915112345670")

    assert update(world, user, **body).status == 200

    assert world.user(user.id).auth_epoch == 0


def test_sessions_of_this_second_end_with_the_old_password(world: World) -> None:
    user = world.add_user()
    world.sign_in(user.id)
    old = world.clock.now
    world.clock.advance(milliseconds=300)

    assert update(world, user, password=NEW_PASSWORD).status == 200

    assert world.invoke(get_me, caller=user.id, signed_in_at=old).code == "session_ended"
    world.clock.advance(seconds=1)
    assert world.invoke(get_me, caller=user.id).status == 200


def test_own_session_ends_with_the_own_password(world: World) -> None:
    admin = world.user(world.admin_id)
    world.sign_in(admin.id)

    assert update(world, admin, password=NEW_PASSWORD).status == 200

    assert world.invoke(get_me).code == "session_ended"


def test_password_refused_by_the_identity_provider_ends_no_session(world: World) -> None:
    user = world.add_user()
    before = world.clock.now
    world.clock.advance(minutes=1)
    refusal = failing(
        world.aws, "cognito-idp", "AdminSetUserPassword", code="InvalidPasswordException"
    )

    with refusal:
        assert update(world, user, password=NEW_PASSWORD).code == "password_refused"

    assert world.invoke(get_me, caller=user.id, signed_in_at=before).status == 200
    with watched(world.aws) as seen:
        assert update(world, user, password=NEW_PASSWORD).status == 200
    assert "AdminUserGlobalSignOut" in {call.operation for call in seen}


def test_password_of_a_federated_user_is_refused(world: World) -> None:
    user = world.add_user()
    world.federate(user.id)

    reply = update(world, user, password=NEW_PASSWORD)

    assert (reply.status, reply.code) == (409, "federated_user")
    assert world.user(user.id) == user


def test_password_requires_the_permission_to_reset_passwords(world: World) -> None:
    user = world.add_user()
    caller = world.add_user(permissions=(Permission.USER_UPDATE,))

    reply = update(world, user, caller=caller.id, password=NEW_PASSWORD)

    assert (reply.status, reply.code) == (403, "permission_missing")
    assert "user.reset-password" in reply.body["detail"]


def test_status_requires_the_permission_to_disable(world: World) -> None:
    user = world.add_user()
    caller = world.add_user(permissions=(Permission.USER_UPDATE,))

    refused = update(world, user, caller=caller.id, status="suspended")
    assert (refused.status, refused.code) == (403, "permission_missing")
    assert "user.disable" in refused.body["detail"]
    assert update(world, user, caller=caller.id, status="active", name="New").status == 200


def test_status_change_reaches_the_account(world: World) -> None:
    user = world.add_user()

    assert update(world, user, status="suspended").body["status"] == "suspended"

    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is False
    assert world.user(user.id).auth_epoch > world.clock.now.timestamp()


def test_own_status_cannot_be_changed(world: World) -> None:
    world.add_user(is_admin=True)
    reply = update(world, world.user(world.admin_id), status="inactive")
    assert (reply.status, reply.code) == (409, "own_account")


def test_last_admin_cannot_become_inactive(world: World) -> None:
    caller = world.add_user(permissions=(Permission.ADMIN_ACCESS,))
    reply = update(world, world.user(world.admin_id), caller=caller.id, status="suspended")
    assert (reply.status, reply.code) == (409, "last_admin")


@pytest.mark.parametrize(
    "body",
    [
        {"email": "other@example.com"},
        {"phone": "+4915112345678"},
        {"username": "other"},
        {"status": "inactive"},
        {"password": NEW_PASSWORD},
    ],
)
def test_account_of_a_superior_cannot_be_changed(world: World, body: dict[str, Any]) -> None:
    rights = (Permission.USER_UPDATE, Permission.USER_DISABLE, Permission.USER_RESET_PASSWORD)
    caller = world.add_user(permissions=rights)
    superior = world.add_user(permissions=(*rights, Permission.USER_DELETE))

    reply = update(world, superior, caller=caller.id, **body)

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert "user.delete" in reply.body["detail"]
    assert world.user(superior.id) == superior


def test_name_and_profile_of_a_superior_do_not_change(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_UPDATE,))
    reply = update(
        world,
        world.user(world.admin_id),
        caller=caller.id,
        name="Corrected",
        profile={"city": "Bremen"},
    )
    assert (reply.status, reply.code) == (403, "target_outranks_caller")


def test_unknown_user_is_not_found(world: World) -> None:
    for user_id in ("usr_unknown", "nonsense", "#USER", "ACCESS"):
        reply = world.invoke(update_user, path={"user_id": user_id}, body={"name": "New"})
        assert (reply.status, reply.code) == (404, "user_not_found")
        assert reply.body["detail"] == "User not found"


def test_body_that_contradicts_the_path_is_refused(world: World) -> None:
    user, other = world.add_user(name="One"), world.add_user(name="Two")

    reply = update(world, user, userId=other.id, name="Changed")

    assert (reply.status, reply.fields) == (422, ["userId"])
    assert [world.user(each.id).name for each in (user, other)] == ["One", "Two"]


def test_deleted_user_cannot_be_changed(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_deleted(world.clock.now))

    reply = update(world, user, name="New")

    assert (reply.status, reply.code) == (409, "user_deleted")


def test_change_during_an_outage_of_cognito_is_synchronized_later(world: World) -> None:
    user = world.add_user()

    with failing(world.aws, "cognito-idp"):
        reply = update(world, user, email="newemail@example.com")

    assert (reply.status, reply.code) == (503, "identity_unavailable")
    assert not world.user(user.id).in_step
    world.drain()
    account = world.account(user.id)
    assert account is not None
    assert account["email"] == "newemail@example.com"
    assert world.user(user.id).in_step


def test_password_is_not_committed_if_cognito_cannot_be_reached(world: World) -> None:
    user = world.add_user()
    with failing(world.aws, "cognito-idp"):
        assert update(world, user, password=NEW_PASSWORD).status == 503
    assert world.user(user.id) == user


def test_password_refused_by_cognito_is_undone(world: World) -> None:
    user = world.add_user(name="Old Name")

    with failing(world.aws, "cognito-idp", "AdminSetUserPassword", code="InvalidPasswordException"):
        reply = update(world, user, password=NEW_PASSWORD, name="New Name")

    assert (reply.status, reply.code) == (422, "password_refused")
    kept = world.user(user.id)
    assert (kept.name, kept.pending_credential, kept.credentials_changed_at) == (
        "Old Name",
        None,
        None,
    )
    assert kept.in_step
    assert [(entry.actor.kind, entry.target.version) for entry in world.journal(user.id)] == [
        ("system", 1),
        ("user", 2),
        ("system", 3),
    ]


def test_manually_deleted_account_is_created_again(world: World) -> None:
    user = world.add_user()
    world.runtime.identity.delete(user.id)

    assert update(world, user, name="New Name").status == 200

    account = world.account(user.id)
    assert account is not None
    assert account["name"] == "New Name"


def test_profile_of_earlier_rules_is_shown_and_can_be_changed_field_by_field(world: World) -> None:
    kept = {"country": "XX", "timezone": "Mars/Phobos", "birthDate": "0001-01-01"}
    user = world.add_user(profile={**kept, "avatarUrl": "https://", "city": "a\u3164b"})

    reply = update(world, user, profile={"city": "Ulm"})

    assert reply.status == 200
    assert reply.body["profile"] == {
        **kept,
        "avatarUrl": "https://",
        "city": "Ulm",
        "expertise": [],
    }
    shown = world.invoke(get_user, path={"user_id": user.id})
    assert (shown.status, shown.body["profile"]) == (200, reply.body["profile"])
