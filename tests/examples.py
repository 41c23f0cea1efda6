"""One request that is accepted for each operation: the matrix, the fault harness, the benchmarks
and the checks of the API document all start from these.

An example is plain data over a :class:`Scene`, so that it serves in process and over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rollcall import roles
from rollcall.grants import OrganizationMembership
from rollcall.statuses import Status
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
    """A group that grants nothing, without workspaces."""
    role_id: str
    """A role that grants nothing, and that nobody has."""
    organization_id: str
    """An organization with the member in it, as a User."""
    owner_id: str
    """Active, with a workspace and a persona."""
    heir_id: str
    """Active, in the group that the workspace belongs to."""
    busy_group_id: str
    """A group with the owner, the heir and the workspace."""
    workspace_id: str
    """The owner's, in use."""
    resource_id: str
    """The owner's persona."""
    note_id: str
    """A note on the member."""


@dataclass(frozen=True)
class Example:
    """The parts of one request."""

    path: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    query: dict[str, str] = field(default_factory=dict)


def _user(user_id: str, body: dict[str, Any] | None = None) -> Example:
    return Example(path={"user_id": user_id}, body=body)


def _membership(scene: Scene, body: dict[str, Any] | None = None) -> Example:
    return Example(path={"user_id": scene.member_id, "group_id": scene.group_id}, body=body)


