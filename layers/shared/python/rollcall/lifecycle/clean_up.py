"""Runs the clean-up of inactive users: they are warned, then disabled, then deleted (L1, I18).

The directory selects the candidates. Each one is read again from the table and decided again. The
action is written in one transaction with the run's progress, and only if the user, the sign-ins and
the policy have not changed meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from rollcall.directory.counts import count_not_deleted
from rollcall.directory.directory import open_directory
from rollcall.directory.records import read_record
from rollcall.directory.rows import StoredRow, UserRecord
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict, Contended, StillContended
from rollcall.kit.job import Report
from rollcall.kit.log import log_failure
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.lifecycle.actions import plan_action
from rollcall.lifecycle.candidates import Candidates, Doubt, ExemptionsUnknown
from rollcall.lifecycle.decisions import Candidate, Deed, decide
from rollcall.lifecycle.impact import Impact
from rollcall.lifecycle.policy import CleanUpMode, LifecyclePolicy, read_lifecycle_policy
from rollcall.lifecycle.runs import LifecycleRun, Outcome, RunStatus, StoppedFor, find_running

PAGE = 200
"""The number of candidates to read from the directory together."""
SECONDS = 720
"""How long an invocation starts further steps. Lambda's limit is 15 minutes."""


class CleanUpReport(Report):
    """The result of a run, or what a dry run would have done."""

    run_id: str | None = None
    mode: CleanUpMode
    status: RunStatus | None = None
    """None if there was no run."""
    stopped_for: StoppedFor | None = None
    stopped_detail: str | None = None
    users: int = 0
    due: Mapping[Deed, int] = {}
    unreachable: int = 0
    warned: int = 0
    disabled: int = 0
    deleted: int = 0
    refused: int = 0
    failed: int = 0
    """The failed steps, which raise an alarm. A run that stops for a wrong policy has one."""


def clean_up(call: Call, *, seconds: float = SECONDS) -> CleanUpReport:
    """Continue an interrupted run, or start a new one according to the policy."""
    policy = read_lifecycle_policy(call.table, call.now)
    running = find_running(call.table)
    if running is None:
        if policy.mode is CleanUpMode.OFF:
            return CleanUpReport(mode=policy.mode)
        impact, doubt = find_impact(call, policy)
        if policy.mode is CleanUpMode.DRY_RUN:
            return _report_dry_run(impact, doubt)
        running = retry_contended(lambda: _begin(call.part(), policy, impact, doubt))
    if running.status is RunStatus.RUNNING:
        running = _continue(call, running, time.monotonic() + seconds)
    return _report(running, policy.mode)


def find_impact(call: Call, policy: LifecyclePolicy) -> tuple[Impact, Doubt | None]:
    """The impact of a policy now, and why it is not certain."""
    database = open_directory(call, answers_within=None)
    candidates = Candidates.of(call, database, policy, call.now)
    decisions = (decide(policy, each, call.now) for each in candidates.read())
    return Impact.of(count_not_deleted(database), decisions), candidates.doubt


def _begin(
    call: Call, policy: LifecyclePolicy, impact: Impact, doubt: Doubt | None
) -> LifecycleRun:
    run = LifecycleRun.begin(
        call,
        policy_version=policy.version,
        users=impact.users,
        due=impact.due,
        unreachable=impact.unreachable,
    )
    if doubt:
        run = run.as_ended(call.now, *doubt)
    elif (obstacle := _find_obstacle(call, policy, impact)) or not impact.due:
        run = run.as_ended(call.now, obstacle)
    return call.commit(Change(None, run), answer=_itself, requires=[policy.unchanged()])


def _find_obstacle(call: Call, policy: LifecyclePolicy, impact: Impact) -> StoppedFor | None:
    if not call.mail.sender:
        return StoppedFor.NO_MAIL
    return StoppedFor.TOO_MANY if impact.is_too_much(policy) else None


def _continue(call: Call, run: LifecycleRun, deadline: float) -> LifecycleRun:
    """Take the remaining steps until the deadline."""
    policy = read_lifecycle_policy(call.table, call.now)
    if not run.rests_on(policy):
        return _end(call, run.id, StoppedFor.POLICY_CHANGED)
    try:
        for candidate in _find_due(call, run, policy):
            run = _process(call, run.id, candidate)
            if run.status is not RunStatus.RUNNING or time.monotonic() > deadline:
                return run
            if run.steps >= policy.steps_per_run:
                break
    except ExemptionsUnknown as unknown:
        return _end(call, run.id, *unknown.doubt)
    return _end(call, run.id)


def _find_due(call: Call, run: LifecycleRun, policy: LifecyclePolicy) -> Iterator[Candidate]:
    """The candidates for whom an action is due, after the run's position. Each page is read from
    the current directory.
    """
    position, full = run.position, True
    while full:
        page = _find_candidates(call, run, policy).read(after=position, limit=PAGE)
        yield from (each for each in page if decide(policy, each, run.created_at).deed)
        full = len(page) == PAGE
        position = page[-1].id if page else position


