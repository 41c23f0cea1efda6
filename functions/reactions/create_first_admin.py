"""Deployment reaction: somebody has to be the first."""

from __future__ import annotations

from rollcall.background import deployment_reaction
from rollcall.first_admin import ensure_first_admin
from rollcall.kit.call import Call
from rollcall.kit.identity import Account
from rollcall.kit.log import logger
from rollcall.users import User


@deployment_reaction(writes=[User, Account])
def create_first_admin(call: Call) -> None:
    """Make the first platform admin from the deployment's ``firstAdminEmail``.

    Does nothing when the deployment names nobody, or when there is an admin already.
    """
    if call.settings.first_admin_email:
        ensure_first_admin(call, call.settings.first_admin_email)
    else:
        logger.info("create_first_admin", outcome="no firstAdminEmail given")
