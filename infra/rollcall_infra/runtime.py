"""The runtime of commands, which call the shared code outside of a Lambda function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.config import Config

from rollcall.kit.account import Account
from rollcall.kit.call import Runtime
from rollcall.kit.clock import make_clock
from rollcall.kit.identity import Identity
from rollcall.kit.ids import new_id
from rollcall.kit.mail import Mail
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.settings import Settings
from rollcall.kit.table import Table


def connect_to_aws() -> Callable[[str], Any]:
    """What creates the client of an AWS service, with the credentials of the shell."""
    session = botocore.session.get_session()
    config = Config(user_agent="rollcall", retries={"mode": "standard", "total_max_attempts": 8})

    def connect(service: str) -> Any:
        return session.create_client(service, config=config)

    return connect


def read_outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    """The outputs of a stack, by name."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return {each["OutputKey"]: each["OutputValue"] for each in described}


def make_runtime(connect: Callable[[str], Any], settings: Settings) -> Runtime:
    """The runtime of a deployment with these settings. ``connect`` returns the client of an AWS
    service.
    """
    cognito, ses = connect(Account.service), connect(Mail.service)
    s3 = connect(StoredObject.service)
    return Runtime(
        table=Table(connect(Table.service), settings.table_name),
        keys=Table(connect(Table.service), settings.key_table_name),
        identity=Identity(lambda: cognito, settings.user_pool_id),
        mail=Mail(lambda: ses, settings.mail_sender),
        objects=Objects(lambda: s3, settings.bucket_name),
        settings=settings,
        clock=make_clock(settings),
        new_id=new_id,
    )
