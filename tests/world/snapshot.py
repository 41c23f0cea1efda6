"""Saves and restores a whole world: each test starts from a world that was set up once, and each
fault from the same state.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.ses.models import SESBackend, ses_backends

from rollcall.directory.directory import _open as open_for_process
from tests.world.dynamodb import TableSnapshot
from tests.world.strict_aws import find_pool

if TYPE_CHECKING:
    from tests.world.stored_world import StoredWorld


@dataclass(frozen=True)
class Snapshot:
    """The state of a world: tables, user pool, objects, mails, time, processed stream records."""

    table: TableSnapshot
    keys: TableSnapshot
    pool: Any
    """Accounts and groups, which reference each other."""
    objects: dict[str, bytes]
    mails: list[Any]
    now: datetime
    seen: frozenset[str]
    admin_id: str

    @classmethod
    def of(cls, world: StoredWorld) -> Snapshot:
        """The world as it is now."""
        pool = find_pool(world.runtime.settings.user_pool_id)
        return cls(
            table=TableSnapshot.of(world.runtime.table.name),
            keys=TableSnapshot.of(world.runtime.keys.name),
            pool=deepcopy((pool.users, pool.groups)),
            objects=stored_objects(world),
            mails=list(sent_mails(world)),
            now=world.clock.now,
            seen=frozenset(world.seen),
            admin_id=world.admin_id,
        )

    def restore(self, world: StoredWorld) -> None:
        """Restore the world to this state and clear all caches of later states."""
        open_for_process.cache_clear()
        reset_model_data()  # moto retains every model that was ever created or copied
        self.table.restore()
        self.keys.restore()
        pool = find_pool(world.runtime.settings.user_pool_id)
        pool.users, pool.groups = deepcopy(self.pool)
        _replace_objects(world, self.objects)
        _mail_service(world).sent_messages = list(self.mails)
        world.clock.now, world.seen, world.admin_id = self.now, set(self.seen), self.admin_id


def stored_objects(world: StoredWorld) -> dict[str, bytes]:
    """The content of all objects in the bucket, by key."""
    keys = s3_backends[ACCOUNT_ID]["aws"].buckets[world.runtime.objects.bucket].keys
    return {name: key.value for name, key in keys.items()}


def _replace_objects(world: StoredWorld, objects: dict[str, bytes]) -> None:
    backend, bucket = s3_backends[ACCOUNT_ID]["aws"], world.runtime.objects.bucket
    present = stored_objects(world)
    for name in present.keys() - objects.keys():
        backend.delete_object(bucket, name)
    for name, content in objects.items():
        if present.get(name) != content:
            backend.put_object(bucket, name, content)
    uploads = backend.buckets[bucket].multiparts
    while uploads:
        uploads.popitem()[1].dispose()


def sent_mails(world: StoredWorld) -> list[Any]:
    """All mails that SES has accepted."""
    return _mail_service(world).sent_messages


def _mail_service(world: StoredWorld) -> SESBackend:
    return ses_backends[ACCOUNT_ID][world.ses.meta.region_name]
