"""Step-up: every operation of the catalog, called with an old sign-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from rollcall.access.authorization import authorize_caller
from rollcall.grants.built_in_roles import SYSTEM
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Example, Scene
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World

OPERATIONS = {
    each.name: each for each in read_catalog().operations if each.authorize is authorize_caller
}
CODE = "fresh_sign_in_required"
EIGHT_HOURS = timedelta(hours=8)
NUMBERS = count()


def send(
    world: World, name: str, example: Example, signed_in_at: datetime, caller: str = ""
) -> Reply:
    return world.invoke(
        OPERATIONS[name],
        caller=caller,
        path=example.path,
        body=example.body,
        query=example.query,
        signed_in_at=signed_in_at,
    )


def is_refused(reply: Reply) -> bool:
    refused = reply.body.get("code") == CODE
    if refused:
        assert (reply.status, reply.body["maxAge"]) == (401, 28_800)
        assert 'max_age="28800"' in reply.headers["WWW-Authenticate"]
    return refused


def test_operations_refuse_an_old_sign_in_as_they_declare(
    world: World, subtests: pytest.Subtests
) -> None:
    scene = Scene.complete(world)
    old = world.clock.now - EIGHT_HOURS - timedelta(seconds=1)
    for name, operation in OPERATIONS.items():
        with subtests.test(operation=name):
            example, stored = EXAMPLES[name](scene), world.stored()
            refused = is_refused(send(world, name, example, old))
            if not isinstance(operation.fresh_sign_in, str):
                assert refused is operation.fresh_sign_in
            assert not refused or world.stored() == stored


def about(user_id: str, **body: Any) -> Example:
    return Example(path={"user_id": user_id}, body=body or None)


def deleting(world: World, **query: str) -> Example:
    return Example(path={"user_id": world.add_user().id}, query=query)


def changing(world: World, **body: Any) -> Example:
    return about(world.add_user(status=body.pop("was", Status.ACTIVE)).id, **body)


def changing_a_disabled_admin(world: World, **body: Any) -> Example:
    return about(world.add_user(is_admin=True, status=Status.INACTIVE).id, **body)


def changing_oneself(world: World, **body: Any) -> Example:
    """The admin's own session stays, for the next case."""
    return about(world.admin_id, endSessions=False, **body)


def restoring(world: World, *, is_admin: bool) -> Example:
    user = world.add_user(is_admin=is_admin)
    return about(world.change_user(user, user.as_deleted(world.clock.now)).id)


def enabling(world: World, *, is_admin: bool) -> Example:
    return about(world.add_user(is_admin=is_admin, status=Status.SUSPENDED).id)


def resending(world: World, *, is_admin: bool) -> Example:
    return Example(path={"invitation_id": world.add_invitation(is_admin=is_admin).id})


def body(**fields: Any) -> Example:
    return Example(body={"email": f"new-{next(NUMBERS)}@example.com", **fields})


type Make = Callable[[World], Example]
CASES: dict[str, tuple[list[Make], list[Make]]] = {
    "create_user": (
        [lambda _: body(isAdmin=True), lambda _: body(roles=[SYSTEM.id])],
        [lambda _: body(temporaryPassword="TempPass123!")],
    ),
    "delete_user": (
        [deleting, lambda world: deleting(world, mode="permanent")],
        [lambda world: deleting(world, mode="soft")],
    ),
    "enable_user": (
        [lambda world: enabling(world, is_admin=True)],
        [lambda world: enabling(world, is_admin=False)],
    ),
    "invite_user": (
        [lambda _: body(roles=[SYSTEM.id])],
        [lambda _: body(permissions=[Permission.USER_VIEW])],
    ),
    "replace_user_roles": (
        [lambda world: changing(world, roleIds=[SYSTEM.id])],
        [
            lambda world: changing(world, roleIds=[]),
            lambda world: about(world.add_user(is_admin=True).id, roleIds=[]),
            lambda world: about(world.add_user(is_admin=True).id, roleIds=[SYSTEM.id]),
        ],
    ),
    "resend_invitation": (
        [lambda world: resending(world, is_admin=True)],
        [lambda world: resending(world, is_admin=False)],
    ),
    "restore_user": (
        [lambda world: restoring(world, is_admin=True)],
        [lambda world: restoring(world, is_admin=False)],
    ),
    "update_user": (
        [
            lambda world: changing(world, password="Brand-New-Pass-9"),
            lambda world: changing(world, password="Brand-New-Pass-9", endSessions=False),
            lambda world: changing(world, email="other@example.com"),
            lambda world: changing(world, phone="+4915112345678"),
            lambda world: changing_oneself(world, password="Brand-New-Pass-9"),
            lambda world: changing_oneself(world, email="own@example.com"),
            lambda world: changing_a_disabled_admin(world, status="active"),
        ],
        [
            lambda world: changing(world, name="New", profile={"city": "Bremen"}),
            lambda world: changing_oneself(world, name="New"),
            lambda world: changing(world, was=Status.INACTIVE, status="active"),
            lambda world: changing(world, status="inactive"),
        ],
    ),
}


def test_every_condition_has_its_cases() -> None:
    conditional = {n for n, each in OPERATIONS.items() if isinstance(each.fresh_sign_in, str)}
    assert conditional == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_old_sign_in_is_refused_only_in_the_declared_case(
    world: World, subtests: pytest.Subtests, name: str
) -> None:
    old = world.clock.now - EIGHT_HOURS - timedelta(seconds=1)
    for needed, makes in zip((True, False), CASES[name], strict=True):
        for number, make in enumerate(makes):
            with subtests.test(needed=needed, number=number):
                example = make(world)
                stored = world.stored()
                reply = send(world, name, example, old)
                assert is_refused(reply) is needed
                assert (world.stored() == stored) if needed else reply.status < 300
                if needed:
                    assert send(world, name, example, world.clock.now - EIGHT_HOURS).status < 300


def test_missing_permission_comes_before_the_old_sign_in(world: World) -> None:
    caller = world.add_user()
    old = world.clock.now - timedelta(days=1)
    for name in ("promote_user", "export_users", "replace_lifecycle_policy"):
        reply = send(world, name, EXAMPLES[name](Scene(world)), old, caller.id)
        assert (reply.status, reply.code) == (403, "permission_missing")


def test_old_sign_in_takes_no_further_call_to_aws(world: World) -> None:
    example = EXAMPLES["promote_user"](Scene(world))
    with watched(world.aws) as seen:
        send(world, "promote_user", example, world.clock.now - timedelta(days=1))
    assert [call.operation for call in seen] == ["Query"], "the caller's own record"


def test_deployment_sets_the_age(world: World) -> None:
    settings = world.runtime.settings.model_copy(update={"fresh_sign_in_minutes": 5})
    world.runtime = replace(world.runtime, settings=settings)
    for minutes, status in ((4, 200), (6, 401)):
        signed_in_at = world.clock.now - timedelta(minutes=minutes)
        example = about(world.add_user().id)
        assert send(world, "promote_user", example, signed_in_at).status == status
