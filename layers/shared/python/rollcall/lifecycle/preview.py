"""What a lifecycle policy would mean at this moment, without anything being done (L1)."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import Field

from rollcall.directory.conditions import SkippedFilter
from rollcall.directory.directory import open_directory
from rollcall.kit.call import Call
from rollcall.kit.model import Answer, Time
from rollcall.kit.paging import Page, PageRequest, paginate
from rollcall.lifecycle.decisions import Decision, Deed, Exemption, Subject, decide
from rollcall.lifecycle.dormant import Dormant, count_users
from rollcall.lifecycle.policy import LifecyclePolicy
from rollcall.lifecycle.survey import Survey


class Shown(StrEnum):
    """Which of the users a preview lists."""

    WARN = Deed.WARN.value
    DISABLE = Deed.DISABLE.value
    DELETE = Deed.DELETE.value
    EXEMPT = "exempt"


class Foreseen(NamedTuple):
    """A user with what is decided."""

    subject: Subject
    decision: Decision

    @property
    def shown(self) -> Shown:
        """What the preview files the user under."""
        return Shown(self.decision.deed.value) if self.decision.deed else Shown.EXEMPT


class ForeseenUser(Answer):
    """A user about whom something would be done, or would be if the user were not exempt."""

    user_id: str
    name: str | None = None
    email: str | None = None
    deed: Annotated[Deed, Field(description="What it is time for.")]
    exemptions: Annotated[
        tuple[Exemption, ...] | None, Field(description="Why it is not done after all.")
    ] = None
    created_at: Time
    last_login_at: Time | None = None
    inactivity_warned_at: Time | None = None
    disables_at: Annotated[
        Time | None, Field(description="The earliest, as the warning has said.")
    ] = None
    disabled_for_inactivity_at: Time | None = None

    @classmethod
    def of(cls, foreseen: Foreseen) -> Self:
        """The answer about this user."""
        subject, decision = foreseen
        decided = {"deed": decision.due, "exemptions": decision.exemptions or None}
        known = {name: each for name, each in subject._asdict().items() if name in cls.model_fields}
        return cls.model_validate({**known, **decided, "user_id": subject.id})


class LifecyclePreview(Page[ForeseenUser]):
    """A page of the users whom the policy is about, in the order of their ids."""

    users: Annotated[int, Field(description="How many there are.")]
    due: Annotated[Mapping[Shown, int], Field(description="About how many what would be done.")]
    too_many: Annotated[
        bool, Field(description="Whether a run would do nothing, because of the policy's share.")
    ]
    waiting: Annotated[
        int, Field(description="How many would wait for further runs, because of stepsPerRun.")
    ]
    skipped_filters: Annotated[
        tuple[SkippedFilter, ...] | None,
        Field(
            description="What of exemptFilter asks about facts that are not known at present: a "
            "run would do nothing, because nobody knows who all is exempt."
        ),
    ] = None


def preview(
    call: Call, policy: LifecyclePolicy, request: PageRequest, show: Shown | None
) -> LifecyclePreview:
    """What the policy would mean at this moment."""
    database = open_directory(call)
    dormant = Dormant.of(call, database, policy, call.now)
    decided = (Foreseen(each, decide(policy, each, call.now)) for each in dormant.read())
    found = [each for each in decided if each.decision.due]
    survey = Survey.of(
        count_users(database), (each.decision for each in found), uncertain=bool(dormant.skipped)
    )
    wanted = [each for each in found if show is None or each.shown is show]
    page, pagination = paginate(wanted, request)
    return LifecyclePreview(
        items=tuple(map(ForeseenUser.of, page)),
        pagination=pagination,
        users=survey.users,
        due=Tally(each.shown for each in found),
        too_many=survey.is_too_much(policy),
        waiting=max(0, survey.selected - policy.steps_per_run),
        skipped_filters=dormant.skipped or None,
    )
