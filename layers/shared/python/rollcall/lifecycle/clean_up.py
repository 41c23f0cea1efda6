"""The clean-up of accounts that nobody uses: warned, then disabled, then deleted (L1, I18).

Selected through the directory, each user is read again from the table, decided about anew, and
changed on condition that neither the user nor the sign-ins nor the policy have changed since. The
run's next position is written in the same transaction. Cognito and mail follow by the stream.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from rollcall.directory.directory import open_directory
from rollcall.directory.records import read_record
from rollcall.directory.rows import StoredRow, UserRecord
from rollcall.kit.call import Call
from rollcall.kit.entity import Entity
from rollcall.kit.errors import Conflict, Contended, StillContended
from rollcall.kit.job import Report
from rollcall.kit.log import log_failure
from rollcall.kit.requirement import Required
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.lifecycle.decisions import Deed, Subject, decide
from rollcall.lifecycle.dormant import Dormant, count_users
from rollcall.lifecycle.policy import CleanUpMode, LifecyclePolicy, read_lifecycle_policy
from rollcall.lifecycle.runs import LifecycleRun, Outcome, RunStatus, StoppedFor, find_running
from rollcall.lifecycle.survey import Survey
from rollcall.resources.deletion import plan_erasure
from rollcall.users.inactivity import Inactivity, inactivity_key
from rollcall.users.sign_ins import sign_ins_key
from rollcall.users.statuses import Status

PAGE = 200
"""How many users are taken from the directory at once; those who have changed since are asked
about again."""
SECONDS = 720
"""How long an invocation takes up further users, of the 15 minutes that Lambda gives it."""


class CleanUpReport(Report):
    """What a run did; of a dry run, what there would have been to do."""

    run_id: str | None = None
    mode: CleanUpMode
    status: RunStatus | None = None
    """None: there was no run."""
    stopped_for: StoppedFor | None = None
    users: int = 0
    due: Mapping[Deed, int] = {}
    warned: int = 0
    disabled: int = 0
    deleted: int = 0
    refused: int = 0
    failed: int = 0


def clean_up(call: Call, *, seconds: float = SECONDS) -> CleanUpReport:
    """Go on with the run that was broken off, or else make a new one, as the policy says."""
    policy = read_lifecycle_policy(call.table, call.now)
    running = find_running(call.table)
    if running is None:
        if policy.mode is CleanUpMode.OFF:
            return CleanUpReport(mode=policy.mode)
        survey = survey_users(call, policy)
        if policy.mode is CleanUpMode.DRY_RUN:
            return CleanUpReport(mode=policy.mode, users=survey.users, due=survey.due)
        running = retry_contended(lambda: _begin(call.part(), policy, survey))
    if running.status is RunStatus.RUNNING:
        running = _carry_on(call, running, time.monotonic() + seconds)
    return _report(running, policy.mode)


def survey_users(call: Call, policy: LifecyclePolicy) -> Survey:
    """What the policy wants done at this moment."""
    database = open_directory(call)
    dormant = Dormant.of(call, database, policy, call.now)
    decisions = (decide(policy, each, call.now) for each in dormant.read())
    return Survey.of(count_users(database), decisions, uncertain=bool(dormant.skipped))


def _begin(call: Call, policy: LifecyclePolicy, survey: Survey) -> LifecycleRun:
    run = LifecycleRun.begin(
        call, policy_version=policy.version, users=survey.users, due=survey.due
    )
    obstacle = _find_obstacle(call, policy, survey)
    if obstacle or not survey.due:
        run = run.as_ended(call.now, obstacle)
    return call.commit(Change(None, run), answer=_itself, requires=[policy.unchanged()])


def _find_obstacle(call: Call, policy: LifecyclePolicy, survey: Survey) -> StoppedFor | None:
    if not call.mail.sender:
        return StoppedFor.NO_MAIL
    if survey.uncertain:
        return StoppedFor.UNCERTAIN_FILTER
    return StoppedFor.TOO_MANY if survey.is_too_much(policy) else None


def _carry_on(call: Call, run: LifecycleRun, deadline: float) -> LifecycleRun:
    """Take all steps that are left, or as many as there is time for."""
    policy = read_lifecycle_policy(call.table, call.now)
    if not run.rests_on(policy):
        return _end(call, run.id, StoppedFor.POLICY_CHANGED)
    dormant = _find_dormant(call, run, policy)
    if dormant.skipped:
        return _end(call, run.id, StoppedFor.UNCERTAIN_FILTER)
    for subject in _walk(call, run, policy, dormant):
        run = _settle(call, run.id, subject)
        if run.status is not RunStatus.RUNNING or time.monotonic() > deadline:
            return run
        if run.steps >= policy.steps_per_run:
            break
    return _end(call, run.id)


def _walk(
    call: Call, run: LifecycleRun, policy: LifecyclePolicy, dormant: Dormant
) -> Iterator[Subject]:
    """The users about whom there is something to be done, from the run's position on; each page by
    the directory as it then is.
    """
    page = dormant.read(after=run.position, limit=PAGE)
    while page:
        yield from (each for each in page if decide(policy, each, run.created_at).deed)
        full = len(page) == PAGE
        dormant = _find_dormant(call, run, policy) if full else dormant
        page = dormant.read(after=page[-1].id, limit=PAGE) if full else []


def _find_dormant(call: Call, run: LifecycleRun, policy: LifecyclePolicy) -> Dormant:
    return Dormant.of(call, open_directory(call), policy, run.created_at)


def _settle(call: Call, run_id: str, subject: Subject) -> LifecycleRun:
    """Do what there is to be done about one user; returns the run as it then is."""
    try:
        return retry_contended(lambda: _take_step(call.part(), run_id, subject))
    except StillContended as problem:  # one user must not keep the others waiting
        log_failure(call.action, problem, request_id=call.request_id)
        outcome = Outcome.FAILED
    except Conflict:
        outcome = Outcome.REFUSED
    return retry_contended(lambda: _note(call.part(), run_id, subject.id, outcome))


def _take_step(call: Call, run_id: str, subject: Subject) -> LifecycleRun:
    run = call.table.load(LifecycleRun, run_id)
    policy = read_lifecycle_policy(call.table, call.now)
    record = read_record(call.table, subject.id)
    if _is_behind(run, subject.id) or record is None or run.steps >= policy.steps_per_run:
        return run
    if not run.rests_on(policy):
        return _end(call, run_id, StoppedFor.POLICY_CHANGED)
    present = _see_again(call, run, policy, record, subject)
    deed = decide(policy, present, run.created_at).deed if present else None
    if deed is None:
        return run
    return _DEEDS[deed](call, run, policy, record)


def _see_again(
    call: Call,
    run: LifecycleRun,
    policy: LifecyclePolicy,
    record: UserRecord,
    subject: Subject,
) -> Subject | None:
    """The user as to be decided about by the record; None for whom the policy is not about any
    more. What the filter says of a user who has changed is asked again.
    """
    row = StoredRow.of(record)
    if Subject.of(row, filtered=subject.filtered) == subject:
        return subject
    dormant = _find_dormant(call, run, policy)
    if dormant.skipped:
        return None
    found = dormant.find(subject.id)
    if found is not None and Subject.of(row, filtered=found.filtered) != found:
        raise Contended
    return found


def _warn(
    call: Call, run: LifecycleRun, policy: LifecyclePolicy, record: UserRecord
) -> LifecycleRun:
    user, before = record.user, record.inactivity
    since = record.sign_ins.last_login_at or user.created_at
    disables_at = max(policy.end_grace(call.now), since + timedelta(policy.disable_after_days))
    known = before or Inactivity.none_of(user.id, call.now)
    return call.commit(
        _advance(call, run, user.id, Outcome.WARNED),
        Change(before, known.with_warning(call.now, disables_at)),
        answer=_itself,
        requires=[Required.unchanged(user), *_unchanged(policy, record)],
    )


def _disable(
    call: Call, run: LifecycleRun, policy: LifecyclePolicy, record: UserRecord
) -> LifecycleRun:
    user, before = record.user, record.inactivity
    known = before or Inactivity.none_of(user.id, call.now)
    return call.commit(
        _advance(call, run, user.id, Outcome.DISABLED),
        Change(user, user.with_status(Status.INACTIVE, call.now)),
        Change(before, known.with_disabling(call.now)),
        answer=_itself,
        requires=_unchanged(policy, record),
    )


def _delete(
    call: Call, run: LifecycleRun, policy: LifecyclePolicy, record: UserRecord
) -> LifecycleRun:
    inactivity = record.inactivity.version if record.inactivity else 0
    unchanged = Required.at_version(inactivity_key(record.user.id), inactivity)
    planned = plan_erasure(call, record.user)
    return call.commit(
        _advance(call, run, record.user.id, Outcome.DELETED),
        planned.change,
        *planned.releases,
        answer=_itself,
        requires=[planned.required, unchanged, *_unchanged(policy, record)],
    )


_DEEDS: Mapping[Deed, Callable[[Call, LifecycleRun, LifecyclePolicy, UserRecord], LifecycleRun]] = {
    Deed.WARN: _warn,
    Deed.DISABLE: _disable,
    Deed.DELETE: _delete,
}


def _unchanged(policy: LifecyclePolicy, record: UserRecord) -> list[Required]:
    sign_ins = record.sign_ins
    return [policy.unchanged(), Required.at_version(sign_ins_key(record.user.id), sign_ins.version)]


def _is_behind(run: LifecycleRun, user_id: str) -> bool:
    """Whether another invocation has come so far already, or has ended the run."""
    return run.status is not RunStatus.RUNNING or run.position >= user_id


def _note(call: Call, run_id: str, user_id: str, outcome: Outcome) -> LifecycleRun:
    """Write down that nothing could be done about a user."""
    run = call.table.load(LifecycleRun, run_id)
    if _is_behind(run, user_id):
        return run
    return call.commit(_advance(call, run, user_id, outcome), answer=_itself)


def _end(call: Call, run_id: str, stopped_for: StoppedFor | None = None) -> LifecycleRun:
    def end() -> LifecycleRun:
        part = call.part()
        run = part.table.load(LifecycleRun, run_id)
        if run.status is not RunStatus.RUNNING:
            return run
        ended = Change(run, run.as_ended(part.now, stopped_for))
        return part.commit(ended, answer=_itself)

    return retry_contended(end)


def _advance(call: Call, run: LifecycleRun, user_id: str, outcome: Outcome) -> Change[LifecycleRun]:
    return Change(run, run.with_step(user_id, outcome, call.now))


def _itself[E: Entity](written: E) -> E:
    return written


def _report(run: LifecycleRun, mode: CleanUpMode) -> CleanUpReport:
    return CleanUpReport(
        run_id=run.id,
        mode=mode,
        status=run.status,
        stopped_for=run.stopped_for,
        users=run.users,
        due=run.due,
        **{outcome.value: run.outcomes.get(outcome, 0) for outcome in Outcome},
    )
