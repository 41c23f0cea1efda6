"""Pages of the members of a group (G1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollcall.grants.grant import GroupRole, Membership
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.paging import ListRequest, Pagination
from rollcall.members.group_answers import GroupAnswer
from rollcall.members.group_members import (
    GroupDetail,
    GroupMember,
    GroupMemberPage,
    read_group_members,
)
from rollcall.members.member import Member
from rollcall.users.user import User
from tests.world.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
GROUP = Group(id="grp_1", created_at=NOW, updated_at=NOW, name="Editors", member_count=2, version=4)


def test_member_is_shown_with_name_and_membership_without_private_data() -> None:
    place = Membership(
        user_id="usr_1", group_id="grp_1", role=GroupRole.ADMIN, ends_at=NOW + timedelta(days=1)
    )
    user = User(
        id="usr_1",
        created_at=NOW,
        updated_at=NOW,
        name="Ada",
        email="ada@example.com",
        username="ada",
        phone="+4915112345678",
    )

    shown = GroupMember.of(Member(place.item(), user))

    assert shown.model_dump(mode="json", by_alias=True, exclude_none=True) == {
        "userId": "usr_1",
        "name": "Ada",
        "email": "ada@example.com",
        "username": "ada",
        "status": "active",
        "role": "admin",
        "endsAt": "2026-01-06T09:00:00.000Z",
    }


def test_detail_is_the_answer_with_a_page_of_members() -> None:
    page = GroupMemberPage(
        items=(), pagination=Pagination(page=1, limit=25, total=0, total_pages=0)
    )
    detail = GroupDetail.describe(GROUP, (Permission.USER_VIEW,), page).model_dump()
    assert detail.pop("members") == page.model_dump()
    assert detail == GroupAnswer.of(GROUP, (Permission.USER_VIEW,)).model_dump()


def test_members_are_read_in_pages_with_the_groups_counter(world: World) -> None:
    group_id = world.add_group("Readers")
    for _ in range(3):
        world.join_group(world.add_user().id, group_id)

    page = read_group_members(world.call(), world.group(group_id), ListRequest(limit=2))

    assert (len(page.items), page.pagination.total, page.pagination.total_pages) == (2, 3, 2)
