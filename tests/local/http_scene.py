"""The scene of the examples, created over HTTP."""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import Any

from rollcall.grants import built_in_roles
from tests.api.acceptance import Session, wait_for
from tests.api.examples import Scene
from tests.local.running import LocalRollcall, calling_from


class HttpScene(Scene):
    """A scene whose objects are created over HTTP, each at its first use."""

    def __init__(self, admin: Session, service: Session, local: LocalRollcall) -> None:
        self._admin, self._service, self._local = admin, service, local

    @cached_property
    def user_id(self) -> str:
        """Active, in no group."""
        return self._add_user()

    @cached_property
    def member_id(self) -> str:
        """Active, in the group, and in the organization as a User."""
        user_id = self._add_user(groups=[self.group_id])
        memberships = [{"organizationId": self.organization_id, "roleId": built_in_roles.USER.id}]
        path = f"/admin/users/{user_id}/organizations"
        self._admin.answer("PUT", path, {"memberships": memberships})
        return user_id

    @cached_property
    def group_admin_id(self) -> str:
        """Active, admin of the group."""
        user_id = self._add_user()
        joining = {"groupId": self.group_id, "role": "admin"}
        self._admin.create(f"/admin/users/{user_id}/groups", **joining)
        return user_id

    @cached_property
    def disabled_id(self) -> str:
        """Inactive."""
        user_id = self._add_user()
        self._admin.answer("POST", f"/admin/users/{user_id}/disable")
        return user_id

    @cached_property
    def deleted_id(self) -> str:
        """Soft-deleted."""
        user_id = self._add_user()
        self._admin.answer("DELETE", f"/admin/users/{user_id}?mode=soft")
        return user_id

    @cached_property
    def admin_id(self) -> str:
        """A second platform admin."""
        return self._add_user(isAdmin=True)

    @cached_property
    def group_id(self) -> str:
        """A group that grants nothing, without workspaces."""
        return self._admin.create_named("/admin/groups")

    @cached_property
    def role_id(self) -> str:
        """A role that grants nothing and that no user has."""
        return self._admin.create_named("/admin/roles", permissions=[])

    @cached_property
    def organization_id(self) -> str:
        """An organization."""
        return self._admin.create_named("/admin/organizations")

    @cached_property
    def busy_group_id(self) -> str:
        """A group with the owner, the heir and the workspace."""
        return self._admin.create_named("/admin/groups")

    @cached_property
    def workspace_owner_id(self) -> str:
        """The owner, with the workspace."""
        self.workspace_id  # noqa: B018 (creates the workspace)
        return self.owner_id

    @cached_property
    def workspace_id(self) -> str:
        """An active workspace of the owner."""
        return self._add_resource(type="workspace", groupId=self.busy_group_id)

    @cached_property
    def resource_id(self) -> str:
        """The owner's persona."""
        return self._add_resource(type="persona")

    @cached_property
    def note_id(self) -> str:
        """A note on the member."""
        path = f"/admin/users/{self.member_id}/notes"
        return str(self._admin.create(path, text="Likes tea")["id"])

    @cached_property
    def segment_id(self) -> str:
        """A segment of the first admin."""
        return self._admin.create_named("/admin/segments", filter='status eq "active"')

    @cached_property
    def invitation_id(self) -> str:
        """A pending invitation."""
        return str(self._invite()["id"])

    @cached_property
    def invitation_token(self) -> str:
        """The token in the mail of a pending invitation."""
        return self._local.mailed_token(self._invite()["email"])

    @cached_property
    def registration_token(self) -> str:
        """The token in the mail to a user who has registered."""
        email = f"user-{secrets.token_hex(4)}@example.com"
        with calling_from("127.0.0.2", self._local.api) as anybody:
            assert anybody.post("/register", json={"email": email}).status_code == 202
        return self._local.mailed_token(email)

    @cached_property
    def lifecycle_run_id(self) -> str:
        """A run of the clean-up; the first one follows the start."""
        runs = "/admin/lifecycle-runs"
        wait_for(lambda: self._admin.answer("GET", runs)["pagination"]["total"] > 0)
        return str(self._admin.answer("GET", runs)["items"][0]["id"])

    @cached_property
    def listed_user_id(self) -> str:
        """The user, once the directory contains the user."""
        wait_for(lambda: self._admin.send("GET", "/admin/users").status_code == 200)
        return self.user_id

    def _join_busy_group(self) -> str:
        return self._add_user(groups=[self.busy_group_id])

    def _invite(self) -> dict[str, Any]:
        email = f"user-{secrets.token_hex(4)}@example.com"
        return self._admin.create("/admin/invitations", email=email)

    def _add_user(self, **fields: Any) -> str:
        return str(self._admin.create_user(**fields)["id"])

    def _add_resource(self, **fields: Any) -> str:
        return str(self._service.create("/system/resources", userId=self.owner_id, **fields)["id"])
