"""GET /admin/lifecycle-runs/{runId} (L1)."""

from __future__ import annotations

from functions.jobs.clean_up_accounts import clean_up_accounts
from functions.lifecycle.get_lifecycle_run import get_lifecycle_run
from tests.world.world import World


def test_run_is_shown_with_its_numbers_and_a_page_of_its_steps(world: World) -> None:
    users = sorted(world.add_user().id for _ in range(3))
    world.clock.advance(days=80)
    world.build_directory()
    report = clean_up_accounts.run(world.runtime)
    path = {"run_id": str(report.run_id)}

    first = world.invoke(get_lifecycle_run, path=path, query={"limit": "2"}).body
    second = world.invoke(get_lifecycle_run, path=path, query={"limit": "2", "page": "2"}).body

    assert (first["status"], first["steps"], first["outcomes"]) == ("complete", 3, {"warned": 3})
    assert first["due"] == {"warn": 3}
    steps = [*first["items"], *second["items"]]
    assert [(each["number"], each["userId"], each["outcome"]) for each in steps] == [
        (number, user_id, "warned") for number, user_id in enumerate(users, 1)
    ]
    assert second["pagination"] == {"page": 2, "limit": 2, "total": 3, "totalPages": 2}


def test_unknown_run_is_not_found(world: World) -> None:
    reply = world.invoke(get_lifecycle_run, path={"run_id": "run_nowhere"})
    assert (reply.status, reply.body["detail"]) == (404, "Run not found")