def _find_candidates(call: Call, run: LifecycleRun, policy: LifecyclePolicy) -> Candidates:
    """The candidates of a run. Raises ExemptionsUnknown unless it is known who is exempt."""
    database = open_directory(call, answers_within=None)
    candidates = Candidates.of(call, database, policy, run.created_at)
    if candidates.doubt:
        raise ExemptionsUnknown(candidates.doubt)
    return candidates


def _process(call: Call, run_id: str, candidate: Candidate) -> LifecycleRun:
    """Take the step for one user. Returns the updated run."""
    try:
        return retry_contended(lambda: _take_step(call.part(), run_id, candidate))
    except StillContended as problem:  # one user must not stop the run
        log_failure(call.action, problem, request_id=call.request_id)
        outcome = Outcome.FAILED
    except Conflict:
        outcome = Outcome.REFUSED
    return retry_contended(lambda: _record_outcome(call.part(), run_id, candidate.id, outcome))


def _take_step(call: Call, run_id: str, candidate: Candidate) -> LifecycleRun:
    run = call.table.load(LifecycleRun, run_id)
    policy = read_lifecycle_policy(call.table, call.now)
    record = read_record(call.table, candidate.id)
    if _is_done(run, candidate.id) or record is None or run.steps >= policy.steps_per_run:
        return run
    if not run.rests_on(policy):
        return _end(call, run_id, StoppedFor.POLICY_CHANGED)
    present = _refresh(call, run, policy, record, candidate)
    deed = decide(policy, present, run.created_at).deed if present else None
    if deed is None:
        return run
    planned = plan_action(call, deed, policy, record)
    progress = _advance(call, run, candidate.id, planned.outcome)
    return call.commit(progress, *planned.changes, answer=_itself, requires=planned.requires)


def _refresh(
    call: Call,
    run: LifecycleRun,
    policy: LifecyclePolicy,
    record: UserRecord,
    candidate: Candidate,
) -> Candidate | None:
    """The candidate with the data of the record; None if the user is no longer one. If the user
    has changed, the policy's filter is evaluated again.
    """
    row = StoredRow.of(record)
    if Candidate.of(row, filtered=candidate.filtered) == candidate:
        return candidate
    found = _find_candidates(call, run, policy).find(candidate.id)
    if found is not None and Candidate.of(row, filtered=found.filtered) != found:
        raise Contended
    return found


def _is_done(run: LifecycleRun, user_id: str) -> bool:
    """Whether another invocation has processed the user or ended the run."""
    return run.status is not RunStatus.RUNNING or run.position >= user_id


def _record_outcome(call: Call, run_id: str, user_id: str, outcome: Outcome) -> LifecycleRun:
    """Record that the action on a user was not possible."""
    run = call.table.load(LifecycleRun, run_id)
    if _is_done(run, user_id):
        return run
    return call.commit(_advance(call, run, user_id, outcome), answer=_itself)


def _end(
    call: Call, run_id: str, stopped_for: StoppedFor | None = None, detail: str | None = None
) -> LifecycleRun:
    def end() -> LifecycleRun:
        part = call.part()
        run = part.table.load(LifecycleRun, run_id)
        if run.status is not RunStatus.RUNNING:
            return run
        ended = Change(run, run.as_ended(part.now, stopped_for, detail))
        return part.commit(ended, answer=_itself)

    return retry_contended(end)


def _advance(call: Call, run: LifecycleRun, user_id: str, outcome: Outcome) -> Change[LifecycleRun]:
    return Change(run, run.with_step(user_id, outcome, call.now))


def _itself(written: LifecycleRun) -> LifecycleRun:
    return written


def _report(run: LifecycleRun, mode: CleanUpMode) -> CleanUpReport:
    counts = {outcome.value: run.outcomes.get(outcome, 0) for outcome in Outcome}
    counts["failed"] += run.stopped_for is StoppedFor.INVALID_FILTER
    return CleanUpReport(
        run_id=run.id,
        mode=mode,
        status=run.status,
        stopped_for=run.stopped_for,
        stopped_detail=run.stopped_detail,
        users=run.users,
        due=run.due,
        unreachable=run.unreachable,
        **counts,
    )


def _report_dry_run(impact: Impact, doubt: Doubt | None) -> CleanUpReport:
    stopped_for, detail = doubt or (None, None)
    return CleanUpReport(
        mode=CleanUpMode.DRY_RUN,
        stopped_for=stopped_for,
        stopped_detail=detail,
        users=impact.users,
        due=impact.due,
        unreachable=impact.unreachable,
        failed=int(stopped_for is StoppedFor.INVALID_FILTER),
    )
