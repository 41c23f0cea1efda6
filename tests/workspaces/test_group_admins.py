"""Group admins manage the workspaces of their groups, and nothing else (G3, I12, I13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest

from functions.groups.delete_group import delete_group
from functions.users.delete_user import delete_user
from functions.users.disable_user import disable_user
from functions.workspaces.delete_workspace import delete_workspace
from functions.workspaces.list_workspaces import list_workspaces
from functions.workspaces.transfer_workspace import transfer_workspace
from rollcall.access.authorization import authorize_caller
from rollcall.grants.grant import GroupRole, Period
from rollcall.resources.resource import Resource
from rollcall.users.user import User
from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Scene
from tests.faults.races import COMMIT, meanwhile
from tests.world.gateway import Reply
from tests.world.world import World

OPERATIONS = [each for each in read_catalog().operations if each.authorize is authorize_caller]
SCOPED = {"list_workspaces", "delete_workspace", "transfer_workspace"}


class Stage(NamedTuple):
    """A group admin, with workspaces inside and outside of the admin's group."""

    admin: User
    owner: User
    own: Resource
    archived: Resource
    foreign: Resource
    of_no_group: Resource


def join(world: World, user: User, group_id: str, **place: Any) -> User:
    present = world.user(user.id)
    return world.change_user(present, present.with_membership(group_id, **place))


@pytest.fixture
def stage(world: World) -> Stage:
    own, foreign = world.add_group("Own"), world.add_group("Foreign")
    admin, owner = world.add_user(), world.add_user()
    for group_id in (own, foreign):
        owner = join(world, owner, group_id)
    admin = join(world, admin, own, role=GroupRole.ADMIN)
    return Stage(
        join(world, admin, foreign),
        owner,
        world.add_resource(owner.id, group_id=own),
        world.add_resource(owner.id, group_id=own, active=False),
        world.add_resource(owner.id, group_id=foreign),
        world.add_resource(owner.id),
    )


def ask(world: World, stage: Stage, **query: str) -> Reply:
    return world.invoke(list_workspaces, caller=stage.admin.id, query=query)


def delete(world: World, stage: Stage, workspace_id: str) -> Reply:
    path = {"workspace_id": workspace_id}
    return world.invoke(delete_workspace, caller=stage.admin.id, path=path)


def transfer(world: World, stage: Stage, workspace_id: str, user_id: str) -> Reply:
    path, body = {"workspace_id": workspace_id}, {"userId": user_id}
    return world.invoke(transfer_workspace, caller=stage.admin.id, path=path, body=body)


def test_workspaces_of_the_own_group_are_listed_deleted_and_transferred(
    world: World, stage: Stage
) -> None:
    group_id = str(stage.own.group_id)

    listed = ask(world, stage, group=group_id)
    moved = transfer(world, stage, stage.own.id, stage.admin.id)
    deleted = delete(world, stage, stage.archived.id)

    assert {each["id"] for each in listed.body["items"]} == {stage.own.id, stage.archived.id}
    assert listed.body["pagination"]["total"] == 2
    assert (moved.status, moved.body["userId"]) == (200, stage.admin.id)
    assert deleted.status == 200
    assert [world.journal(each.id)[-1].actor.id for each in (stage.own, stage.archived)] == [
        stage.admin.id
    ] * 2


def test_orphans_of_the_own_group_can_be_managed(world: World, stage: Stage) -> None:
    world.invoke(delete_user, path={"user_id": stage.owner.id})

    listed = ask(world, stage, group=str(stage.own.group_id), orphaned="true")
    moved = transfer(world, stage, stage.own.id, stage.admin.id)

    assert len(listed.body["items"]) == 2
    assert (moved.status, moved.body["orphaned"]) == (200, False)


def test_list_requires_an_own_group(world: World, stage: Stage) -> None:
    answers = [
        ask(world, stage),
        ask(world, stage, user=stage.owner.id),
        ask(world, stage, orphaned="true"),
        ask(world, stage, group=str(stage.foreign.group_id)),
        ask(world, stage, group="grp_unknown"),
    ]

    assert all(answer == answers[0] for answer in answers)
    assert (answers[0].status, answers[0].code) == (403, "own_group_needed")
    assert "group=" in answers[0].body["detail"]


def test_other_filters_do_not_show_other_groups(world: World, stage: Stage) -> None:
    listed = ask(world, stage, group=str(stage.own.group_id), user=stage.owner.id)
    assert {each["id"] for each in listed.body["items"]} == {stage.own.id, stage.archived.id}
    assert listed.body["pagination"]["total"] == 2


