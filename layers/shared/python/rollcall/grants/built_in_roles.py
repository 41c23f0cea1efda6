"""The roles that every deployment has, under ids that are always the same (R1)."""

from __future__ import annotations

from typing import NamedTuple


class BuiltInRole(NamedTuple):
    """One of them."""

    id: str
    name: str
    description: str


SYSTEM = BuiltInRole("rol_system", "System", "Platform admins: everything.")
ADMIN = BuiltInRole("rol_admin", "Admin", "Administers an organization.")
USER = BuiltInRole("rol_user", "User", "Belongs to an organization.")
GUEST = BuiltInRole("rol_guest", "Guest", "Visits an organization.")
BUILT_IN_ROLES = (SYSTEM, ADMIN, USER, GUEST)
"""System is admin:access by definition. The others grant nothing until they are edited: what an
organization's admin may do is the business of the applications that ask for it."""
ORGANIZATION_ROLES = frozenset({ADMIN.id, USER.id, GUEST.id})
"""Those that nobody has but in an organization."""
