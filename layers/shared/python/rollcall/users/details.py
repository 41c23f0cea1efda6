"""The answer with everything that is known about a user (U6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from pydantic import Field

from rollcall.grants.grant import Period
from rollcall.grants.permissions import Permission
from rollcall.kit.model import Model, Time, format_time
from rollcall.users.answers import UserAnswer
from rollcall.users.fact_set import Facts
from rollcall.users.owned import Owned
from rollcall.users.resource_types import WORKSPACE
from rollcall.users.user import PendingCredential, User


class IdentityState(Model):
    """Whether the Cognito account is in sync with the table."""

    in_step: bool
    pending: Annotated[
        PendingCredential | None,
        Field(description="A password or mail that the identity provider has not processed yet."),
    ] = None


class OrganizationPlace(Period):
    """An organization that a user belongs to, with the role there and the period."""

    organization_id: str
    role_id: str


class LastWorkspace(Model):
    """The workspace that a user opened last. It may have another owner now, or be deleted."""

    id: str
    accessed_at: Time

    @classmethod
    def of(cls, owned: Owned) -> Self | None:
        """The last workspace of a user who owns this; None if there is none."""
        if owned.last_workspace_id is None or owned.last_workspace_accessed_at is None:
            return None
        return cls(id=owned.last_workspace_id, accessed_at=owned.last_workspace_accessed_at)


class UserDetail(UserAnswer):
    """A user with everything that is known about the user (U6)."""

    effective_permissions: Annotated[
        tuple[Permission, ...],
        Field(description="The union over admin flag, direct grants, roles and groups."),
    ]
    organizations: Annotated[
        tuple[OrganizationPlace, ...], Field(description="Names: …/organizations.")
    ]
    resources: Annotated[
        Mapping[str, int], Field(description="How many resources of each type the user owns.")
    ]
    workspace_count: int
    last_workspace: LastWorkspace | None = None
    last_login_at: Time | None = None
    disables_at: Annotated[
        Time | None,
        Field(
            description="The earliest time at which the clean-up of inactive users disables the "
            "user, as in the warning mail. Absent without a warning, and after a new sign-in."
        ),
    ] = None
    facts: Annotated[
        Mapping[str, Facts],
        Field(description="The facts that other services have pushed, by source."),
    ]
    identity: IdentityState

    def unversioned(self) -> Mapping[str, object]:
        """What follows from groups, roles and time; what the user owns and does; the account."""
        return {
            "permissions": [each.value for each in self.effective_permissions],
            "resources": sorted(self.resources.items()),
            "workspace": self.last_workspace and self.last_workspace.model_dump_json(),
            "login": self.last_login_at and format_time(self.last_login_at),
            "disables": self.disables_at and format_time(self.disables_at),
            "facts": sorted(self.facts.items()),
            "identity": self.identity != IdentityState(in_step=True) and repr(self.identity),
        }

    @classmethod
    def describe(cls, user: User, effective: Iterable[Permission]) -> Self:
        """The detail of a user who holds these permissions."""
        return cls.model_validate(
            {
                **cls.shown(user),
                "effective_permissions": sorted(effective),
                "organizations": [dict(each) for each in user.organization_memberships],
                "resources": user.owned.by_type,
                "workspace_count": user.owned.by_type.get(WORKSPACE, 0),
                "disables_at": user.disables_at,
                "last_workspace": LastWorkspace.of(user.owned),
                "facts": {each.source: each.values for each in user.fact_sets},
                "identity": {"in_step": user.in_step, "pending": user.pending_credential},
            }
        )
