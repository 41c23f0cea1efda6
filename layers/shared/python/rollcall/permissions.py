"""What one may be allowed to do, and the rules by which it is passed on (R3, R4)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from rollcall.kit.actor import EVERYTHING, Actor
from rollcall.kit.errors import Conflict, Forbidden


class Permission(StrEnum):
    """Every permission there is. An operation needs exactly one of them; a person holds those
    of all roles and groups, and those granted directly.
    """

    ADMIN_ACCESS = EVERYTHING
    """Everything; what makes a platform admin."""
    USER_VIEW = "user.view"
    """Open a user's profile."""
    USER_CREATE = "user.create"
    """Make users."""
    USER_UPDATE = "user.update"
    """Change a user's profile, email, phone and username."""
    USER_DISABLE = "user.disable"
    """Disable, suspend and enable accounts."""
    USER_DELETE = "user.delete"
    """Delete and restore users."""
    USER_PROMOTE = "user.promote"
    """Make users platform admins, and take it back."""
    USER_RESET_PASSWORD = "user.reset-password"  # noqa: S105 (a permission's name)
    """Set passwords and send password resets."""
    GROUP_LIST = "group.list"
    """See which groups there are."""
    GROUP_CREATE = "group.create"
    """Make groups."""
    GROUP_ASSIGN = "group.assign"
    """Put users into groups and take them out."""


def require_held(actor: Actor, granted: Iterable[str]) -> None:
    """Refuse to pass on what the actor does not hold (R4, I11)."""
    lacking = sorted(permission for permission in set(granted) if not actor.holds(permission))
    if lacking:
        detail = f"You can only pass on what you hold yourself; you lack {', '.join(lacking)}."
        raise Forbidden("grant_exceeds_own", detail)


def refuse_outranked(actor: Actor, held_by_target: Iterable[str]) -> None:
    """Refuse to take over or shut out someone who may do more than the actor: otherwise whoever
    may set passwords could sign in as an admin.
    """
    beyond = sorted(permission for permission in held_by_target if not actor.holds(permission))
    if beyond:
        detail = f"This user may do what you may not ({', '.join(beyond)})."
        raise Forbidden("target_outranks_caller", detail)


def refuse_self(actor: Actor, target_id: str, deed: str) -> None:
    """Refuse what nobody may do to their own account (I10)."""
    if actor.id == target_id:
        raise Conflict("own_account", f"You cannot {deed} yourself; ask another admin.")
