"""The authorization matrix: every kind of caller before every operation of the catalog, and every
relation to the one it is about (R3, R4, I3, I10, I11, I13).

A refused caller is refused before the request is even read, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from rollcall.access.authorization import authorize_caller
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.grants.scopes import Scope
from rollcall.kit.operation import Operation
from rollcall.system_operations import authorize_client
from rollcall.users.statuses import Status
from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Scene
from tests.world.gateway import Reply
from tests.world.world import World, service_claims

ALL = read_catalog().operations
OPERATIONS = [operation for operation in ALL if operation.authorize is authorize_caller]
FOR_SERVICES = [operation for operation in ALL if operation.authorize is authorize_client]
PUBLIC = [operation for operation in ALL if operation.public]
GUARDED = [operation for operation in OPERATIONS if operation.permission is not None]
NEEDED = sorted({Permission(str(operation.permission)) for operation in GUARDED})
ABOUT_A_USER = [o for o in OPERATIONS if o.writes and "user_id" in o.path_variables]


class Caller(NamedTuple):
    """Who calls: an account, or None without a token, and when it has signed in."""

    user_id: str | None
    signed_in_at: datetime | None = None


def call(
    world: World,
    operation: Operation[Any, Any],
    scene: Scene,
    caller: Caller,
    target_id: str | None = None,
) -> Reply:
    """Send the operation's example as this caller, perhaps about another user."""
    example = EXAMPLES[operation.name](scene)
    return world.invoke(
        operation,
        caller=caller.user_id,
        path={**example.path, **({"user_id": target_id} if target_id else {})},
        body=example.body,
        query=example.query,
        signed_in_at=caller.signed_in_at,
    )


def in_status(status: Status) -> Callable[[World], Caller]:
    def make(world: World) -> Caller:
        return Caller(world.add_user(permissions=(Permission.ADMIN_ACCESS,), status=status).id)

    return make


def soft_deleted(world: World) -> Caller:
    user = world.add_user(permissions=(Permission.ADMIN_ACCESS,))
    return Caller(world.change_user(user, user.as_deleted(world.clock.now)).id)


def deleted_for_good(world: World) -> Caller:
    user = world.add_user(permissions=(Permission.ADMIN_ACCESS,))
    return Caller(world.change_user(user, user.as_erased(world.clock.now)).id)


def with_an_ended_session(world: World) -> Caller:
    user = world.add_user(permissions=(Permission.ADMIN_ACCESS,))
    world.change_user(user, user.with_sessions_ended(world.clock.now))
    return Caller(user.id, signed_in_at=world.clock.now - timedelta(minutes=5))


NEVER_ADMITTED: Mapping[str, tuple[Callable[[World], Caller], int, str]] = {
    "without a token": (lambda _: Caller(None), 401, "unknown_account"),
    "of no account": (lambda _: Caller("usr_nobody"), 401, "unknown_account"),
    "deleted for good": (deleted_for_good, 401, "unknown_account"),
    "with an ended session": (with_an_ended_session, 401, "session_ended"),
    "invited": (in_status(Status.INVITED), 403, "account_not_active"),
    "unverified": (in_status(Status.PENDING_VERIFICATION), 403, "account_not_active"),
    "disabled": (in_status(Status.INACTIVE), 403, "account_not_active"),
    "suspended": (in_status(Status.SUSPENDED), 403, "account_not_active"),
    "soft-deleted": (soft_deleted, 403, "account_not_active"),
}


@pytest.mark.parametrize("kind", NEVER_ADMITTED)
def test_unauthenticated_or_inactive_caller_is_refused_by_every_operation(
    world: World, subtests: pytest.Subtests, kind: str
) -> None:
    make, status, code = NEVER_ADMITTED[kind]
    scene, caller = Scene.complete(world), make(world)
    stored = world.stored()

    for operation in OPERATIONS:
        with subtests.test(operation=operation.name):
            reply = call(world, operation, scene, caller)
            assert (reply.status, reply.code) == (status, code)
            assert world.stored() == stored


def holding_nothing(world: World, needed: Permission) -> Caller:
    return Caller(world.add_user().id)


