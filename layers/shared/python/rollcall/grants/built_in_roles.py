"""The roles that every deployment has, with fixed ids (R1)."""

from __future__ import annotations

from typing import NamedTuple


class BuiltInRole(NamedTuple):
    """A built-in role."""

    id: str
    name: str
    description: str


SYSTEM = BuiltInRole("rol_system", "System", "Platform admins: everything.")
ADMIN = BuiltInRole("rol_admin", "Admin", "Administers an organization.")
USER = BuiltInRole("rol_user", "User", "Belongs to an organization.")
GUEST = BuiltInRole("rol_guest", "Guest", "Visits an organization.")
BUILT_IN_ROLES = (SYSTEM, ADMIN, USER, GUEST)
"""System grants admin:access by definition. The others grant nothing until they are edited, because
the applications define what an organization's admin is allowed to do."""
ORGANIZATION_ROLES = frozenset({ADMIN.id, USER.id, GUEST.id})
"""The roles that users can have only in an organization."""
