"""Scheduled job: the clean-up of inactive users (L1)."""

from __future__ import annotations

from rollcall.background import job
from rollcall.directory.directory import DIRECTORY
from rollcall.kit.call import Call
from rollcall.kit.mail import Mail
from rollcall.lifecycle.clean_up import CleanUpReport, clean_up
from rollcall.lifecycle.policy import LifecyclePolicy
from rollcall.lifecycle.runs import LifecycleRun
from rollcall.resources.resource import Resource
from rollcall.users.inactivity import Inactivity
from rollcall.users.sign_ins import SignIns
from rollcall.users.user import User


@job(
    cron_setting="clean_up_schedule",
    reads=[*DIRECTORY, SignIns, LifecyclePolicy, Mail],
    writes=[User, Inactivity, LifecycleRun, Resource],
)
def clean_up_accounts(call: Call) -> CleanUpReport:
    """Warn, disable and delete users who do not sign in, as the lifecycle policy requires.

    Platform admins, exempt users and users who were not warned in time are not disabled. If the
    deployment sends no mail, no user is disabled. An interrupted run continues exactly where it
    stopped.
    """
    return clean_up(call)
