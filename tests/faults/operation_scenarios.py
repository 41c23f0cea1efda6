"""Scenarios of operations on users and groups besides their examples."""

from __future__ import annotations

from collections.abc import Iterable

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.create_group import create_group
from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.enable_user import enable_user
from functions.users.reset_password import reset_password
from functions.users.restore_user import restore_user
from functions.users.update_user import update_user
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.users.fields import Profile
from rollcall.users.statuses import Status
from tests.api.examples import Example
from tests.faults.invariants import accounts
from tests.faults.scenario import Plan
from tests.faults.staging import (
    PASSWORD,
    about,
    ask,
    change,
    choose_password,
    has_password,
    keeps_newer_attributes,
    leave_behind,
    make_foreign_account,
    scenario,
)
from tests.world.gateway import Reply
from tests.world.world import World


@scenario("create_user", 201, again=frozenset({409}))
def a_user_with_a_temporary_password(world: World) -> Plan:
    body = {"email": "new@example.com", "temporaryPassword": PASSWORD}
    return ask(world, create_user, Example(body=body), has_password(world, "FORCE_CHANGE_PASSWORD"))


@scenario("create_user", 201, again=frozenset({409}))
def a_suspended_admin_in_a_group(world: World) -> Plan:
    group = world.add_group("Editors", Permission.USER_VIEW)
    body = {"email": "new@example.com", "isAdmin": True, "groups": [group], "username": "newest"}
    return ask(world, create_user, Example(body={**body, "status": "suspended"}))


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
def a_user_whose_email_belongs_to_an_unknown_account(world: World) -> Plan:
    make_foreign_account(world, "foreign@example.com")

    def verify(_: Reply) -> Iterable[str]:
        if world.users_with_email("foreign@example.com"):
            yield "a refused user exists"

    return ask(world, create_user, Example(body={"email": "foreign@example.com"}), verify)


@scenario("update_user")
def a_password(world: World) -> Plan:
    verify = has_password(world, "CONFIRMED")
    return ask(world, update_user, about(world.add_user().id, password=PASSWORD), verify)


@scenario("update_user")
def everything_at_once_with_attributes_of_a_newer_version(world: World) -> Plan:
    user = world.add_user(phone="+4915100000000", profile=Profile(city="Rome"))
    verify = keeps_newer_attributes(world, user)
    fields = {"phone": None, "username": "another", "email": "moved@example.com"}
    more = {"password": PASSWORD, "status": "suspended", "profile": {"city": "Bonn"}}
    return ask(world, update_user, about(user.id, **fields, **more), verify)


@scenario("update_user", again=frozenset({412}))
def a_conditional_change_of_the_name(world: World) -> Plan:
    user = world.add_user()
    headers = {"If-Match": f'"{user.version}"'}
    return ask(world, update_user, about(user.id, name="Ada"), headers=headers)


@scenario("update_user")
def a_profile_field_that_is_not_in_cognito(world: World) -> Plan:
    return ask(world, update_user, about(world.add_user().id, profile={"bio": "Likes maps"}))


@scenario("update_user")
def two_emails_swapped_while_cognito_was_down(world: World) -> Plan:
    one, two = world.add_user("one@example.com"), world.add_user("two@example.com")
    parked = leave_behind(world, one, change(one, email="parked@example.com"))
    leave_behind(world, two, change(two, email="one@example.com"))
    return ask(world, update_user, about(parked.id, email="two@example.com"))


@scenario("update_user")
def three_usernames_rotated_while_cognito_was_down(world: World) -> Plan:
    a, b, c = (world.add_user(username=name) for name in ("anna", "berta", "clara"))
    parked = leave_behind(world, a, change(a, username="parked"))
    leave_behind(world, c, change(c, username="anna"))
    leave_behind(world, b, change(b, username="clara"))
    return ask(world, update_user, about(parked.id, username="berta"))


@scenario("enable_user")
def a_disabled_user(world: World) -> Plan:
    user = world.add_user()
    world.clock.advance(hours=1)
    world.change_user(user, user.with_status(Status.INACTIVE, world.clock.now))
    world.clock.advance(hours=1)
    return ask(world, enable_user, about(user.id))


@scenario("delete_user")
def soft_deletion(world: World) -> Plan:
    user = world.join_group(world.add_user().id, world.add_group("Readers"))
    user = world.join_organization(user.id, world.add_organization("Acme"))
    example = Example(path={"user_id": user.id}, query={"mode": "soft"})
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
    user = world.join_group(world.add_user().id, world.add_group("Readers"))
    world.runtime.identity.delete(user.id)
    leave_behind(world, user, user.as_deleted(world.clock.now))
    return ask(world, delete_user, Example(path={"user_id": user.id}))


@scenario("restore_user", again=frozenset({409}))
def a_user_deleted_while_cognito_was_down(world: World) -> Plan:
    user = world.join_group(world.add_user().id, world.add_group("Readers"))
    leave_behind(world, user, user.as_deleted(world.clock.now))
    return ask(world, restore_user, about(user.id))


@scenario("reset_password")
def a_permanent_password_with_sessions_ended(world: World) -> Plan:
    body = {"newPassword": PASSWORD, "permanent": True}
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