def holding_all_others(world: World, needed: Permission) -> Caller:
    others = tuple(each for each in Permission if each not in (needed, Permission.ADMIN_ACCESS))
    return Caller(world.add_user(permissions=others).id)


def demoted_with_an_old_token(world: World, needed: Permission) -> Caller:
    admin = world.add_user(is_admin=True)
    world.change_user(admin, admin.model_copy(update={"is_admin": False}))
    return Caller(admin.id, signed_in_at=world.clock.now - timedelta(minutes=5))


def out_of_the_granting_group(world: World, needed: Permission) -> Caller:
    user = world.add_user()
    group_id = world.add_group(f"Left by {user.id}", needed)
    joined = world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))
    return Caller(world.change_user(joined, joined.without_membership(group_id)).id)


def in_a_granting_group(world: World, needed: Permission) -> Caller:
    user = world.add_user()
    group_id = world.add_group(f"Joined by {user.id}", needed)
    world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))
    return Caller(user.id)


LACKING = (
    holding_nothing,
    holding_all_others,
    demoted_with_an_old_token,
    out_of_the_granting_group,
)


@pytest.mark.parametrize("make", LACKING, ids=lambda make: make.__name__)
def test_refusal_names_the_missing_permission(
    world: World,
    subtests: pytest.Subtests,
    make: Callable[[World, Permission], Caller],
) -> None:
    scene = Scene.complete(world)
    callers = {needed: make(world, needed) for needed in NEEDED}
    stored = world.stored()

    for operation in GUARDED:
        with subtests.test(operation=operation.name):
            needed = Permission(str(operation.permission))

            reply = call(world, operation, scene, callers[needed])

            assert (reply.status, reply.code) == (403, "permission_missing")
            assert needed.value in reply.body["detail"]
            assert world.stored() == stored


def test_operation_without_a_permission_accepts_every_signed_in_user(
    world: World, subtests: pytest.Subtests
) -> None:
    scene = Scene.complete(world)

    for operation in (each for each in OPERATIONS if each.permission is None):
        with subtests.test(operation=operation.name):
            reply = call(world, operation, scene, Caller(world.add_user().id))
            assert reply.status == operation.status


NEEDS_MORE = {
    "change_group_role": "grant_exceeds_own",
    "delete_segment": "segment_of_another",
    "demote_group_admin": "target_outranks_caller",
    "demote_user": "target_outranks_caller",
    "promote_group_admin": "grant_exceeds_own",
    "promote_user": "grant_exceeds_own",
    "replace_lifecycle_policy": "permission_missing",
    "update_segment": "segment_of_another",
}
"""Who makes or unmakes an admin must hold what an admin holds; so must whoever changes what is
somebody else's. A policy that disables users requires the permission to disable them."""


@pytest.mark.parametrize("operation", GUARDED, ids=lambda operation: operation.name)
def test_required_permission_is_sufficient(world: World, operation: Operation[Any, Any]) -> None:
    scene = Scene.complete(world)
    holder = world.add_user(permissions=(Permission(str(operation.permission)),))

    reply = call(world, operation, scene, Caller(holder.id))

    if operation.name in NEEDS_MORE:
        assert (reply.status, reply.code) == (403, NEEDS_MORE[operation.name])
    else:
        assert reply.status == operation.status, reply.body


def test_permission_from_a_group_is_sufficient(world: World, subtests: pytest.Subtests) -> None:
    scene = Scene.complete(world)
    callers = {needed: in_a_granting_group(world, needed) for needed in NEEDED}

    for operation in GUARDED:
        with subtests.test(operation=operation.name):
            needed = Permission(str(operation.permission))

            reply = call(world, operation, scene, callers[needed])

            assert reply.status != 401
            assert f"permission {needed.value}," not in reply.body.get("detail", "")