EXAMPLES: Mapping[str, Callable[[Scene], Example]] = {
    "add_note": lambda scene: _user(scene.user_id, {"text": "Called about the invoice."}),
    "add_user_to_group": lambda scene: _user(
        scene.user_id, {"groupId": scene.group_id, "role": "member"}
    ),
    "add_users_to_group": lambda scene: Example(
        path={"group_id": scene.group_id},
        body={"members": [{"userId": scene.user_id, "role": "member"}]},
    ),
    "assign_unique_id": lambda scene: _user(scene.user_id, {"uniqueId": "EMP-0042"}),
    "change_group_role": lambda scene: _membership(scene, {"role": "admin"}),
    "create_group": lambda _: Example(body={"name": "Archive", "description": "Old papers"}),
    "create_organization": lambda _: Example(body={"name": "Acme Corp"}),
    "create_role": lambda _: Example(body={"name": "Support", "permissions": []}),
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
    "delete_group": lambda scene: Example(path={"group_id": scene.group_id}),
    "delete_note": lambda scene: Example(
        path={"user_id": scene.member_id, "note_id": scene.note_id}
    ),
    "delete_organization": lambda scene: Example(path={"organization_id": scene.organization_id}),
    "delete_role": lambda scene: Example(path={"role_id": scene.role_id}),
    "delete_user": lambda scene: _user(scene.user_id),
    "delete_workspace": lambda scene: Example(path={"workspace_id": scene.workspace_id}),
    "demote_group_admin": _membership,
    "demote_user": lambda scene: _user(scene.admin_id),
    "disable_user": lambda scene: _user(scene.user_id),
    "enable_user": lambda scene: _user(scene.disabled_id),
    "get_group": lambda scene: Example(path={"group_id": scene.group_id}),
    "get_me": lambda _: Example(),
    "get_organization": lambda scene: Example(path={"organization_id": scene.organization_id}),
    "get_role": lambda scene: Example(path={"role_id": scene.role_id}),
    "get_user": lambda scene: _user(scene.user_id),
    "get_user_history": lambda scene: _user(scene.user_id),
    "list_group_members": lambda scene: Example(path={"group_id": scene.busy_group_id}),
    "list_groups": lambda _: Example(query={"page": "1", "limit": "25"}),
    "list_notes": lambda scene: _user(scene.member_id),
    "list_organization_members": lambda scene: Example(
        path={"organization_id": scene.organization_id}
    ),
    "list_organizations": lambda _: Example(),
    "list_permission_holders": lambda _: Example(path={"permission": "user.view"}),
    "list_permissions": lambda _: Example(),
    "list_resources": lambda scene: Example(query={"owner": scene.owner_id, "type": "persona"}),
    "list_roles": lambda _: Example(),
    "list_user_groups": lambda scene: _user(scene.member_id),
    "list_user_organizations": lambda scene: _user(scene.member_id),
    "list_user_permissions": lambda scene: _user(scene.member_id),
    "list_workspaces": lambda scene: Example(query={"user": scene.owner_id}),
    "promote_group_admin": _membership,
    "promote_user": lambda scene: _user(scene.user_id),
    "register_resource": lambda scene: Example(
        body={"type": "workspace", "userId": scene.owner_id, "groupId": scene.busy_group_id}
    ),
    "remove_resource": lambda scene: Example(path={"resource_id": scene.resource_id}),
    "remove_user_from_group": lambda scene: Example(
        path={"user_id": scene.member_id, "group_id": scene.group_id}
    ),
    "replace_user_groups": lambda scene: _user(
        scene.member_id, {"groups": [{"groupId": scene.busy_group_id, "role": "member"}]}
    ),
    "replace_user_organizations": lambda scene: _user(
        scene.user_id,
        {"memberships": [{"organizationId": scene.organization_id, "roleId": "rol_guest"}]},
    ),
    "replace_user_permissions": lambda scene: _user(scene.user_id, {"permissions": []}),
    "replace_user_roles": lambda scene: _user(scene.user_id, {"roleIds": [scene.role_id]}),
    "reset_password": lambda scene: _user(
        scene.user_id, {"newPassword": "TempPass123!", "permanent": False}
    ),
    "restore_user": lambda scene: _user(scene.deleted_id),
    "suspend_user": lambda scene: _user(scene.user_id),
    "transfer_workspace": lambda scene: Example(
        path={"workspace_id": scene.workspace_id}, body={"userId": scene.heir_id}
    ),
    "transfer_workspaces": lambda scene: Example(
        path={"owner_id": scene.owner_id}, body={"userId": scene.heir_id}
    ),
    "update_group": lambda scene: Example(
        path={"group_id": scene.group_id}, body={"name": "Editors"}
    ),
    "update_organization": lambda scene: Example(
        path={"organization_id": scene.organization_id}, body={"name": "Acme"}
    ),
    "update_resource": lambda scene: Example(
        path={"resource_id": scene.resource_id}, body={"name": "Second self"}
    ),
    "update_role": lambda scene: Example(
        path={"role_id": scene.role_id}, body={"name": "First level"}
    ),
    "update_user": lambda scene: _user(
        scene.user_id, {"name": "Updated Name", "email": "newemail@example.com"}
    ),
}
"""By the operation's name."""


def set_scene(world: World) -> Scene:
    """Put what the examples need into a world."""
    group_id, busy_group_id = world.add_group("Readers"), world.add_group("Writers")
    organization_id = world.add_organization("Example Corp")
    member, deleted = world.add_user(), world.add_user()
    place = OrganizationMembership(
        user_id=member.id, organization_id=organization_id, role_id=roles.USER.id
    )
    joined = member.with_grants("organization_memberships", [place]).with_membership(group_id)
    world.change_user(member, joined)
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    owner, heir = (
        world.change_user(user, user.with_membership(busy_group_id))
        for user in (world.add_user(), world.add_user())
    )
    return Scene(
        user_id=world.add_user().id,
        member_id=member.id,
        disabled_id=world.add_user(status=Status.INACTIVE).id,
        deleted_id=deleted.id,
        admin_id=world.add_user(is_admin=True).id,
        group_id=group_id,
        role_id=world.add_role("Assistant"),
        organization_id=organization_id,
        owner_id=owner.id,
        heir_id=heir.id,
        busy_group_id=busy_group_id,
        workspace_id=world.add_thing(owner.id, group_id=busy_group_id).id,
        resource_id=world.add_thing(owner.id, "persona").id,
        note_id=world.add_note(member.id, "Likes tea"),
    )
