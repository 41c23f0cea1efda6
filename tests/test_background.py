"""The composition root for jobs and reactions."""

from __future__ import annotations

from rollcall.operations import connect
from rollcall_infra.catalog import read_catalog


def test_jobs_and_reactions_share_the_clients_of_operations() -> None:
    catalog = read_catalog()
    connections = [
        *(job.connect for job in catalog.jobs),
        *(reaction.connect for reaction in catalog.stream_reactions),
        *(reaction.connect for reaction in catalog.cognito_reactions),
        *(reaction.connect for reaction in catalog.deployment_reactions),
        *(guard.connect for guard in catalog.deployment_guards),
        *(reaction.connect for reaction in catalog.mail_event_reactions),
    ]
    unconnected = (*catalog.operations, *catalog.journal_watches, *catalog.entry_dispatches)
    assert len(connections) == len(catalog.declarations) - len(unconnected)
    assert set(connections) == {connect}
