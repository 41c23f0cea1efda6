"""Deployment reaction: the signing keys, the built-in roles and the first admin."""

from __future__ import annotations

from rollcall.accounts.first_admin import ensure_first_admin
from rollcall.background import deployment_reaction
from rollcall.grants.grant import RoleGrant
from rollcall.grants.role import Role, ensure_built_in_roles
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.key_rotation import KINDS, rotate_keys
from rollcall.kit.log import logger
from rollcall.users.user import User


@deployment_reaction(writes=[User, RoleGrant, Role, Account, *KINDS])
def create_first_admin(call: Call) -> None:
    """Create the signing keys, the built-in roles, and the first platform admin from the
    deployment's ``firstAdminEmail``.

    Creates no user without ``firstAdminEmail``, or when an admin exists.
    """
    rotate_keys(call.keys, call.now)
    ensure_built_in_roles(call)
    if call.settings.first_admin_email:
        ensure_first_admin(call, call.settings.first_admin_email)
    else:
        logger.info("create_first_admin", outcome="no firstAdminEmail given")
