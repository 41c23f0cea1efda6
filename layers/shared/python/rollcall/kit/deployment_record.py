"""What a deployment has for its whole life: its prefix, its table and its user pool.

Another table or pool is one without the users, and another prefix on the same table is a second
deployment that changes the users of the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rollcall.kit.call import Call
from rollcall.kit.entity import Entity, Key
from rollcall.kit.errors import Conflict
from rollcall.kit.model import Model
from rollcall.kit.transaction import Change

RECORD_ID = "DEPLOYMENT"
OWN_POOL = "own"
"""In place of the id of a pool that the deployment created."""
KEPT: Mapping[str, str] = {
    "prefix": "prefix",
    "table_name": "table",
    "user_pool_id": "user pool",
}
"""What is compared, in words."""


class DeploymentProperties(Model):
    """What a deployment is about to use, as properties of its custom resource."""

    prefix: str = ""
    table_name: str = ""
    user_pool_id: str = ""
    replaces: tuple[str, ...] = ()
    """The recorded values that the deployment is allowed to give up."""


class DeploymentRecord(Entity):
    """The one record of a deployment, in its own table."""

    kind: ClassVar[str] = "deployment"
    partition: ClassVar[str] = "DEPLOYMENT"

    prefix: str
    table_name: str
    user_pool_id: str

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The key of the one record."""
        return Key(cls.partition, cls.partition)


def check_deployment_record(
    wanted: DeploymentProperties, former: DeploymentProperties, call: Call
) -> None:
    """Record what the deployment uses; raise Conflict if it is not what is recorded, unless
    ``wanted.replaces`` names the recorded value.

    ``former`` are the properties before an update. CloudFormation rolls a failed update back with
    the two exchanged, so a value whose replacement was allowed by them is accepted again.
    """
    before = call.table.find(DeploymentRecord, RECORD_ID)
    recorded = {name: getattr(before, name) for name in KEPT} if before else _without_record(former)
    used = {name: str(getattr(wanted, name)) for name in KEPT}
    for name, word in KEPT.items():
        if _is_replaced(recorded[name], used[name], wanted, former):
            raise _refuse(word, recorded[name], used[name])
    if before is None:
        fields = {"id": RECORD_ID, "created_at": call.now, "updated_at": call.now, **used}
        call.commit(Change(None, DeploymentRecord.model_validate(fields)), answer=_itself)
    elif recorded != used:
        changed = before.model_copy(update={**used, "updated_at": call.now})
        call.commit(Change(before, changed), answer=_itself)


def _without_record(former: DeploymentProperties) -> dict[str, str]:
    """An empty table: either this is the first deployment, or the table is not the one of the
    deployment before, which has the record. The rest was checked with the record.
    """
    return {**dict.fromkeys(KEPT, ""), "table_name": former.table_name}


def _is_replaced(
    recorded: str, used: str, wanted: DeploymentProperties, former: DeploymentProperties
) -> bool:
    allowed = recorded in wanted.replaces or used in former.replaces
    return bool(recorded) and recorded != used and not allowed


def _refuse(word: str, recorded: str, used: str) -> Conflict:
    return Conflict(
        "deployment_differs",
        f"This would deploy with another {word}: {used} instead of {recorded}. Nothing is changed. "
        "Correct the settings of the environment. If the change is meant, add "
        f'"replaces": ["{recorded}"] to them.',
    )


def _itself(record: DeploymentRecord) -> DeploymentRecord:
    return record
