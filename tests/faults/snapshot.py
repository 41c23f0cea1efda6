"""Keeping and restoring a whole world, so that each fault starts from the same place."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.ses.models import ses_backends

from rollcall.directory.directory import _open as open_for_process
from rollcall.kit.throttle import Throttle
from tests.faults.invariants import accounts
from tests.strict_aws import find_pool
from tests.world import REGION, World


@dataclass(frozen=True)
class Snapshot:
    """All that changes in a world: table, user pool, objects, mails, time, what the stream has
    seen.
    """

    kept: Any

    @classmethod
    def of(cls, world: World) -> Snapshot:
        """The world as it is now."""
        return cls(deepcopy(_state(world)))

    def restore(self, world: World) -> None:
        """Make the world what it was, and nobody remember what came after."""
        open_for_process.cache_clear()
        table, users, groups, objects, mails, tokens, now, seen = deepcopy(self.kept)
        dynamodb_backends[ACCOUNT_ID][REGION].tables[world.runtime.table.name] = table
        pool = find_pool(world.runtime.settings.user_pool_id)
        pool.users, pool.groups = users, groups
        _replace_objects(world, objects)
        ses_backends[ACCOUNT_ID][REGION].sent_messages = mails
        world.aws.tokens, world.clock.now, world.seen = tokens, now, seen


def _state(world: World) -> tuple[Any, ...]:
    pool = find_pool(world.runtime.settings.user_pool_id)
    return (
        dynamodb_backends[ACCOUNT_ID][REGION].get_table(world.runtime.table.name),
        pool.users,
        pool.groups,
        stored_objects(world),
        sent_mails(world),
        world.aws.tokens,
        world.clock.now,
        world.seen,
    )


def stored_objects(world: World) -> dict[str, bytes]:
    """The content of every object in the bucket."""
    keys = s3_backends[ACCOUNT_ID]["aws"].buckets[world.runtime.objects.bucket].keys
    return {name: key.value for name, key in keys.items()}


def _replace_objects(world: World, objects: dict[str, bytes]) -> None:
    backend, bucket = s3_backends[ACCOUNT_ID]["aws"], world.runtime.objects.bucket
    present = stored_objects(world)
    for name in present.keys() - objects.keys():
        backend.delete_object(bucket, name)
    for name, content in objects.items():
        if present.get(name) != content:
            backend.put_object(bucket, name, content)


def sent_mails(_: World) -> list[Any]:
    """Every mail that SES has taken."""
    return ses_backends[ACCOUNT_ID][REGION].sent_messages


def describe_state(world: World) -> str:
    """Everything about a world that matters, as text: two states with one text are the same. How
    often callers have been counted does not, because no scenario comes to their end.
    """
    pool = [
        (name, sorted(held.attribute_lookup.items()), held.enabled, held.status, held.password)
        + (sorted(group.group_name for group in held.groups),)
        for name, held in sorted(accounts(world).items())
    ]
    for _, attributes, *_rest in pool:
        attributes[:] = [(name, value) for name, value in attributes if name != "sub"]
    counted = (item for item in world.items() if not item["pk"].startswith(Throttle.partition))
    items = sorted(repr(sorted(item.items())) for item in counted)
    objects = {
        name: sha256(content).hexdigest() for name, content in sorted(stored_objects(world).items())
    }
    return repr((items, pool, objects, len(sent_mails(world)), world.clock.now, sorted(world.seen)))
