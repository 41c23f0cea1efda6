"""Preview of what a lifecycle policy would do now (L1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, NamedTuple, Self

from pydantic import Field

from rollcall.directory.conditions import SkippedFilter
from rollcall.directory.counts import count_not_deleted
from rollcall.directory.directory import ALL_READ_WITHIN, open_directory
from rollcall.kit.call import Call
from rollcall.kit.choices import Choice
from rollcall.kit.errors import Invalid
from rollcall.kit.model import Answer, Time
from rollcall.kit.paging import Page, PageRequest, paginate
from rollcall.lifecycle.candidates import Candidates
from rollcall.lifecycle.decisions import Candidate, Decision, Deed, Exemption, decide
from rollcall.lifecycle.impact import Impact
from rollcall.lifecycle.policy import LifecyclePolicy


class Shown(Choice):
    """The users that a preview lists: those with this action, or those who are exempt."""

    WARN = Deed.WARN.value
    DISABLE = Deed.DISABLE.value
    DELETE = Deed.DELETE.value
    EXEMPT = "exempt"


class Previewed(NamedTuple):
    """A candidate and the decision."""

    candidate: Candidate
    decision: Decision

    @property
    def shown(self) -> Shown:
        """The group of users that the preview lists the user in."""
        return Shown(self.decision.deed.value) if self.decision.deed else Shown.EXEMPT


class ForeseenUser(Answer):
    """A user for whom an action is due, or would be if the user were not exempt."""

    user_id: str
    name: str | None = None
    email: str | None = None
    deed: Annotated[Deed, Field(description="The action that is due.")]
    exemptions: Annotated[
        tuple[Exemption, ...] | None, Field(description="Why the user is exempt from it.")
    ] = None
    created_at: Time
    last_login_at: Time | None = None
    inactivity_warned_at: Time | None = None
    disables_at: Annotated[
        Time | None, Field(description="The earliest time, as in the warning.")
    ] = None
    disabled_for_inactivity_at: Time | None = None

    @classmethod
    def of(cls, previewed: Previewed) -> Self:
        """The answer for a user."""
        candidate, decision = previewed
        decided = {"deed": decision.due, "exemptions": decision.exemptions or None}
        known = {
            name: each for name, each in candidate._asdict().items() if name in cls.model_fields
        }
        return cls.model_validate({**known, **decided, "user_id": candidate.id})


class LifecyclePreview(Page[ForeseenUser]):
    """A page of the users whom the policy affects, in the order of their ids."""

    users: Annotated[int, Field(description="The number of all users.")]
    due: Annotated[
        Mapping[Shown, int],
        Field(description="The number of users for each action, and of exempt users."),
    ]
    too_many: Annotated[
        bool, Field(description="Whether a run would stop because of stopAbovePercent.")
    ]
    waiting: Annotated[
        int, Field(description="The number of users left to later runs because of stepsPerRun.")
    ]
    skipped_filters: Annotated[
        tuple[SkippedFilter, ...] | None,
        Field(
            description="The parts of exemptFilter with facts that are currently unknown. A run "
            "would do nothing, because it is not known which users are exempt."
        ),
    ] = None


def preview(
    call: Call, policy: LifecyclePolicy, request: PageRequest, show: Shown | None
) -> LifecyclePreview:
    """What the policy would do now. Raises Invalid if its filter cannot be used any more."""
    database = open_directory(call, answers_within=ALL_READ_WITHIN)
    candidates = Candidates.of(call, database, policy, call.now)
    if candidates.refused is not None:
        raise Invalid.field("exemptFilter", candidates.refused, "filter_invalid")
    decided = (Previewed(each, decide(policy, each, call.now)) for each in candidates.read())
    found = [each for each in decided if each.decision.due]
    impact = Impact.of(count_not_deleted(database), (each.decision for each in found))
    wanted = [each for each in found if show is None or each.shown is show]
    page, pagination = paginate(wanted, request)
    return LifecyclePreview(
        items=tuple(map(ForeseenUser.of, page)),
        pagination=pagination,
        users=impact.users,
        due=Counter(each.shown for each in found),
        too_many=impact.is_too_much(policy),
        waiting=max(0, impact.selected - policy.steps_per_run),
        skipped_filters=candidates.skipped or None,
    )