def test_workspace_of_another_group_is_not_found(world: World, stage: Stage) -> None:
    stored = world.stored()
    ids = (stage.foreign.id, stage.of_no_group.id, "wsp_unknown")

    deletions = [delete(world, stage, each) for each in ids]
    transfers = [transfer(world, stage, each, stage.admin.id) for each in ids]

    for answers in (deletions, transfers):
        assert all(answer == answers[0] for answer in answers)
        assert (answers[0].status, answers[0].code) == (404, "workspace_not_found")
    assert world.stored() == stored


def test_user_outside_the_group_is_not_found(world: World, stage: Stage) -> None:
    outsider, deleted = world.add_user(), world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    ids = (outsider.id, deleted.id, world.admin_id, "usr_unknown")

    answers = [transfer(world, stage, stage.own.id, each) for each in ids]

    assert all(answer == answers[0] for answer in answers)
    assert (answers[0].status, answers[0].body["detail"]) == (404, "User not found")


def test_everything_else_is_refused(world: World, stage: Stage, subtests: pytest.Subtests) -> None:
    scene = Scene.complete(world)
    admin = join(world, stage.admin, scene.busy_group_id, role=GroupRole.ADMIN)
    join(world, admin, scene.group_id, role=GroupRole.ADMIN)
    stored = world.stored()
    assert {each.name for each in OPERATIONS if each.scoped} == SCOPED

    for operation in (each for each in OPERATIONS if not each.scoped):
        with subtests.test(operation=operation.name):
            example = EXAMPLES[operation.name](scene)
            reply = world.invoke(
                operation,
                caller=stage.admin.id,
                path=example.path,
                body=example.body,
                query=example.query,
            )
            if operation.permission is None:
                assert reply.status == operation.status
            else:
                assert (reply.status, reply.code) == (403, "permission_missing")
            assert world.stored() == stored


def lose_the_role(world: World, stage: Stage) -> None:
    join(world, stage.admin, str(stage.own.group_id), role=GroupRole.MEMBER)


def leave(world: World, stage: Stage) -> None:
    user = world.user(stage.admin.id)
    world.change_user(user, user.without_membership(str(stage.own.group_id)))


def come_to_its_end(world: World, stage: Stage) -> None:
    box = Period(ends_at=world.clock.now + timedelta(hours=1))
    join(world, stage.admin, str(stage.own.group_id), period=box)
    world.clock.advance(hours=1)


def be_still_to_come(world: World, stage: Stage) -> None:
    box = Period(starts_at=world.clock.now + timedelta(hours=1))
    join(world, stage.admin, str(stage.own.group_id), period=box)


def have_the_group_deleted(world: World, stage: Stage) -> None:
    world.change_resource(stage.own, stage.own.model_copy(update={"active": False}))
    path = {"group_id": str(stage.own.group_id)}
    assert world.invoke(delete_group, path=path).status == 200


@pytest.mark.parametrize(
    "happen", [lose_the_role, leave, come_to_its_end, be_still_to_come, have_the_group_deleted]
)
@pytest.mark.parametrize("in_between", [False, True])
def test_permission_ends_with_the_role_its_period_and_the_group(
    world: World, stage: Stage, happen: Callable[[World, Stage], None], in_between: bool
) -> None:
    group_id = str(stage.own.group_id)
    assert ask(world, stage, group=group_id).status == 200

    if in_between and happen not in (come_to_its_end, be_still_to_come):
        with meanwhile(world, COMMIT, partial(happen, world, stage)):
            replies = [delete(world, stage, stage.archived.id)]
    else:
        happen(world, stage)
        replies = [
            ask(world, stage, group=group_id),
            delete(world, stage, stage.archived.id),
            transfer(world, stage, stage.archived.id, stage.admin.id),
        ]

    assert {(reply.status, reply.code) for reply in replies} == {(403, "permission_missing")}
    assert world.resource(stage.archived.id).exists


def test_permission_starts_with_its_period(world: World, stage: Stage) -> None:
    be_still_to_come(world, stage)
    world.clock.advance(hours=1)
    assert delete(world, stage, stage.own.id).status == 200


def test_permission_ends_with_the_account(world: World, stage: Stage) -> None:
    world.invoke(disable_user, path={"user_id": stage.admin.id})
    reply = delete(world, stage, stage.own.id)
    assert (reply.status, reply.code) == (403, "account_not_active")
