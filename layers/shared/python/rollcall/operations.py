"""The decorator of operations.

This is the composition root: it connects the kit to Rollcall's users and AWS clients.
"""

from __future__ import annotations

from functools import cache

from rollcall.access.authorization import authorize_caller
from rollcall.access.policy import AccessPolicy
from rollcall.grants.scopes import ADMIN_SCOPES
from rollcall.kit.account import Account
from rollcall.kit.application import Application
from rollcall.kit.call import Runtime
from rollcall.kit.clients import make_client
from rollcall.kit.clock import make_clock
from rollcall.kit.identity import Identity
from rollcall.kit.ids import new_id
from rollcall.kit.mail import Mail
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.settings import Settings, in_lambda
from rollcall.kit.table import Table
from rollcall.users.user import User


@cache
def connect() -> Runtime:
    """The runtime of this process, from the environment variables."""
    settings = Settings.from_environment()
    return Runtime(
        table=Table(make_client(Table.service), settings.table_name),
        keys=Table(make_client(Table.service), settings.key_table_name),
        identity=Identity(lambda: make_client(Account.service), settings.user_pool_id),
        mail=Mail(
            lambda: make_client(Mail.service), settings.mail_sender, settings.mail_configuration_set
        ),
        objects=Objects(lambda: make_client(StoredObject.service), settings.bucket_name),
        settings=settings,
        clock=make_clock(settings),
        new_id=new_id,
    )


operation = Application(
    connect=connect,
    authorize=authorize_caller,
    principals=(User, AccessPolicy),
    oauth_scopes=lambda _: ADMIN_SCOPES,
).operation

if in_lambda():  # in the init phase, while no caller waits
    connect()
