"""The scheduled deletion of grants that expired long ago (R2, G2, W1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import pytest

from functions.jobs.clear_ended_grants import (
    AT_ONCE,
    KEPT,
    Cleared,
    clear_ended_grants,
    clear_users,
)
from functions.organizations.delete_organization import delete_organization
from functions.roles.delete_role import delete_role
from functions.users.delete_user import delete_user
from functions.users.get_user_history import get_user_history
from functions.users.restore_user import restore_user
from rollcall.grants.grant import (
    Grant,
    GroupRole,
    Membership,
    OrganizationMembership,
    PermissionGrant,
    RoleGrant,
)
from rollcall.grants.permissions import Permission
from rollcall.kit.errors import Unavailable
from rollcall.kit.model import format_time
from rollcall.users.storage import GRANTS_END_AT
from rollcall.users.user import User
from tests.faults.invariants import check_settled
from tests.faults.races import COMMIT, meanwhile
from tests.world.aws_edge import failing, watched
from tests.world.clock import START
from tests.world.iam import acting_as
from tests.world.strict_aws import Response, Serve, WireCall
from tests.world.world import World

HOUR = timedelta(hours=1)
TOMORROW = START + timedelta(days=1)


def clear(world: World) -> Cleared:
    with acting_as(clear_ended_grants):
        return clear_ended_grants.run(world.runtime)


def cleared(users: int = 0, grants: int = 0, kept: int = 0, contended: int = 0) -> Cleared:
    return Cleared(users=users, grants=grants, kept=kept, contended=contended)


def wait_until_due(world: World) -> None:
    """Set the time at which a grant that expires tomorrow is due."""
    world.clock.now = TOMORROW + KEPT


def stored_end(world: World, user_id: str) -> str | None:
    item = world.runtime.table.get_item(User.key_of(user_id))
    assert item is not None
    return item.get(GRANTS_END_AT)


class Subjects(NamedTuple):
    """One subject of each kind of grant."""

    group_id: str
    organization_id: str
    role_id: str

    def grants(self, user_id: str, *ends: datetime | None) -> list[tuple[str, Grant]]:
        """A grant of each kind, with its field; each ends then, and began an hour before."""
        times = [
            {"user_id": user_id, "ends_at": each, "starts_at": each and each - HOUR}
            for each in ends
        ]
        membership, place, role, permission = times
        place |= {"organization_id": self.organization_id, "role_id": self.role_id}
        made = (
            Membership.model_validate(
                {"group_id": self.group_id, "role": GroupRole.MEMBER, **membership}
            ),
            OrganizationMembership.model_validate(place),
            RoleGrant.model_validate({"role_id": self.role_id, **role}),
            PermissionGrant.model_validate({"permission": Permission.USER_VIEW, **permission}),
        )
        return list(zip(User.grant_fields, made, strict=True))

    def give(self, world: World, user_id: str, *ends: datetime | None) -> User:
        """Let a user have one grant of each kind and nothing else; returns what is stored."""
        before = after = world.user(user_id)
        for field, grant in self.grants(user_id, *ends):
            after = after.with_grants(field, [grant])
        world.write(before, after)
        return world.user(user_id)


@pytest.fixture
def subjects(world: World) -> Subjects:
    return Subjects(
        world.add_group("Editors", Permission.USER_UPDATE),
        world.add_organization("Acme"),
        world.add_role("Support", Permission.GROUP_LIST),
    )


def test_grants_of_every_kind_are_deleted_thirty_days_after_their_expiry(
    world: World, subjects: Subjects
) -> None:
    user = subjects.give(world, world.add_user().id, *[TOMORROW] * 4)
    wait_until_due(world)
    world.clock.advance(seconds=-1)
    assert clear(world) == cleared()
    assert world.user(user.id) == user

    world.clock.advance(seconds=1)
    assert clear(world) == cleared(users=1, grants=4)

    assert list(world.user(user.id).grants) == []
    assert stored_end(world, user.id) is None
    assert check_settled(world) == []


def test_counters_decrease_with_the_grants(world: World, subjects: Subjects) -> None:
    user_id, other_id = world.add_user().id, world.add_user().id
    subjects.give(world, user_id, *[TOMORROW] * 4)
    subjects.give(world, other_id, *[None] * 4)
    wait_until_due(world)

    clear(world)

    group = world.group(subjects.group_id)
    organization = world.organization(subjects.organization_id)
    assert (group.member_count, organization.member_count) == (1, 1)
    assert len(list(world.user(other_id).grants)) == 4


def test_role_with_only_expired_holders_can_be_deleted_afterwards(world: World) -> None:
    role_id, user_id = world.add_role("Support"), world.add_user().id
    world.give_role(user_id, role_id, ends_at=TOMORROW)
    wait_until_due(world)
    refused = world.invoke(delete_role, path={"role_id": role_id})
    assert (refused.status, refused.code) == (409, "role_in_use")

    clear(world)

    assert world.invoke(delete_role, path={"role_id": role_id}).status == 200


def test_history_has_the_deletion_and_the_deleted_grant(world: World, subjects: Subjects) -> None:
    user = subjects.give(world, world.add_user().id, None, None, TOMORROW, None)
    wait_until_due(world)
    clear(world)

    query = {"at": format_time(TOMORROW - HOUR)}
    history = world.invoke(get_user_history, path={"user_id": user.id})
    then = world.invoke(get_user_history, path={"user_id": user.id}, query=query)

    newest = history.body["items"][0]
    assert (newest["version"], newest["action"]) == (user.version + 1, "clear_ended_grants")
    assert newest["actor"] == {"kind": "system", "id": "clear_ended_grants"}
    given = {"startsAt": format_time(TOMORROW - HOUR), "endsAt": format_time(TOMORROW)}
    assert newest["changes"] == {f"roles.{subjects.role_id}": {"before": given}}
    assert Permission.GROUP_LIST in then.body["then"]["effectivePermissions"]


def test_current_future_and_recently_expired_grants_stay(world: World, subjects: Subjects) -> None:
    now, instant = world.clock.now, timedelta(milliseconds=1)
    due = (now - 2 * KEPT, now - KEPT - instant, now - KEPT)
    not_due = (None, now - KEPT + instant, now, now + instant, now + 2 * HOUR)
    ends = (*due, *not_due)
    expected: dict[str, list[Grant]] = {}
    for number in range(len(ends)):  # so that each kind has each end
        own = [ends[(number + 3 * kind) % len(ends)] for kind in range(4)]
        user = subjects.give(world, world.add_user().id, *own)
        given = subjects.grants(user.id, *own)
        expected[user.id] = [grant for _, grant in given if grant.ends_at not in due]

    report = clear(world)

    users = {each: world.user(each) for each in expected}
    assert {each: list(user.grants) for each, user in users.items()} == expected
    assert report.grants == 4 * len(due)
    assert report.users == len([each for each in expected.values() if len(each) < 4])
    assert check_settled(world) == []


def test_second_run_writes_nothing(world: World, subjects: Subjects) -> None:
    subjects.give(world, world.add_user().id, *[TOMORROW] * 4)
    wait_until_due(world)
    clear(world)

    with watched(world.aws) as seen:
        assert clear(world) == cleared()

    assert {call.operation for call in seen} == {"Query"}


def test_admin_flag_and_account_do_not_change(world: World, subjects: Subjects) -> None:
    user_id = world.add_user(is_admin=True).id
    subjects.give(world, user_id, *[TOMORROW] * 4)
    world.drain()
    account = world.account(user_id)
    wait_until_due(world)

    with watched(world.aws) as seen:
        clear(world)

    user = world.user(user_id)
    assert (user.is_admin, user.in_step, user.auth_epoch) == (True, True, 0)
    assert world.account(user_id) == account
    assert "cognito-idp" not in {call.service for call in seen}
    assert check_settled(world) == []


def test_soft_deleted_user_is_restored_without_expired_grants(
    world: World, subjects: Subjects
) -> None:
    user_id = world.add_user().id
    subjects.give(world, user_id, TOMORROW, None, TOMORROW, TOMORROW)
    wait_until_due(world)
    world.invoke(delete_user, path={"user_id": user_id}, query={"mode": "soft"})

    assert clear(world) == cleared(users=1, grants=3)

    assert world.invoke(restore_user, path={"user_id": user_id}).status == 200
    (left,) = world.user(user_id).grants
    assert left.subject == subjects.organization_id
    assert check_settled(world) == []


def test_membership_stays_while_the_user_has_active_workspaces_in_the_group(
    world: World, subjects: Subjects
) -> None:
    user_id = world.add_user().id
    subjects.give(world, user_id, *[TOMORROW] * 4)
    workspace = world.add_resource(user_id, group_id=subjects.group_id)
    wait_until_due(world)

    assert clear(world) == cleared(users=1, grants=3, kept=1)
    assert clear(world) == cleared(kept=1)
    assert world.user(user_id).group_ids == (subjects.group_id,)
    assert check_settled(world) == []

    world.change_resource(workspace, workspace.model_copy(update={"active": False}))
    assert clear(world) == cleared(users=1, grants=1)
    assert world.user(user_id).group_ids == ()


def test_workspace_registered_meanwhile_keeps_the_membership(
    world: World, subjects: Subjects
) -> None:
    user_id = world.add_user().id
    subjects.give(world, user_id, *[TOMORROW] * 4)
    wait_until_due(world)

    register = partial(world.add_resource, user_id, group_id=subjects.group_id)
    with meanwhile(world, COMMIT, register):
        report = clear(world)

    assert report == cleared(users=1, grants=3, kept=1)
    assert world.user(user_id).group_ids == (subjects.group_id,)
    assert check_settled(world) == []


def extend(user: User) -> User:
    """Remove the expiry of all grants of the user."""
    for field in user.grant_fields:
        grants = (each.model_copy(update={"ends_at": None}) for each in getattr(user, field))
        user = user.with_grants(field, grants)
    return user


def erase(user: User) -> User:
    return user.as_erased(START)


@pytest.mark.parametrize("change", [extend, erase])
def test_concurrent_change_of_the_user_is_respected(
    world: World, subjects: Subjects, change: Callable[[User], User]
) -> None:
    user = subjects.give(world, world.add_user().id, *[TOMORROW] * 4)
    wait_until_due(world)

    with meanwhile(world, COMMIT, partial(world.write, user, change(user))):
        assert clear(world) == cleared()

    assert world.user(user.id).version == user.version + 1
    assert stored_end(world, user.id) is None
    world.drain()
    assert check_settled(world) == []


def test_lagging_index_deletes_no_grants(world: World, subjects: Subjects) -> None:
    user = subjects.give(world, world.add_user().id, *[TOMORROW] * 4)
    long_ago = {GRANTS_END_AT: format_time(START - 2 * KEPT)}
    world.runtime.table.update_unversioned(user.key(), long_ago)

    assert clear(world) == cleared()
    assert world.user(user.id) == user


def test_deleted_organization_has_no_members_in_any_order_of_events(
    world: World, subjects: Subjects
) -> None:
    user_id = world.add_user().id
    subjects.give(world, user_id, *[TOMORROW] * 4)
    wait_until_due(world)
    path = {"organization_id": subjects.organization_id}
    assert world.invoke(delete_organization, path=path).status == 200

    assert clear(world) == cleared(users=1, grants=4)

    world.drain()
    assert world.organization(subjects.organization_id).member_count == 0
    assert check_settled(world) == []


def test_many_grants_are_deleted_in_several_transactions(world: World) -> None:
    user, number = world.add_user(), AT_ONCE + 1
    places = [
        OrganizationMembership(
            user_id=user.id,
            organization_id=world.add_organization(f"Organization {each}"),
            role_id=world.add_role(f"Role {each}"),
            ends_at=TOMORROW,
        )
        for each in range(number)
    ]
    for given in range(20, number + 20, 20):
        user = world.user(user.id)
        world.write(user, user.with_grants("organization_memberships", places[:given]))
    version = world.user(user.id).version
    wait_until_due(world)

    assert clear(world) == cleared(users=1, grants=number)

    assert list(world.user(user.id).grants) == []
    assert world.user(user.id).version == version + 2
    assert check_settled(world) == []


def test_run_stops_at_its_limit_and_the_next_ones_continue(
    world: World, subjects: Subjects
) -> None:
    for _ in range(3):
        subjects.give(world, world.add_user().id, *[TOMORROW] * 4)
    wait_until_due(world)

    reports = [clear_users(world.call(), at_most=2) for _ in range(3)]

    assert reports == [cleared(users=2, grants=8), cleared(users=1, grants=4), cleared()]


def in_order(world: World, user_ids: Iterable[str]) -> list[str]:
    """As the job comes to them."""
    return sorted(user_ids, key=lambda each: (world.user(each).index()["gsi2pk"], each))


def test_users_who_keep_their_grants_do_not_count_for_the_limit(
    world: World, subjects: Subjects
) -> None:
    users = [world.add_user().id for _ in range(4)]
    for user_id in users:
        subjects.give(world, user_id, TOMORROW, None, None, None)
    first, second, *others = in_order(world, users)
    for user_id in (first, second):
        world.add_resource(user_id, group_id=subjects.group_id)
    wait_until_due(world)

    assert clear_users(world.call(), at_most=2) == cleared(users=2, grants=2, kept=2)
    assert [world.user(each).group_ids for each in others] == [(), ()]


def test_user_with_concurrent_changes_does_not_delay_others(
    world: World, subjects: Subjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    users = [world.add_user().id for _ in range(2)]
    for user_id in users:
        subjects.give(world, user_id, *[TOMORROW] * 4)
    busy, other = in_order(world, users)
    wait_until_due(world)

    def come_first(call: WireCall, serve: Serve) -> Response:
        if call.operation == COMMIT and busy in str(call.body):
            return call.refuse("TransactionInProgressException", "Somebody came first.")
        return serve()

    world.aws.intercept = come_first
    assert clear(world) == cleared(users=1, grants=4, contended=1)

    assert len(list(world.user(busy).grants)) == 4
    assert list(world.user(other).grants) == []


def test_run_that_fails_is_finished_by_the_next_one(world: World, subjects: Subjects) -> None:
    for _ in range(2):
        subjects.give(world, world.add_user().id, *[TOMORROW] * 4)
    wait_until_due(world)

    with (
        failing(world.aws, "dynamodb", COMMIT, code="InternalServerError", after=1),
        pytest.raises(Unavailable),
    ):
        clear(world)

    assert clear(world) == cleared(users=1, grants=4)
    assert check_settled(world) == []
