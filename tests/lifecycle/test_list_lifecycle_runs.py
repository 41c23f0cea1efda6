"""GET /admin/lifecycle-runs (L1)."""

from __future__ import annotations

from functions.jobs.clean_up_accounts import clean_up_accounts
from functions.lifecycle.list_lifecycle_runs import list_lifecycle_runs
from tests.world.world import World


def test_runs_are_listed_latest_first_with_their_results(world: World) -> None:
    assert world.invoke(list_lifecycle_runs).body["items"] == []
    world.build_directory()
    ids = []
    for _ in range(3):
        world.clock.advance(minutes=10)
        ids.append(clean_up_accounts.run(world.runtime).run_id)

    first = world.invoke(list_lifecycle_runs, query={"limit": "2"}).body

    assert [each["id"] for each in first["items"]] == [ids[2], ids[1]]
    assert first["pagination"]["total"] == 3
    assert first["items"][0].items() >= {"status": "complete", "steps": 0, "users": 1}.items()
    cursor = first["pagination"]["nextCursor"]
    second = world.invoke(list_lifecycle_runs, query={"limit": "2", "cursor": cursor}).body
    assert [each["id"] for each in second["items"]] == [ids[0]]
