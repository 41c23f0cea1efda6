"""PUT /system/users/{userId}/facts/{source} (U4)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field

from rollcall.grants.scopes import Scope, require_scope_for
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Conflict
from rollcall.kit.field_types import Id
from rollcall.kit.model import Time, VersionedAnswer, WriteRequest
from rollcall.kit.transaction import Change
from rollcall.system_operations import system_operation
from rollcall.users.fact_set import (
    FACTS,
    SOURCES_AT_MOST,
    Facts,
    FactSet,
    Source,
    find_facts,
)
from rollcall.users.user import User


class ReplaceFacts(WriteRequest):
    """All facts that the source has about the user."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "facts": {
                        "enrollmentCount": 2,
                        "enrollmentStatuses": ["active", "completed"],
                        "lastActivityAt": "2026-01-05T09:00:00Z",
                    }
                }
            ]
        }
    )

    user_id: Id
    source: Annotated[Source, Field(description="The name in filters: facts.<source>.<name>.")]
    facts: Facts


class FactsAnswer(VersionedAnswer):
    """A source's facts about a user, as the answer shows them."""

    user_id: str
    source: str
    facts: Facts
    pushed_at: Time

    @classmethod
    def of(cls, facts: FactSet) -> Self:
        """The answer about these facts."""
        known = {name: getattr(facts, name) for name in FactSet.model_fields}
        return cls.model_validate({**known, "facts": facts.values})


@system_operation(
    "PUT /system/users/{user_id}/facts/{source}",
    permission=Scope.FACTS,
    scoped=True,
    reads=[User],
    writes=[FactSet],
)
def replace_facts(request: ReplaceFacts, call: Call) -> FactsAnswer:
    """Replace all facts that a source has about a user. Lists can filter by them immediately.

    A source that has pushed no fact about any user for some days is considered inactive, and
    filters by it are skipped: push facts again that are still true. The facts are deleted when the
    user is permanently deleted.
    """
    require_scope_for(call.actor, Scope.FACTS, request.source)
    held = find_facts(call.table, request.user_id, request.source)
    if held is None:
        _refuse_more_sources(call, request.user_id)
    known = held or FactSet.none_of(request.user_id, request.source, call.now)
    pushed = known.model_copy(update={"values": request.facts, "pushed_at": call.now})
    present = ConditionCheck.exists(User, request.user_id)
    return call.commit(Change(held, pushed), answer=FactsAnswer.of, requires=[present])


def _refuse_more_sources(call: Call, user_id: str) -> None:
    """Two concurrent requests may both pass: the limit only bounds the cost of reading a user."""
    pk = User.key_of(user_id).pk
    sources = list(call.table.query_partition(pk, prefix=FACTS, names=("source",)))
    if len(sources) >= SOURCES_AT_MOST:
        detail = f"This user has facts of {SOURCES_AT_MOST} sources, which is the maximum."
        raise Conflict("too_many_sources", detail)