TO_ONESELF: Mapping[str, str | None] = {
    "add_note": None,
    "add_user_to_group": None,
    "assign_unique_id": None,
    "change_group_role": None,
    "delete_note": "note_not_found",
    "delete_user": "own_account",
    "demote_group_admin": None,
    "demote_user": "own_account",
    "disable_user": "own_account",
    "enable_user": None,
    "promote_group_admin": None,
    "promote_user": None,
    "remove_user_from_group": None,
    "replace_user_groups": None,
    "replace_user_organizations": "own_account",
    "replace_user_permissions": "own_account",
    "replace_user_roles": "own_account",
    "reset_password": None,
    "restore_user": "user_not_deleted",
    "suspend_user": "own_account",
    "update_user": None,
}
"""What an admin meets who turns these on their own account, in this order; None: answered."""

TO_A_SUPERIOR: Mapping[str, str | None] = {
    "add_note": None,
    "add_user_to_group": None,
    "assign_unique_id": "target_outranks_caller",
    "change_group_role": "grant_exceeds_own",
    "delete_note": "note_not_found",
    "delete_user": "target_outranks_caller",
    "demote_group_admin": "target_outranks_caller",
    "demote_user": "target_outranks_caller",
    "disable_user": "target_outranks_caller",
    "enable_user": "grant_exceeds_own",
    "promote_group_admin": "grant_exceeds_own",
    "promote_user": "grant_exceeds_own",
    "remove_user_from_group": "target_outranks_caller",
    "replace_user_groups": "target_outranks_caller",
    "replace_user_organizations": None,
    "replace_user_permissions": "target_outranks_caller",
    "replace_user_roles": None,
    "reset_password": "target_outranks_caller",
    "restore_user": "grant_exceeds_own",
    "suspend_user": "target_outranks_caller",
    "update_user": "target_outranks_caller",
}
"""What somebody with the operation's permission meets when the other one may do everything."""


@pytest.mark.parametrize("expected", [TO_ONESELF, TO_A_SUPERIOR], ids=["oneself", "superior"])
def test_every_operation_on_a_user_is_in_the_matrix(expected: Mapping[str, str | None]) -> None:
    assert expected.keys() == {operation.name for operation in ABOUT_A_USER}


def test_operations_on_the_callers_own_account(world: World, subtests: pytest.Subtests) -> None:
    scene = Scene.complete(world)

    for operation in ABOUT_A_USER:
        with subtests.test(operation=operation.name):
            reply = call(world, operation, scene, Caller(world.admin_id), world.admin_id)
            assert reply.body.get("code") == TO_ONESELF[operation.name]


IN_THE_GROUP = {
    "change_group_role": GroupRole.MEMBER,
    "demote_group_admin": GroupRole.ADMIN,
    "promote_group_admin": GroupRole.MEMBER,
    "remove_user_from_group": GroupRole.MEMBER,
    "replace_user_groups": GroupRole.MEMBER,
}
"""What wants somebody who is in the scene's group, and as what."""


def superior_for(operation: Operation[Any, Any], world: World, scene: Scene) -> str:
    """Somebody with all rights, in the state that the operation wants."""
    status = Status.INACTIVE if operation.name == "enable_user" else Status.ACTIVE
    is_admin = operation.name == "demote_user"
    everything = (Permission.ADMIN_ACCESS,)
    user = world.add_user(permissions=everything, status=status, is_admin=is_admin)
    if operation.name == "restore_user":
        user = world.change_user(user, user.as_deleted(world.clock.now))
    if operation.name in IN_THE_GROUP:
        role = IN_THE_GROUP[operation.name]
        user = world.change_user(user, user.with_membership(scene.group_id, role))
    return user.id


def test_operations_on_a_user_with_more_permissions(
    world: World, subtests: pytest.Subtests
) -> None:
    scene = Scene.complete(world)

    for operation in ABOUT_A_USER:
        with subtests.test(operation=operation.name):
            caller = world.add_user(permissions=(Permission(str(operation.permission)),))
            superior_id = superior_for(operation, world, scene)
            stored = world.stored()

            reply = call(world, operation, scene, Caller(caller.id), superior_id)

            expected = TO_A_SUPERIOR[operation.name]
            assert reply.body.get("code") == expected
            assert (world.stored() == stored) is (expected is not None)


def test_every_operation_declares_its_callers() -> None:
    assert len(OPERATIONS) + len(FOR_SERVICES) + len(PUBLIC) == len(ALL)
    assert all(isinstance(operation.permission, Scope) for operation in FOR_SERVICES)


