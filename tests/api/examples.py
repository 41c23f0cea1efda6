"""One valid request for each operation. The permission matrix, the fault harness, the benchmarks
and the checks of the API document start from these.

An example is plain data over a :class:`Scene`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from functions.jobs.clean_up_accounts import clean_up_accounts
from rollcall.grants import built_in_roles
from rollcall.grants.grant import GroupRole, OrganizationMembership
from rollcall.users.statuses import Status
from tests.world.opening import is_new
from tests.world.snapshot import Snapshot
from tests.world.world import World


class Scene:
    """The objects of the examples by id. Each is added to the world at its first use, so that the
    many runs of the fault harness contain only what they need. Only admins have permissions.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    @classmethod
    def complete(cls, world: World) -> Self:
        """The scene with all objects. A process creates it once for all new worlds."""
        scene = cls(world)
        if not (new := is_new(world)) or not _completed:
            made = {name: str(getattr(scene, name)) for name in _NAMES}
            if new:
                _completed.append((Snapshot.of(world), made))
            return scene
        snapshot, ids = _completed[0]
        snapshot.restore(world)
        vars(scene).update(ids)
        return scene

    @cached_property
    def user_id(self) -> str:
        """Active, in no group."""
        return self._world.add_user().id

    @cached_property
    def member_id(self) -> str:
        """Active, in the group, and in the organization as a User."""
        member = self._world.add_user()
        membership = OrganizationMembership(
            user_id=member.id, organization_id=self.organization_id, role_id=built_in_roles.USER.id
        )
        joined = member.with_grants("organization_memberships", [membership])
        return self._world.change_user(member, joined.with_membership(self.group_id)).id

    @cached_property
    def group_admin_id(self) -> str:
        """Active, admin of the group."""
        admin = self._world.add_user()
        return self._world.join_group(admin.id, self.group_id, GroupRole.ADMIN).id

    @cached_property
    def disabled_id(self) -> str:
        """Inactive."""
        return self._world.add_user(status=Status.INACTIVE).id

    @cached_property
    def deleted_id(self) -> str:
        """Soft-deleted."""
        deleted = self._world.add_user()
        return self._world.change_user(deleted, deleted.as_deleted(self._world.clock.now)).id

    @cached_property
    def admin_id(self) -> str:
        """A second platform admin."""
        return self._world.add_user(is_admin=True).id

    @cached_property
    def group_id(self) -> str:
        """A group that grants nothing, without workspaces."""
        return self._world.add_group("Readers")

    @cached_property
    def role_id(self) -> str:
        """A role that grants nothing and that no user has."""
        return self._world.add_role("Assistant")

    @cached_property
    def organization_id(self) -> str:
        """An organization."""
        return self._world.add_organization("Example Corp")

    @cached_property
    def busy_group_id(self) -> str:
        """A group with the owner, the heir and the workspace."""
        return self._world.add_group("Writers")

    @cached_property
    def owner_id(self) -> str:
        """Active."""
        return self._join_busy_group()

    @cached_property
    def workspace_owner_id(self) -> str:
        """The owner, with the workspace."""
        return self._world.resource(self.workspace_id).user_id

    @cached_property
    def heir_id(self) -> str:
        """Active, in the group that the workspace belongs to."""
        return self._join_busy_group()

    @cached_property
    def workspace_id(self) -> str:
        """An active workspace of the owner."""
        return self._world.add_resource(self.owner_id, group_id=self.busy_group_id).id

    @cached_property
    def resource_id(self) -> str:
        """The owner's persona."""
        return self._world.add_resource(self.owner_id, "persona").id

    @cached_property
    def note_id(self) -> str:
        """A note on the member."""
        return self._world.add_note(self.member_id, "Likes tea")

    @cached_property
    def segment_id(self) -> str:
        """A segment of the first admin."""
        return self._world.add_segment("In use", 'status eq "active"').id

    @cached_property
    def invitation_id(self) -> str:
        """A pending invitation."""
        return self._world.add_invitation().id

    @cached_property
    def invitation_token(self) -> str:
        """The token in the mail of a pending invitation."""
        return self._world.token_of(self._world.add_invitation())

    @cached_property
    def registration_token(self) -> str:
        """The token in the mail to a user who has registered."""
        return self._world.token_of(self._world.add_registration())

    @cached_property
    def lifecycle_run_id(self) -> str:
        """A run of the clean-up without any actions."""
        self.listed_user_id  # noqa: B018 (builds the directory)
        return str(clean_up_accounts.run(self._world.runtime).run_id)

    @cached_property
    def listed_user_id(self) -> str:
        """The user, once the directory contains the user."""
        listed = self.user_id
        self._world.build_directory()
        return listed

    def _join_busy_group(self) -> str:
        user = self._world.add_user()
        return self._world.change_user(user, user.with_membership(self.busy_group_id)).id


