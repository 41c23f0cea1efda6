"""The fault harness: injects every fault into every AWS call of a scenario, runs the client's
retries and the reactions, and checks the invariants.

After each fault there are up to three endings: the client sends the same request with the same
Idempotency-Key until it gets an answer, sends it without a key, or gives up. Then the stream's
reactions and a reconciliation run, and all invariants must hold. Faults that leave the same state
have the same endings, so each state is followed up once. The same applies to the states that
endings reach before the reactions run.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from unittest.mock import patch

from functions.jobs.reconcile_all_identities import reconcile_all_identities
from functions.jobs.reconcile_identities import reconcile_identities
from rollcall.kit.log import logger
from tests.faults.injection import Crash, Injection, Variant, choose_sites, variants_of
from tests.faults.invariants import check_always, check_secrets, check_settled
from tests.faults.scenario import Scenario
from tests.faults.state import describe_state
from tests.world.gateway import Reply
from tests.world.opening import open_world
from tests.world.snapshot import Snapshot
from tests.world.strict_aws import let_through
from tests.world.world import World

KEY = "a-key-that-only-its-caller-knows"
SECRETS = ("TempPass123!", "Open-Sesame-7", KEY)
"""All passwords that scenarios send, and the Idempotency-Key."""
ATTEMPTS = 3
"""The number of attempts of a client, or of Lambda for a job or a reaction."""


@dataclass
class Findings:
    """The results of one scenario."""

    runs: int = 0
    endings: int = 0
    sites: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


@contextmanager
def without_sleep() -> Iterator[None]:
    """Skip the delays between attempts, and generate the same ids and keys in each run."""
    numbers = itertools.count(1)
    with (
        patch("time.sleep"),
        patch("secrets.randbits", lambda _: next(numbers)),
        patch("secrets.randbelow", lambda size: next(numbers) % size),
        patch("secrets.token_hex", lambda size: f"{next(numbers):0{2 * size}x}"),
    ):
        yield


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """Capture the log."""
    logged = io.StringIO()
    handler = logger.registered_handler
    before = handler.setStream(logged)  # type: ignore[attr-defined]  # a StreamHandler
    try:
        yield logged
    finally:
        handler.setStream(before)  # type: ignore[attr-defined]  # as above


class Explorer:
    """Runs one scenario with all its faults."""

    def __init__(self, scenario: Scenario, world: World, logged: io.StringIO) -> None:
        self.scenario, self.world, self.logged = scenario, world, logged
        self.findings = Findings()
        self.plan = scenario.arrange(world)
        self.start = Snapshot.of(world)
        self.known: set[str] = set()
        self.ended: set[str] = set()
        self.effects = 0

    def explore(self, enough: float) -> Findings:
        """Run all call sites, variants and endings, or stop at ``enough`` violations."""
        self.findings.sites = self._run_undisturbed()
        for site, call in choose_sites(self.findings.sites):
            for variant in variants_of(call):
                if len(self.findings.violations) >= enough:
                    return self.findings
                self._run_with_fault(site, variant, f"{call} (#{site}), {variant}")
        return self.findings

    def _run_undisturbed(self) -> list[str]:
        injection = Injection()
        with without_sleep():
            reply = self._send(KEY, injection=injection)
            self._note("no fault", self._end_with_same_key(reply))
        self.effects = self._count_effects()
        return injection.calls

    def _run_with_fault(self, site: int, variant: Variant, where: str) -> None:
        self.start.restore(self.world)
        self.findings.runs += 1
        self._clear_log()
        with without_sleep():
            reply = self._send(KEY, injection=Injection(site, variant))
            state = repr(reply) + describe_state(self.world)
            self._note(where, check_secrets(self.world, SECRETS, self._all_output(reply)))
            if state not in self.known:
                self.known.add(state)
                self._follow_up(reply, where)

    def _follow_up(self, reply: Reply | None, where: str) -> None:
        self._note(where, check_always(self.world))
        broken = Snapshot.of(self.world)
        endings = [("same key", self._end_with_same_key), ("gives up", self._end_by_giving_up)]
        if self.scenario.by_client and not _answered(reply):
            endings.append(("no key", self._end_without_key))
        for name, end in endings:
            broken.restore(self.world)
            self._clear_log()
            self.findings.endings += 1
            self._note(f"{where}; {name}", end(reply))

    def _end_with_same_key(self, reply: Reply | None) -> Iterator[str]:
        """I7: a repeated request has one effect and one answer; another request is refused."""
        for _ in range(ATTEMPTS):
            if not _answered(reply):
                reply = self._send(KEY)
        if reply is None or reply.status != self.scenario.expected:
            yield f"the answer is {reply} instead of {self.scenario.expected}"
            return
        if self._has_ended(f"same key, {reply}"):
            yield from check_secrets(self.world, SECRETS, self._all_output(reply))
            return
        if self.scenario.by_client and reply.status < 300:
            yield from self._check_repetition(reply)
        yield from self._settle(in_sync=True)
        yield from self.plan.verify(reply)
        yield from check_secrets(self.world, SECRETS, self._all_output(reply))

    def _check_repetition(self, reply: Reply) -> Iterator[str]:
        before = self._count_effects()
        if self.effects and before != self.effects:
            yield f"I7: {before} effects instead of {self.effects}"
        again = self._send(KEY)
        if again is None or (again.status, again.body) != (reply.status, reply.body):
            yield f"I7: the answer to the repeated request is {again} instead of {reply}"
        other = self._send(KEY, reason="another request")
        if other is None or "idempotency_key_reused" not in repr(other.body):
            yield f"I7: the answer to another request with the same key is {other}"
        if self._count_effects() != before:
            yield "I7: the repeated request has another effect"

    def _end_without_key(self, reply: Reply | None) -> Iterator[str]:
        for _ in range(ATTEMPTS):
            if not _answered(reply):
                reply = self._send(None)
        allowed = {self.scenario.expected, *self.scenario.again}
        if reply is None or reply.status not in allowed:
            yield f"the answer is {reply} instead of one of {allowed}"
        if not self._has_ended("no key"):
            yield from self._settle()

    def _end_by_giving_up(self, _: Reply | None) -> Iterator[str]:
        yield from self._settle()

    def _settle(self, *, in_sync: bool = False) -> Iterator[str]:
        """Run the reactions, then the next reconciliation."""
        if self.scenario.refused_for_good and not in_sync:
            yield from check_always(self.world)
            return
        try:
            self.world.drain()
            self.world.clock.advance(minutes=16)
            failed = self._reconcile()
        except Exception as error:  # noqa: BLE001 (any error is a finding)
            yield f"I20: a reaction or the reconciliation fails with {error!r}"
            return
        if failed:
            yield f"I20: the reconciliation could not repair {failed}"
        yield from check_settled(self.world)

    def _reconcile(self) -> int:
        """Run the next reconciliation. Returns the number of accounts that it could not repair."""
        failed = reconcile_identities.run(self.world.runtime).failed
        if self.scenario.covers == reconcile_all_identities.name:
            # Only the next full pass repairs other accounts than those of the marked users.
            failed = reconcile_all_identities.run(self.world.runtime).failed
        return failed

    def _send(
        self, key: str | None, reason: str | None = None, *, injection: Injection | None = None
    ) -> Reply | None:
        self.world.clock.advance(seconds=1)
        self.world.aws.intercept = injection or let_through
        try:
            return self.plan.send(key, reason)
        except Crash:
            return None
        finally:
            self.world.aws.intercept = let_through

    def _has_ended(self, ending: str) -> bool:
        """Whether this ending has reached the same state before."""
        state = ending + describe_state(self.world)
        known = state in self.ended
        self.ended.add(state)
        return known

    def _count_effects(self) -> int:
        return sum(entry.action == self.scenario.covers for entry in self.world.journal())

    def _note(self, where: str, violations: Iterable[str]) -> None:
        self.findings.violations += [f"{where}: {violation}" for violation in violations]

    def _all_output(self, reply: Reply | None) -> str:
        return self.logged.getvalue() + repr(reply)

    def _clear_log(self) -> None:
        self.logged.seek(0)
        self.logged.truncate()


def _answered(reply: Reply | None) -> bool:
    return reply is not None and reply.status < 500


def explore(scenario: Scenario, *, enough: float = inf) -> Findings:
    """Run a scenario with all its faults in a new world, or until there are enough violations."""
    with open_world(with_admin=scenario.with_admin) as world, captured_log() as logged:
        return Explorer(scenario, world, logged).explore(enough)
