"""What one may be allowed to do, and the rules by which it is passed on (R3, R4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from rollcall.kit.actor import EVERYTHING, Actor
from rollcall.kit.errors import Conflict, Forbidden


class Permission(StrEnum):
    """Every permission there is. An operation needs exactly one of them; a person holds those
    of all roles and groups, and those granted directly, each while its grant is in force.
    """

    def __new__(cls, value: str, description: str = "") -> Self:
        """A member with its own docstring, which the API shows too."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.__doc__ = description
        return member

    ADMIN_ACCESS = EVERYTHING, "Everything; what makes a platform admin."

    USER_LIST = "user.list", "See all users in lists, and their numbers."
    USER_EXPORT = "user.export", "Take the list of users away as a file."
    USER_VIEW = "user.view", "Open a user's profile and see what the user belongs to and may do."
    USER_CREATE = "user.create", "Make users, and give them from the start what the maker holds."
    USER_INVITE = (
        "user.invite",
        "Invite people, with what the inviter holds, and see, resend and cancel invitations.",
    )
    USER_UPDATE = "user.update", "Change a user's profile, email, phone, username and unique id."
    USER_DISABLE = "user.disable", "Disable, suspend and enable accounts."
    USER_DELETE = "user.delete", "Delete and restore users."
    USER_PROMOTE = "user.promote", "Make users platform admins, and take it back."
    USER_RESET_PASSWORD = "user.reset-password", "Set passwords and send password resets."
    USER_ANNOTATE = "user.annotate", "Read, write and delete the admins' notes on users."
    USER_HISTORY = "user.history", "See every earlier version of a user."

    GROUP_LIST = "group.list", "See which groups there are."
    GROUP_VIEW = "group.view", "Open a group and see its members."
    GROUP_CREATE = "group.create", "Make groups."
    GROUP_UPDATE = "group.update", "Rename groups and change what they grant."
    GROUP_DELETE = "group.delete", "Delete groups."
    GROUP_ASSIGN = "group.assign", "Put users into groups, take them out, change their role there."

    ORGANIZATION_VIEW = "organization.view", "See the organizations and their members."
    ORGANIZATION_CREATE = "organization.create", "Make organizations."
    ORGANIZATION_UPDATE = "organization.update", "Rename organizations and set their default role."
    ORGANIZATION_DELETE = "organization.delete", "Delete organizations."
    ORGANIZATION_ASSIGN = (
        "organization.assign",
        "Set which organizations users are in.",
    )

    ROLE_VIEW = "role.view", "See the roles and what each grants."
    ROLE_CREATE = "role.create", "Make roles."
    ROLE_UPDATE = "role.update", "Rename roles and change what they grant."
    ROLE_DELETE = "role.delete", "Delete roles."
    ROLE_ASSIGN = "role.assign", "Set which roles users have."
    PERMISSION_VIEW = "permission.view", "See which permissions there are, and who holds them."
    PERMISSION_ASSIGN = "permission.assign", "Grant permissions to users directly."

    WORKSPACE_VIEW = "workspace.view", "See workspaces and who owns them."
    WORKSPACE_DELETE = "workspace.delete", "Delete workspaces."
    WORKSPACE_TRANSFER = "workspace.transfer", "Give workspaces to other users."
    RESOURCE_VIEW = "resource.view", "See all that users own."

    LIFECYCLE_VIEW = (
        "lifecycle.view",
        "See the lifecycle policy, whom it is about, and what its runs did.",
    )
    LIFECYCLE_UPDATE = (
        "lifecycle.update",
        "Set after how long accounts that nobody uses are disabled and deleted.",
    )


GROUP_ADMIN_PERMISSIONS = (
    Permission.WORKSPACE_VIEW,
    Permission.WORKSPACE_DELETE,
    Permission.WORKSPACE_TRANSFER,
)
"""What a group admin holds for the workspaces of that group, and for nothing else (G3)."""


def _find_grantable(name: object) -> Permission:
    if name == EVERYTHING:
        raise ValueError("Only the System role grants admin:access; promote the user instead.")
    if not isinstance(name, str) or name not in list(Permission):
        raise ValueError("There is no such permission; GET /admin/permissions tells which are.")
    return Permission(name)


GrantablePermission = Annotated[
    Permission,
    PlainValidator(_find_grantable),
    WithJsonSchema({"type": "string", "enum": [each for each in Permission if each != EVERYTHING]}),
]
"""A permission that roles, groups and direct grants may hold: one way alone leads to everything."""
GrantablePermissions = Annotated[
    tuple[GrantablePermission, ...],
    Field(max_length=50),
    AfterValidator(lambda permissions: tuple(sorted(set(permissions)))),
]


class Given(NamedTuple):
    """A permission as one grant gives it."""

    permission: str
    about: str | None = None
    """The group that it holds for, when it holds for one only."""
    ends_at: datetime | None = None
    """None: it has no end."""


def without_end(permissions: Iterable[Permission]) -> list[Given]:
    """Permissions as groups and roles give them to whoever is in them or has them."""
    return [Given(each) for each in permissions]


def require_held(actor: Actor, passed_on: Iterable[Given]) -> None:
    """Refuse to pass on what the actor does not hold, or does not hold as long (R4, I11)."""
    lacking = _beyond(actor, passed_on)
    if lacking:
        detail = f"You can only pass on what you hold yourself; you lack {lacking}."
        raise Forbidden("grant_exceeds_own", detail)


def refuse_outranked(actor: Actor, held: Iterable[Given], who: str = "This user") -> None:
    """Refuse to take over or shut out someone who may do more than the actor, or for longer:
    otherwise whoever may set passwords could sign in as an admin. ``who`` begins the
    sentence that says so.
    """
    beyond = _beyond(actor, held)
    if beyond:
        detail = f"{who} may do what you may not ({beyond})."
        raise Forbidden("target_outranks_caller", detail)


def check_redefinition(
    actor: Actor,
    held: Iterable[Permission],
    wanted: Iterable[Permission] | None,
    target: str,
) -> None:
    """Refuse to change a group or a role that grants what the actor lacks, or to let it grant such
    a thing anew (R4); ``wanted`` None: what it grants stays.
    """
    present = set(held)
    refuse_outranked(actor, without_end(present), f"This {target}")
    require_held(actor, without_end(set(wanted or ()) - present))


def _beyond(actor: Actor, held: Iterable[Given]) -> str:
    """What the actor does not hold, or not as long, in words."""
    more = {
        each.permission + (" for as long" if actor.holds(each.permission, each.about) else "")
        for each in held
        if not actor.holds_until(each.ends_at, each.permission, each.about)
    }
    return ", ".join(sorted(more))


def refuse_self(actor: Actor, target_id: str, deed: str) -> None:
    """Refuse what nobody may do to their own account (I10)."""
    if actor.id == target_id:
        raise Conflict("own_account", f"You cannot {deed} yourself; ask another admin.")
