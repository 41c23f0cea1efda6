"""Scheduled job: accounts that nobody uses (L1)."""

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
    """Warn, disable and delete users who do not sign in, as the lifecycle policy says.

    Nobody is disabled who was not warned in time, who is exempt, or who is a platform admin; and
    nobody at all where no mail is sent. A run that was broken off is gone on with, exactly where
    it was.
    """
    return clean_up(call)
