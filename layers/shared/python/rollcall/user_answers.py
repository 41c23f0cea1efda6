"""What operations about users are asked and answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field

from rollcall.fact_sets import Facts
from rollcall.fields import Id, Profile
from rollcall.grants import GroupRole, Period, RoleGrant
from rollcall.kit.model import Answer, Model, Time, VersionedAnswer, WriteRequest
from rollcall.kit.text import Line
from rollcall.owned import Owned
from rollcall.permissions import Permission
from rollcall.resource_types import WORKSPACE
from rollcall.statuses import Status
from rollcall.users import PendingCredential, User


class GroupMembership(Period):
    """A group that a user is in, as what, and when."""

    group_id: str
    role: GroupRole


class RoleHeld(Period):
    """A role that a user has, and when."""

    role_id: str


class PermissionHeld(Period):
    """A permission that a user has been granted directly, and when."""

    permission: Permission


class UserAnswer(VersionedAnswer):
    """A user as an operation's answer shows one."""

    id: str
    username: str | None = None
    email: str | None = None
    phone: str | None = None
    unique_id: str | None = None
    name: str | None = None
    status: Status
    groups: tuple[str, ...]
    group_memberships: tuple[GroupMembership, ...]
    is_admin: bool
    user_types: tuple[str, ...]
    roles: Annotated[tuple[str, ...], Field(description="With rol_system for a platform admin.")]
    role_grants: tuple[RoleHeld, ...]
    permissions: Annotated[
        tuple[Permission, ...], Field(description="Those granted to the user directly.")
    ]
    permission_grants: tuple[PermissionHeld, ...]
    profile: Profile
    created_at: Time
    updated_at: Time
    deleted_at: Time | None = None

    @classmethod
    def of(cls, user: User) -> Self:
        """The answer about this user."""
        return cls.model_validate(cls.shown(user))

    @staticmethod
    def shown(user: User) -> dict[str, object]:
        """The user's fields under their names in answers."""
        fields = {name: getattr(user, name) for name in User.model_fields}
        roles = [each for each in user.rows() if isinstance(each, RoleGrant)]
        return {
            **fields,
            "groups": user.group_ids,
            "group_memberships": [dict(each) for each in user.memberships],
            "roles": [each.role_id for each in roles],
            "role_grants": [dict(each) for each in roles],
            "permissions": [each.permission for each in user.permission_grants],
            "permission_grants": [dict(each) for each in user.permission_grants],
        }


class IdentityState(Model):
    """Whether the identity provider's account is as the table says."""

    in_step: bool
    pending: Annotated[
        PendingCredential | None,
        Field(description="A password or mail that the identity provider has yet to be told of."),
    ] = None


class OrganizationPlace(Period):
    """An organization that a user belongs to, under which role, and when."""

    organization_id: str
    role_id: str


class LastWorkspace(Model):
    """The workspace that a user was in last, be it another's now, or gone."""

    id: str
    accessed_at: Time

    @classmethod
    def of(cls, owned: Owned) -> Self | None:
        """From what is known of all that the user owns."""
        if owned.last_workspace_id is None or owned.last_workspace_accessed_at is None:
            return None
        return cls(id=owned.last_workspace_id, accessed_at=owned.last_workspace_accessed_at)


class UserDetail(UserAnswer):
    """A user with all that is known (U6)."""

    effective_permissions: Annotated[
        tuple[Permission, ...],
        Field(description="The union over admin flag, direct grants, roles and groups."),
    ]
    organizations: Annotated[
        tuple[OrganizationPlace, ...], Field(description="Names: …/organizations.")
    ]
    resources: Annotated[
        Mapping[str, int], Field(description="How many things of each type the user owns.")
    ]
    workspace_count: int
    last_workspace: LastWorkspace | None = None
    last_login_at: Time | None = None
    facts: Annotated[
        Mapping[str, Facts], Field(description="What other services have pushed, by its source.")
    ]
    identity: IdentityState

    @classmethod
    def describe(cls, user: User, effective: Iterable[Permission]) -> Self:
        """The detail of this user, who may do this much."""
        return cls.model_validate(
            {
                **cls.shown(user),
                "effective_permissions": sorted(effective),
                "organizations": [dict(each) for each in user.organization_memberships],
                "resources": user.owned.by_type,
                "workspace_count": user.owned.by_type.get(WORKSPACE, 0),
                "last_workspace": LastWorkspace.of(user.owned),
                "facts": {each.source: each.values for each in user.fact_sets},
                "identity": {"in_step": user.in_step, "pending": user.pending_credential},
            }
        )


class ChangeUser(WriteRequest):
    """The request of an operation that needs no more than whom it is about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Asked for by mail"}]})

    user_id: Id


class Deletion(Answer):
    """What a deletion answers (U11)."""

    success: Literal[True] = True
    message: Line


class MembersDeletion(Deletion):
    """What the deletion of a group or an organization answers."""

    memberships_pending: Annotated[
        int,
        Field(description="How many memberships are still to be ended; they give nothing now."),
    ]


class UserDeletion(Deletion):
    """What the deletion of a user answers; for good, also what becomes of what the user owned."""

    workspaces_orphaned: Annotated[
        int | None, Field(description="Workspaces that stay without an owner.")
    ] = None
    resources: Annotated[
        Mapping[str, int] | None,
        Field(description="How many things of each type the user owned."),
    ] = None
    resources_pending: Annotated[
        int | None,
        Field(description="How many of them are still to be orphaned or deleted; it goes on."),
    ] = None
