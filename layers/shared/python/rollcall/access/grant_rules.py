"""The rules of granting: users grant only what they hold. They do not act on users who hold more,
nor on their own account (R4, I10, I11).
"""

from __future__ import annotations

from collections.abc import Iterable

from rollcall.grants.permissions import GrantedPermission, Permission, without_end
from rollcall.kit.actor import Actor
from rollcall.kit.errors import Conflict, Forbidden


def require_held(actor: Actor, passed_on: Iterable[GrantedPermission]) -> None:
    """Refuse to grant what the actor does not hold, or does not hold for as long (R4, I11)."""
    lacking = _beyond(actor, passed_on)
    if lacking:
        detail = f"You can grant only permissions that you hold yourself. You lack: {lacking}."
        raise Forbidden("grant_exceeds_own", detail)


def refuse_outranked(
    actor: Actor, held: Iterable[GrantedPermission], who: str = "This user"
) -> None:
    """Refuse to take over or block a user who holds more permissions than the actor, or for longer:
    otherwise an actor who is allowed to set passwords could sign in as an admin. ``who`` begins
    the error message.
    """
    beyond = _beyond(actor, held)
    if beyond:
        detail = f"{who} has permissions that you lack: {beyond}."
        raise Forbidden("target_outranks_caller", detail)


def check_redefinition(
    actor: Actor,
    held: Iterable[Permission],
    wanted: Iterable[Permission] | None,
    target: str,
) -> None:
    """Refuse to change a group or a role that grants, or would grant, what the actor lacks (R4).
    With ``wanted`` None, its permissions do not change.
    """
    present = set(held)
    refuse_outranked(actor, without_end(present), f"This {target}")
    require_held(actor, without_end(set(wanted or ()) - present))


def _beyond(actor: Actor, held: Iterable[GrantedPermission]) -> str:
    """The permissions that the actor does not hold, or not for as long, for an error message."""
    more = {
        each.permission + (" for as long" if actor.holds(each.permission, each.about) else "")
        for each in held
        if not actor.holds_until(each.ends_at, each.permission, each.about)
    }
    return ", ".join(sorted(more))


def refuse_self(actor: Actor, target_id: str, action: str) -> None:
    """Refuse an action on the actor's own account (I10)."""
    if actor.id == target_id:
        raise Conflict("own_account", f"You cannot {action} your own account. Ask another admin.")
