"""One request that is accepted for each operation: the matrix, the fault harness, the benchmarks
and the checks of the API document all start from these.

An example is plain data over a :class:`Scene`, so that it serves in process and over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rollcall.statuses import Status
from rollcall.users import GroupRole
from tests.world import World


class Scene(NamedTuple):
    """The ids that examples speak of. Nobody in it holds any permission, except the admin."""

    user_id: str
    """Active, in no group."""
    member_id: str
    """Active, in the group."""
    disabled_id: str
    """Inactive."""
    deleted_id: str
    """Soft-deleted."""
    admin_id: str
    """A second platform admin."""
    group_id: str
    """A group that grants nothing."""


@dataclass(frozen=True)
class Example:
    """The parts of one request."""

    path: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    query: dict[str, str] = field(default_factory=dict)


def _user(user_id: str, body: dict[str, Any] | None = None) -> Example:
    return Example(path={"user_id": user_id}, body=body)


EXAMPLES: Mapping[str, Callable[[Scene], Example]] = {
    "add_user_to_group": lambda scene: _user(
        scene.user_id, {"groupId": scene.group_id, "role": "member"}
    ),
    "create_group": lambda _: Example(body={"name": "Archive", "description": "Old papers"}),
    "create_user": lambda scene: Example(
        body={
            "email": "newuser@example.com",
            "name": "New User",
            "temporaryPassword": "TempPass123!",
            "sendInvite": True,
            "isAdmin": False,
            "groups": [scene.group_id],
        }
    ),
    "delete_user": lambda scene: _user(scene.user_id),
    "demote_user": lambda scene: _user(scene.admin_id),
    "disable_user": lambda scene: _user(scene.user_id),
    "enable_user": lambda scene: _user(scene.disabled_id),
    "get_me": lambda _: Example(),
    "get_user": lambda scene: _user(scene.user_id),
    "list_groups": lambda _: Example(query={"page": "1", "limit": "25"}),
    "promote_user": lambda scene: _user(scene.user_id),
    "remove_user_from_group": lambda scene: Example(
        path={"user_id": scene.member_id, "group_id": scene.group_id}
    ),
    "reset_password": lambda scene: _user(
        scene.user_id, {"newPassword": "TempPass123!", "permanent": False}
    ),
    "restore_user": lambda scene: _user(scene.deleted_id),
    "suspend_user": lambda scene: _user(scene.user_id),
    "update_user": lambda scene: _user(
        scene.user_id, {"name": "Updated Name", "email": "newemail@example.com"}
    ),
}
"""By the operation's name."""


def set_scene(world: World) -> Scene:
    """Put what the examples need into a world."""
    group_id = world.add_group("Readers")
    member, deleted = world.add_user(), world.add_user()
    world.change_user(member, member.with_membership(group_id, GroupRole.MEMBER))
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    return Scene(
        user_id=world.add_user().id,
        member_id=member.id,
        disabled_id=world.add_user(status=Status.INACTIVE).id,
        deleted_id=deleted.id,
        admin_id=world.add_user(is_admin=True).id,
        group_id=group_id,
    )