@pytest.mark.parametrize("operation", FOR_SERVICES, ids=lambda operation: operation.name)
def test_system_operation_accepts_only_services_with_its_scope(
    world: World, subtests: pytest.Subtests, operation: Operation[Any, Any]
) -> None:
    example = EXAMPLES[operation.name](Scene.complete(world))
    admin = {**world.claims(world.admin_id), "client_id": "console"}
    scope = str(operation.permission)
    names = filter(None, (NEEDED_NAMES.get(operation.name),))
    others = " ".join(f"{each} {each}:*" for each in Scope if each != scope)
    refused = {
        "without a token": ({}, "client_needed"),
        "an admin": (admin, "client_needed"),
        "an admin with the scope": ({**admin, "scope": scope}, "client_needed"),
        "a service without scopes": ({"client_id": "service"}, "permission_missing"),
        "a service with all others": (
            {"client_id": "service", "scope": others},
            "permission_missing",
        ),
        "a service that names a person's right": (
            {"client_id": "service", "scope": "admin:access"},
            "permission_missing",
        ),
    }
    stored = world.stored()
    for name, (claims, code) in refused.items():
        with subtests.test(caller=name):
            reply = world.invoke(
                operation,
                claims=claims,
                path=example.path,
                body=example.body,
                query=example.query,
            )
            assert (reply.status, reply.code) == (403, code)
            assert world.stored() == stored

    reply = world.invoke(
        operation,
        claims=service_claims(f"another/one {scope}", *names),
        path=example.path,
        body=example.body,
        query=example.query,
    )
    assert reply.status == operation.status, reply.body


NEEDED_NAMES: Mapping[str, str] = {
    "register_resource": "workspace",
    "remove_resource": "persona",
    "replace_facts": "learning",
    "update_resource": "persona",
}
"""The source or type that the example of each operation is about."""


def test_every_operation_by_which_services_change_something_is_in_the_matrix() -> None:
    assert NEEDED_NAMES.keys() == {each.name for each in FOR_SERVICES if each.writes}
    assert all(each.scoped is bool(each.writes) for each in FOR_SERVICES)


@pytest.mark.parametrize("name", NEEDED_NAMES)
def test_service_changes_nothing_of_another_service(
    world: World, subtests: pytest.Subtests, name: str
) -> None:
    (operation,) = (each for each in FOR_SERVICES if each.name == name)
    example = EXAMPLES[name](Scene.complete(world))
    scope, needed = Scope(str(operation.permission)), NEEDED_NAMES[name]
    elsewhere = " ".join(each.limited_to(needed) for each in Scope if each is not scope)
    refused = {
        "no names": (service_claims(scope), "permission_missing"),
        "other names": (service_claims(scope, "ontology", f"{needed}s"), "scope_missing"),
        "the name in other scopes": (
            service_claims(f"{elsewhere} {scope}", "another"),
            "scope_missing",
        ),
    }
    stored = world.stored()
    for held, (claims, code) in refused.items():
        with subtests.test(service_has=held):
            reply = world.invoke(operation, claims=claims, path=example.path, body=example.body)
            assert (reply.status, reply.code) == (403, code)
            assert world.stored() == stored


@pytest.mark.parametrize("operation", PUBLIC, ids=lambda operation: operation.name)
def test_public_operation_needs_no_token_and_a_token_grants_nothing_more(
    world: World, subtests: pytest.Subtests, operation: Operation[Any, Any]
) -> None:
    tokens = {
        "nobody": {},
        "an admin": world.claims(world.admin_id),
        "a service": {"client_id": "service", "scope": "rollcall/admin"},
        "a token that is none of ours": {"username": "usr_nobody", "scope": "admin:access"},
    }
    answers: list[Any] = []
    for caller, claims in tokens.items():
        with subtests.test(caller=caller):
            example = EXAMPLES[operation.name](Scene(world))
            reply = world.invoke(operation, claims=claims, path=example.path, body=example.body)
            assert reply.status == operation.status, reply.body
            answers.append(sorted(reply.body))
    assert answers == answers[:1] * len(tokens)
