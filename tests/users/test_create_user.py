"""POST /admin/users (U1, A1, R4, I4, I5, I6, I7)."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from functions.users.create_user import create_user
from functions.users.get_me import get_me
from rollcall.grants.permissions import Permission
from rollcall.kit.entity import Claim
from rollcall.users.statuses import Status
from rollcall.users.user import ADMINS, USERNAME
from tests.world.aws_edge import failing, watched
from tests.world.gateway import Reply
from tests.world.world import ADMIN_EMAIL, World

PASSWORD = "TempPass123!"


def create(world: World, caller: str = "", key: str = "", **body: Any) -> Reply:
    """Request a new user; only the email has a default."""
    sent = {"email": "newuser@example.com", **body}
    headers = {"Idempotency-Key": key} if key else {}
    return world.invoke(create_user, caller=caller, body=sent, headers=headers)


def test_documented_request_is_answered_as_documented(world: World) -> None:
    groups = [world.add_group("Writers"), world.add_group("Readers")]

    reply = create(
        world,
        name="New User",
        temporaryPassword=PASSWORD,
        sendInvite=True,
        isAdmin=False,
        groups=groups,
    )

    assert reply.status == 201
    assert reply.body["id"].startswith("usr_")
    documented = {
        "username": "newuser",
        "email": "newuser@example.com",
        "name": "New User",
        "isAdmin": False,
        "createdAt": "2026-01-05T09:00:00.000Z",
    }
    assert documented.items() <= reply.body.items()
    assert sorted(reply.body["groups"]) == sorted(groups)
    assert sorted(reply.body["groupMemberships"], key=str) == sorted(
        ({"groupId": group, "role": "member"} for group in groups), key=str
    )
    assert reply.headers["ETag"] == '"1"'


def test_account_is_created_with_the_temporary_password(world: World) -> None:
    with watched(world.aws) as seen:
        reply = create(world, name="New User", temporaryPassword=PASSWORD, sendInvite=False)

    account = world.account(reply.body["id"])
    assert account == {
        "email": "newuser@example.com",
        "email_verified": "true",
        "preferred_username": "newuser",
        "name": "New User",
        "enabled": True,
        "status": "FORCE_CHANGE_PASSWORD",
        "admin": False,
        "sub": account and account["sub"],
    }
    made = [call.parameters for call in seen if call.operation == "AdminCreateUser"]
    assert [each["TemporaryPassword"] for each in made] == [PASSWORD]
    assert world.user(reply.body["id"]).in_step


@pytest.mark.parametrize(
    ("body", "mailed"),
    [
        ({}, True),
        ({"sendInvite": True}, True),
        ({"sendInvite": False}, False),
        ({"temporaryPassword": PASSWORD}, False),
        ({"temporaryPassword": PASSWORD, "sendInvite": True}, True),
        ({"temporaryPassword": PASSWORD, "sendInvite": False}, False),
    ],
)
def test_invitation_is_mailed_if_requested_or_without_a_password(
    world: World, body: dict[str, Any], mailed: bool
) -> None:
    with watched(world.aws) as seen:
        assert create(world, **body).status == 201
        world.drain()

    (made,) = (call.parameters for call in seen if call.operation == "AdminCreateUser")
    assert made.get("DesiredDeliveryMediums") == (["EMAIL"] if mailed else None)
    assert made.get("MessageAction") == (None if mailed else "SUPPRESS")


def test_user_without_email_is_invited_by_text_message(world: World) -> None:
    world.configure(sms=True)
    with watched(world.aws) as seen:
        reply = create(world, email=None, phone="+49 (151) 123-45678")

    (made,) = (call.parameters for call in seen if call.operation == "AdminCreateUser")
    assert made["DesiredDeliveryMediums"] == ["SMS"]
    assert (reply.body["phone"], reply.body["username"]) == ("+4915112345678", "4915112345678")


def test_all_sent_fields_are_stored(world: World) -> None:
    sent: dict[str, Any] = {
        "phone": "+4915112345678",
        "username": "new.user",
        "name": "New User",
        "userTypes": ["learner", "mentor"],
        "permissions": ["user.view"],
        "status": "suspended",
        "profile": {
            "bio": "Two\nlines",
            "country": "DE",
            "expertise": ["tea", "maps"],
            "birthDate": "1990-02-03",
        },
    }

    reply = create(world, **sent)

    assert reply.status == 201
    assert sent.items() <= reply.body.items()
    kept = world.user(reply.body["id"])
    assert kept.status is Status.SUSPENDED
    assert [each.permission for each in kept.permission_grants] == [Permission.USER_VIEW]
    assert kept.profile.model_dump(mode="json", by_alias=True, exclude_none=True) == sent["profile"]


@pytest.mark.parametrize(
    ("status", "way"), [("invited", "POST /admin/invitations"), ("deleted", "Use DELETE")]
)
def test_status_that_has_its_own_operation_is_refused(world: World, status: str, way: str) -> None:
    reply = create(world, status=status)

    assert (reply.status, reply.fields) == (422, ["status"])
    assert way in reply.body["errors"][0]["message"]
    assert len(world.users()) == 1


@pytest.mark.parametrize("status", ["active", "inactive", "suspended", "pending_verification"])
def test_user_is_created_with_any_other_status(world: World, status: str) -> None:
    assert create(world, status=status).body["status"] == status


@pytest.mark.parametrize(
    ("email", "username"),
    [
        ("Jane.Doe@example.com", "jane.doe"),
        ("jane+news@example.com", "jane"),
        ("o'hara@example.com", "ohara"),
        ("ab@example.com", "ab-user"),
        ("x" * 64 + "@example.com", "x" * 42),
    ],
)
def test_username_is_generated_from_the_email(world: World, email: str, username: str) -> None:
    assert create(world, email=email).body["username"] == username


def test_generated_username_gets_the_next_free_number(world: World) -> None:
    made = [create(world, email=f"sam@{n}.example.com").body["username"] for n in range(1, 4)]
    assert made == ["sam", "sam2", "sam3"]

    world.add_user(username="sam4")
    assert create(world, email="sam@four.example.com").body["username"] == "sam5"


def test_generated_username_gets_a_random_number_when_all_small_ones_are_taken(
    world: World,
) -> None:
    for name in ("sam", *(f"sam{number}" for number in range(2, 52))):
        world.put_claim(Claim(USERNAME, name))

    username = create(world, email="sam@example.com").body["username"]

    assert len(username) == len("sam") + 8
    assert username.removeprefix("sam").isdigit()


def test_requested_username_is_used_in_lower_case(world: World) -> None:
    assert create(world, username="New_User-7").body["username"] == "new_user-7"


def test_taken_requested_username_is_refused_and_no_other_is_generated(world: World) -> None:
    world.add_user(username="taken")
    stored = world.stored()

    reply = create(world, username="TAKEN")

    assert (reply.status, reply.code) == (409, "username_taken")
    assert reply.body["detail"] == "Username already exists"
    assert reply.fields == ["username"]
    assert world.stored() == stored


@pytest.mark.parametrize("email", ["taken@example.com", "TAKEN@EXAMPLE.COM", " taken@example.com "])
def test_taken_email_is_refused_and_nothing_is_written(world: World, email: str) -> None:
    world.add_user("taken@example.com")
    stored = world.stored()

    with watched(world.aws) as seen:
        reply = create(world, email=email)

    assert (reply.status, reply.code) == (409, "email_taken")
    assert reply.body["detail"] == "Email already exists"
    assert reply.fields == ["email"]
    assert world.stored() == stored
    assert all(call.service == "dynamodb" for call in seen)


def test_taken_phone_is_refused(world: World) -> None:
    world.add_user(phone="+4915112345678")
    reply = create(world, phone="+49 151 12345678")
    assert (reply.status, reply.code) == (409, "phone_taken")
    assert reply.body["detail"] == "Phone number already exists"


def test_email_of_a_soft_deleted_user_stays_taken(world: World) -> None:
    user = world.add_user("away@example.com")
    world.change_user(user, user.as_deleted(world.clock.now))
    assert create(world, email="away@example.com").code == "email_taken"


def test_unknown_group_is_not_found_and_nothing_is_written(world: World) -> None:
    known = world.add_group("Readers")
    stored = world.stored()

    reply = create(world, groups=[known, "grp_unknown"])

    assert (reply.status, reply.code) == (404, "group_not_found")
    assert reply.body["detail"] == "Group not found"
    assert world.stored() == stored


def test_duplicate_group_is_joined_once(world: World) -> None:
    group = world.add_group("Readers")
    assert create(world, groups=[group, group]).body["groups"] == [group]


def test_unknown_role_is_not_found(world: World) -> None:
    reply = create(world, roles=["rol_unknown"])
    assert (reply.status, reply.code) == (404, "role_not_found")
    assert reply.body["detail"] == "Role not found"


def test_roles_and_permissions_can_be_permanent_or_temporary(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)
    ends = {"endsAt": "2026-01-05T12:00:00.000Z"}

    reply = create(
        world,
        roles=[{"roleId": role_id, **ends}],
        permissions=["user.create", {"permission": "user.update", **ends}],
    )

    assert reply.status == 201
    assert reply.body["roleGrants"] == [{"roleId": role_id, **ends}]
    assert reply.body["permissionGrants"] == [
        {"permission": "user.create"},
        {"permission": "user.update", **ends},
    ]
    for hours, held in ((0, ["user.create", "user.update", "user.view"]), (3, ["user.create"])):
        world.clock.advance(hours=hours)
        me = world.invoke(get_me, caller=reply.body["id"])
        assert me.body["effectivePermissions"] == held


def test_role_system_makes_a_platform_admin(world: World) -> None:
    reply = create(world, roles=["rol_system"])
    assert (reply.body["isAdmin"], reply.body["roles"]) == (True, ["rol_system"])
    assert world.count(ADMINS) == 2
    creator = world.add_user(permissions=(Permission.USER_CREATE,))
    refused = create(world, caller=creator.id, email="b@example.com", roles=["rol_system"])
    assert (refused.status, refused.code) == (403, "permission_missing")


@pytest.mark.parametrize("role_id", ["rol_admin", "rol_user", "rol_guest"])
def test_roles_of_organizations_cannot_be_granted_outside_of_them(
    world: World, role_id: str
) -> None:
    reply = create(world, roles=[role_id])
    assert (reply.status, reply.fields) == (422, ["roles.0"])


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"email": "no-address"}, ["email"]),
        ({"email": None}, ["email"]),
        ({"email": 7, "name": "", "isAdmin": "yes"}, ["email", "name", "isAdmin"]),
        ({"username": "no spaces", "phone": "0151"}, ["phone", "username"]),
        ({"temporaryPassword": "short"}, ["temporaryPassword"]),
        ({"groups": ["", "grp_two"]}, ["groups.0"]),
        ({"permissions": ["user.fly"]}, ["permissions.0"]),
        ({"permissions": [{"permission": "admin:access"}]}, ["permissions.0.permission"]),
        ({"roles": [{"roleId": "rol_system", "endsAt": "2030-01-01T00:00:00Z"}]}, ["roles.0"]),
        ({"roles": [{"roleId": "rol_1", "until": 7}]}, ["roles.0.until"]),
        ({"profile": {"birthDate": "yesterday"}}, ["profile.birthDate"]),
        ({"profile": {"birthDate": "2026-01-07"}}, ["profile.birthDate"]),
        ({"profile": {"timezone": "Mars/Phobos"}}, ["profile.timezone"]),
        ({"profile": {"shoeSize": 44}}, ["profile.shoeSize"]),
        ({"is_admin": True, "surprise": 1}, ["is_admin", "surprise"]),
        ({"status": "deleted"}, ["status"]),
        ({"id": "usr_mine", "version": 3}, ["id", "version"]),
    ],
)  # fmt: skip
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    stored = world.stored()

    reply = create(world, **body)

    assert (reply.status, reply.code) == (422, "invalid")
    assert sorted(reply.fields) == sorted(fields)
    assert all(error["message"] and error["code"] for error in reply.body["errors"])
    assert world.stored() == stored


def test_weak_password_is_explained_without_repeating_it(world: World) -> None:
    reply = create(world, temporaryPassword="secretive")

    (error,) = reply.body["errors"]
    assert error["message"] == (
        "The password needs an upper-case letter, a digit, a special character."
    )
    assert "secretive" not in str(reply)


@pytest.mark.parametrize("body", ["{", "nonsense", "[]", '"text"', "7", '{"email": NaN}'])
def test_malformed_json_is_refused(world: World, body: str) -> None:
    reply = world.invoke(create_user, body=body)
    assert (reply.status, reply.code) == (400, "malformed_json")


def test_creating_an_admin_requires_the_permission_to_promote_and_admin_access(
    world: World,
) -> None:
    creator = world.add_user(permissions=(Permission.USER_CREATE,))
    promoter = world.add_user(permissions=(Permission.USER_CREATE, Permission.USER_PROMOTE))

    refused = create(world, caller=creator.id, isAdmin=True)
    assert (refused.status, refused.code) == (403, "permission_missing")
    assert "user.promote" in refused.body["detail"]

    refused = create(world, caller=promoter.id, isAdmin=True)
    assert (refused.status, refused.code) == (403, "grant_exceeds_own")
    assert "admin:access" in refused.body["detail"]

    made = create(world, isAdmin=True)
    assert made.body["isAdmin"] is True
    account = world.account(made.body["id"])
    assert account is not None
    assert account["admin"] is True
    assert world.count(ADMINS) == 2


def test_creating_a_user_cannot_grant_permissions_that_the_caller_lacks(world: World) -> None:
    granting = world.add_group("Deleters", Permission.USER_DELETE)
    caller = world.add_user(permissions=(Permission.USER_CREATE, Permission.USER_VIEW))
    stored = world.stored()

    bodies: tuple[dict[str, Any], ...] = (
        {"permissions": ["user.view", "user.delete"]},
        {"groups": [granting]},
    )
    for body in bodies:
        refused = create(world, caller=caller.id, **body)
        assert (refused.status, refused.code) == (403, "grant_exceeds_own")
        assert "user.delete" in refused.body["detail"]
        assert "user.view" not in refused.body["detail"]
    assert world.stored() == stored

    allowed = create(world, caller=caller.id, permissions=["user.view"])
    assert allowed.status == 201


def test_journal_has_the_actor_the_user_the_address_and_the_reason(world: World) -> None:
    reply = create(world, name="New User", reason="First day on Monday")

    (entry,) = world.journal(reply.body["id"])
    assert entry.action == "create_user"
    assert entry.at == world.clock.now
    assert (entry.actor.kind, entry.actor.id) == ("user", world.admin_id)
    assert (entry.actor.ip_address, entry.actor.user_agent) == ("192.0.2.7", "pytest")
    assert (entry.target.kind, entry.target.version) == ("user", 1)
    assert (entry.reason, entry.request_id) == ("First day on Monday", "req_test")
    email = entry.changes["email"]
    assert (email.before, email.after) == (None, "newuser@example.com")


def test_password_is_not_stored(world: World, logged: StringIO) -> None:
    reply = create(world, key="one", temporaryPassword=PASSWORD)
    world.drain()

    assert reply.status == 201
    assert PASSWORD not in str(world.items())
    assert PASSWORD not in str(reply)
    assert "create_user" in logged.getvalue()
    assert PASSWORD not in logged.getvalue()


def test_same_key_has_one_effect_and_the_same_answer(world: World) -> None:
    first = create(world, key="key-1", temporaryPassword=PASSWORD)
    stored = world.stored()

    again = create(world, key="key-1", temporaryPassword=PASSWORD)

    assert again == first
    assert world.stored() == stored


def test_same_key_with_another_request_is_refused(world: World) -> None:
    create(world, key="key-1")
    stored = world.stored()

    reply = create(world, key="key-1", email="other@example.com")

    assert (reply.status, reply.fields) == (422, ["Idempotency-Key"])
    assert reply.body["errors"][0]["code"] == "idempotency_key_reused"
    assert world.stored() == stored


def test_user_created_during_an_outage_of_cognito_is_synchronized_later(world: World) -> None:
    with failing(world.aws, "cognito-idp"):
        reply = create(world, sendInvite=True)

    assert (reply.status, reply.code) == (503, "identity_unavailable")
    (user,) = world.users_with_email("newuser@example.com")
    assert not user.in_step
    assert world.account(user.id) is None

    world.drain()

    assert world.user(user.id).in_step
    account = world.account(user.id)
    assert account is not None
    assert account["email"] == "newuser@example.com"


def test_repeated_request_finishes_the_synchronization(world: World) -> None:
    with failing(world.aws, "cognito-idp"):
        assert create(world, key="key-1", temporaryPassword=PASSWORD).status == 503
    world.drain()
    (user,) = world.users_with_email("newuser@example.com")
    assert user.pending_credential == "password", "only the caller knows the password"

    with watched(world.aws) as seen:
        again = create(world, key="key-1", temporaryPassword=PASSWORD)

    assert (again.status, again.body["id"]) == (201, user.id)
    (told,) = (call.parameters for call in seen if call.operation == "AdminSetUserPassword")
    assert (told["Password"], told["Permanent"]) == (PASSWORD, False)
    assert world.user(user.id).in_step


def test_user_refused_by_cognito_is_undone(world: World) -> None:
    with failing(world.aws, "cognito-idp", "AdminCreateUser", code="InvalidPasswordException"):
        reply = create(world, key="key-1", temporaryPassword=PASSWORD, isAdmin=True)

    assert (reply.status, reply.code) == (422, "password_refused")
    (tombstone,) = (user for user in world.users() if user.id != world.admin_id)
    assert tombstone.erased
    assert world.count(ADMINS) == 1
    assert [(entry.action, entry.actor.kind) for entry in world.journal(tombstone.id)] == [
        ("create_user", "user"),
        ("create_user", "system"),
    ]
    again = create(world, key="key-1", temporaryPassword=PASSWORD, isAdmin=True)
    assert again.status == 201, "email and key are free again"


def test_account_without_a_user_is_not_taken_over(world: World) -> None:
    pool = world.runtime.identity.user_pool_id
    attributes = [
        {"Name": "email", "Value": "newuser@example.com"},
        {"Name": "email_verified", "Value": "true"},
    ]
    world.cognito.admin_create_user(
        UserPoolId=pool, Username="stranger", UserAttributes=attributes, MessageAction="SUPPRESS"
    )

    reply = create(world)

    assert (reply.status, reply.code) == (422, "unknown_account_holds_alias")
    assert not world.users_with_email("newuser@example.com")
    stranger = world.account("stranger")
    assert stranger is not None
    assert stranger["email"] == "newuser@example.com"


def test_database_failure_is_a_503_and_nothing_reaches_cognito(world: World) -> None:
    with (
        failing(world.aws, "dynamodb", "TransactWriteItems", code="InternalServerError"),
        watched(world.aws) as seen,
    ):
        reply = create(world)

    assert (reply.status, reply.code) == (503, "database_unavailable")
    assert all(call.service == "dynamodb" for call in seen)
    assert not world.users_with_email("newuser@example.com")


def test_first_admin_is_one_of_the_users(world: World) -> None:
    assert create(world, email=ADMIN_EMAIL).code == "email_taken"
