"""What operations about users are asked and answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field

from rollcall.fields import Id, Profile
from rollcall.kit.model import Answer, Model, Time, VersionedAnswer, WriteRequest
from rollcall.kit.text import Line
from rollcall.permissions import Permission
from rollcall.statuses import Status
from rollcall.users import GroupRole, PendingCredential, User


class GroupMembership(Model):
    """A group that a user is in, and as what."""

    group_id: str
    role: GroupRole


class UserAnswer(VersionedAnswer):
    """A user as an operation's answer shows one."""

    id: str
    username: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    status: Status
    groups: tuple[str, ...]
    group_memberships: tuple[GroupMembership, ...]
    is_admin: bool
    user_types: tuple[str, ...]
    roles: tuple[str, ...]
    permissions: Annotated[
        tuple[Permission, ...], Field(description="Those granted to the user directly.")
    ]
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
        memberships = [{"group_id": each.group_id, "role": each.role} for each in user.memberships]
        return {**fields, "groups": user.group_ids, "group_memberships": memberships}


class IdentityState(Model):
    """Whether the identity provider's account is as the table says."""

    in_step: bool
    pending: Annotated[
        PendingCredential | None,
        Field(description="A password or mail that the identity provider has yet to be told of."),
    ] = None


class UserDetail(UserAnswer):
    """A user with all that is known (U6)."""

    effective_permissions: Annotated[
        tuple[Permission, ...],
        Field(description="The union over admin flag, direct grants, roles and groups."),
    ]
    last_login_at: Time | None = None
    identity: IdentityState

    @classmethod
    def describe(cls, user: User, effective: Iterable[Permission]) -> Self:
        """The detail of this user, who may do this much."""
        return cls.model_validate(
            {
                **cls.shown(user),
                "effective_permissions": sorted(effective),
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