_NAMES = [name for name, held in vars(Scene).items() if isinstance(held, cached_property)]
_completed: list[tuple[Snapshot, Mapping[str, str]]] = []
"""The complete scene and its ids, once this process has created it."""


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


def _of_listed(scene: Scene, **query: str) -> Example:
    """A request about the users in the directory that selects one of them."""
    return Example(query={"filter": f'id eq "{scene.listed_user_id}"', **query})


def _invitation(scene: Scene) -> Example:
    return Example(path={"invitation_id": scene.invitation_id})


def _of_inactive(scene: Scene, **terms: int) -> Example:
    """A request about the users in the directory who are inactive by these terms."""
    scene.listed_user_id  # noqa: B018 (builds the directory)
    return Example(body={"policy": terms, "limit": 10})


EXAMPLES: Mapping[str, Callable[[Scene], Example]] = {
    "accept_invitation": lambda scene: Example(
        path={"token": scene.invitation_token},
        body={"name": "New Colleague", "password": "TempPass123!"},
    ),
    "add_note": lambda scene: _user(scene.user_id, {"text": "Called about the invoice."}),
    "add_user_to_group": lambda scene: _user(
        scene.user_id, {"groupId": scene.group_id, "role": "member"}
    ),
    "add_users_to_group": lambda scene: Example(
        path={"group_id": scene.group_id},
        body={"members": [{"userId": scene.user_id, "role": "member"}]},
    ),
    "assign_unique_id": lambda scene: _user(scene.user_id, {"uniqueId": "EMP-0042"}),
    "cancel_invitation": _invitation,
    "change_group_role": lambda scene: _membership(scene, {"role": "admin"}),
    "create_group": lambda _: Example(body={"name": "Archive", "description": "Old papers"}),
    "create_organization": lambda _: Example(body={"name": "Acme Corp"}),
    "create_role": lambda _: Example(body={"name": "Support", "permissions": []}),
    "create_segment": lambda _: Example(
        body={"name": "Learners abroad", "filter": 'userTypes eq "learner" and country ne "DE"'}
    ),
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
    "delete_segment": lambda scene: Example(path={"segment_id": scene.segment_id}),
    "delete_user": lambda scene: _user(scene.user_id),
    "delete_workspace": lambda scene: Example(path={"workspace_id": scene.workspace_id}),
    "demote_group_admin": lambda scene: Example(
        path={"user_id": scene.group_admin_id, "group_id": scene.group_id}
    ),
    "demote_user": lambda scene: _user(scene.admin_id),
    "disable_user": lambda scene: _user(scene.user_id),
    "enable_user": lambda scene: _user(scene.disabled_id),
    "export_users": lambda scene: _of_listed(scene, columns="id,name,email", format="csv"),
    "get_group": lambda scene: Example(path={"group_id": scene.group_id}),
    "get_growth": lambda scene: _of_listed(scene, interval="week", calendarTimeZone="Asia/Tokyo"),
    "get_invitation": _invitation,
    "get_lifecycle_policy": lambda _: Example(),
    "get_lifecycle_run": lambda scene: Example(path={"run_id": scene.lifecycle_run_id}),
    "get_me": lambda _: Example(),
    "get_organization": lambda scene: Example(path={"organization_id": scene.organization_id}),
    "get_overview": lambda scene: _of_listed(scene, period="month"),
    "get_role": lambda scene: Example(path={"role_id": scene.role_id}),
    "get_segment": lambda scene: Example(path={"segment_id": scene.segment_id}),
    "get_user": lambda scene: _user(scene.user_id),
    "get_user_history": lambda scene: _user(scene.user_id),
    "get_user_statistics": lambda scene: _of_listed(scene, status="active"),
    "invite_user": lambda scene: Example(
        body={
            "email": "newcolleague@example.com",
            "name": "New Colleague",
            "message": "Welcome to the team!",
            "groups": [scene.group_id],
        }
    ),
    "list_field_values": lambda scene: _of_listed(scene, field="status", q="act"),
    "list_filter_values": _of_listed,
    "list_group_members": lambda scene: Example(path={"group_id": scene.busy_group_id}),
    "list_groups": lambda _: Example(query={"page": "1", "limit": "25"}),
    "list_invitations": lambda _: Example(query={"status": "pending"}),
    "list_lifecycle_runs": lambda _: Example(query={"limit": "10"}),
    "list_notes": lambda scene: _user(scene.member_id),
    "list_organization_members": lambda scene: Example(
        path={"organization_id": scene.organization_id}
    ),
    "list_organizations": lambda _: Example(),
    "list_permission_holders": lambda _: Example(path={"permission": "user.view"}),
    "list_permissions": lambda _: Example(),
    "list_resources": lambda scene: Example(query={"owner": scene.owner_id, "type": "persona"}),
    "list_roles": lambda _: Example(),
    "list_segments": lambda _: Example(),
    "list_user_groups": lambda scene: _user(scene.member_id),
    "list_user_organizations": lambda scene: _user(scene.member_id),
    "list_user_permissions": lambda scene: _user(scene.member_id),
    "list_users": lambda scene: Example(
        query={"filter": f'id eq "{scene.listed_user_id}"', "status": "active"}
    ),
    "list_users_by_ids": lambda scene: Example(query={"ids": f"{scene.listed_user_id},usr_gone"}),
    "list_workspaces": lambda scene: Example(query={"user": scene.workspace_owner_id}),
    "preview_lifecycle_policy": lambda scene: _of_inactive(
        scene, warnAfterDays=166, disableAfterDays=180
    ),
    "promote_group_admin": _membership,
    "promote_user": lambda scene: _user(scene.user_id),
    "register_resource": lambda scene: Example(
        body={"type": "workspace", "userId": scene.owner_id, "groupId": scene.busy_group_id}
    ),
    "register_user": lambda _: Example(body={"email": "newuser@example.com"}),
    "remove_resource": lambda scene: Example(path={"resource_id": scene.resource_id}),
    "remove_user_from_group": lambda scene: Example(
        path={"user_id": scene.member_id, "group_id": scene.group_id}
    ),
    "replace_facts": lambda scene: Example(
        path={"user_id": scene.user_id, "source": "learning"},
        body={"facts": {"enrollmentCount": 2, "enrollmentStatuses": ["active", "completed"]}},
    ),
    "replace_lifecycle_policy": lambda scene: Example(
        body={"warnAfterDays": 166, "disableAfterDays": 180, "exemptGroups": [scene.group_id]}
    ),
    "replace_user_groups": lambda scene: _user(
        scene.member_id, {"groups": [{"groupId": scene.busy_group_id, "role": "member"}]}
    ),
    "replace_user_organizations": lambda scene: _user(
        scene.user_id,
        {"memberships": [{"organizationId": scene.organization_id, "roleId": "rol_guest"}]},
    ),
    "replace_user_permissions": lambda scene: _user(
        scene.user_id, {"permissions": ["permission.assign"]}
    ),
    "replace_user_roles": lambda scene: _user(scene.user_id, {"roleIds": [scene.role_id]}),
    "resend_invitation": _invitation,
    "reset_password": lambda scene: _user(
        scene.user_id, {"newPassword": "TempPass123!", "permanent": False}
    ),
    "restore_user": lambda scene: _user(scene.deleted_id),
    "search_users": lambda scene: Example(
        query={"filter": f'id eq "{scene.listed_user_id}"', "sortBy": "email"}
    ),
    "suspend_user": lambda scene: _user(scene.user_id),
    "transfer_workspace": lambda scene: Example(
        path={"workspace_id": scene.workspace_id}, body={"userId": scene.heir_id}
    ),
    "transfer_workspaces": lambda scene: Example(
        path={"owner_id": scene.workspace_owner_id}, body={"userId": scene.heir_id}
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
    "update_segment": lambda scene: Example(
        path={"segment_id": scene.segment_id}, body={"filter": "isAdmin eq false"}
    ),
    "update_user": lambda scene: _user(
        scene.user_id, {"name": "Updated Name", "email": "newemail@example.com"}
    ),
    "verify_registration": lambda scene: Example(
        body={
            "token": scene.registration_token,
            "name": "New User",
            "password": "TempPass123!",
        }
    ),
    "view_invitation": lambda scene: Example(path={"token": scene.invitation_token}),
}
"""The example of each operation, by its name."""
