"""Opens worlds on services that each process sets up once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, NamedTuple, Self

from botocore import UNSIGNED
from botocore.config import Config
from botocore.session import Session
from moto.core import responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.utils import method_names_from_class

from rollcall.kit.call import Runtime
from rollcall.kit.clients import HANDLERS, config_for
from rollcall.kit.identity import Identity
from rollcall.kit.ids import new_id
from rollcall.kit.key_rotation import rotate_keys
from rollcall.kit.mail import Mail
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.settings import Settings
from rollcall.kit.table import Table
from rollcall.users.passwords import LENGTH_AT_LEAST
from rollcall_infra.table_definition import create_key_table_parameters, create_table_parameters
from rollcall_infra.user_pool import CLIENT, GROUP, make_user_pool
from tests.world import dynamodb
from tests.world.clock import Clock
from tests.world.snapshot import Snapshot
from tests.world.strict_aws import StrictAws
from tests.world.world import World

REGION = "eu-west-1"


@cache
def make_client(service: str) -> Any:
    """A client for all worlds of a process. It is configured as in functions, but does not sign
    requests, because they stay in the process. The S3 client signs, because links are signed.
    """
    signed = service == StoredObject.service
    session = Session(include_builtin_handlers=signed)
    session.set_credentials("testing", "testing")
    for event, handler in () if signed else HANDLERS:
        session.register(event, handler)
    session.register("before-send", _to_moto)  # type: ignore[arg-type]  # it answers
    config = config_for(service)
    if not signed:
        config = config.merge(Config(signature_version=UNSIGNED))
    return session.create_client(service, region_name=REGION, config=config)


_to_moto = BotocoreStubber()
_to_moto.enabled = True
# Cached, because moto inspects the methods of a class at each call.
vars(responses)["method_names_from_class"] = cache(method_names_from_class)


@cache
def _set_up_services() -> Settings:
    """Create the resources of a deployment, once for each process."""
    clients = _Clients.attached_to(StrictAws(Clock()))
    parameters = create_table_parameters("rollcall")
    del parameters["StreamSpecification"]  # drain() replaces the stream
    clients.dynamodb.create_table(**parameters)
    clients.dynamodb.create_table(**create_key_table_parameters("rollcall-keys"))
    rotate_keys(Table(clients.dynamodb, "rollcall-keys"), Clock().now)
    declared = make_user_pool(LENGTH_AT_LEAST)
    pool_id = clients.cognito.create_user_pool(PoolName="rollcall", **declared)["UserPool"]["Id"]
    clients.cognito.create_user_pool_client(UserPoolId=pool_id, **CLIENT)
    clients.cognito.create_group(UserPoolId=pool_id, **GROUP)
    clients.ses.create_email_identity(EmailIdentity="rollcall@example.com")
    clients.s3.create_bucket(
        Bucket="rollcall", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return Settings(
        table_name="rollcall",
        key_table_name="rollcall-keys",
        user_pool_id=pool_id,
        bucket_name="rollcall",
        mail_sender="rollcall@example.com",
        allow_registration=True,
    )


class _Clients(NamedTuple):
    dynamodb: Any
    cognito: Any
    ses: Any
    s3: Any

    @classmethod
    def attached_to(cls, aws: StrictAws) -> Self:
        """The clients of this process, attached to these services."""
        clients = cls(*map(make_client, ("dynamodb", "cognito-idp", "sesv2", "s3")))
        for client in clients:
            aws.attach(client)
        return clients


def _make_world() -> World:
    settings, clock = _set_up_services(), Clock()
    dynamodb.set_clock(clock)
    aws = StrictAws(clock)
    clients = _Clients.attached_to(aws)
    runtime = Runtime(
        table=Table(clients.dynamodb, settings.table_name),
        keys=Table(clients.dynamodb, settings.key_table_name),
        identity=Identity(lambda: clients.cognito, settings.user_pool_id),
        mail=Mail(lambda: clients.ses, settings.mail_sender, settings.mail_configuration_set),
        objects=Objects(lambda: clients.s3, settings.bucket_name),
        settings=settings,
        clock=clock,
        new_id=new_id,
    )
    return World(runtime, clock, *clients, aws)


@cache
def _start(*, with_admin: bool) -> Snapshot:
    """The initial state of worlds, created once for each process."""
    world = _make_world()
    if with_admin:
        _start(with_admin=False).restore(world)
        world.create_first_admin()
    return Snapshot.of(world)


_ONE_AT_A_TIME = Lock()


@contextmanager
def open_world(*, with_admin: bool = True) -> Iterator[World]:
    """A new world, with one platform admin by default. Raises RuntimeError if another world is
    open, because the clients of a process belong to one world.
    """
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise RuntimeError("Another world is open in this process. Close it first.")
    try:
        start, world = _start(with_admin=with_admin), _make_world()
        start.restore(world)
        try:
            yield world
        finally:
            start.restore(world)
    finally:
        _ONE_AT_A_TIME.release()


def is_new(world: World) -> bool:
    """Whether a world has not changed since it was opened."""
    start = _start(with_admin=True)
    return world.clock.now == start.now and world.stored() == start.table.items
