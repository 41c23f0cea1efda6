"""What is answered by whoever shows all that is known about a user (U6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from pydantic import Field

from rollcall.grants.grant import Period
from rollcall.grants.permissions import Permission
from rollcall.kit.model import Model, Time
from rollcall.users.answers import UserAnswer
from rollcall.users.fact_set import Facts
from rollcall.users.owned import Owned
from rollcall.users.resource_types import WORKSPACE
from rollcall.users.user import PendingCredential, User


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
